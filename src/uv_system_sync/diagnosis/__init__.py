"""Explains why uv failed."""
