"""What makes the site: hooks of its builder, and parts of ``make_tables.py``."""
