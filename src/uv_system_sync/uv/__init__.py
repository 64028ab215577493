"""uv: where it is, its command line, and what it installs for us."""
