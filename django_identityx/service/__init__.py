"""A room; see its files."""
