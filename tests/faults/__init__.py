"""Disturbs syncs with every known kind of fault, runs them again, and counts what is broken afterwards (Linux only)."""
