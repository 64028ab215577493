"""Disturbs syncs in every way that is known to happen, runs them again, and counts what is broken then (Linux only)."""
