"""The Python to install into."""
