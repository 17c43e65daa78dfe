"""Acme Daily: a small magazine whose readers and staff sign in with IdentityX."""
