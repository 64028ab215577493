"""Explains why uv refused or failed."""
