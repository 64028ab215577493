"""What uv-system-sync is held to."""
