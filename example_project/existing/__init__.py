"""Acme Kitchen: a site with users of its own, that lets IdentityX's people in as well.

What a Django site has anyway, and what `docs/existing-site.md` adds: look for "IdentityX".
"""
