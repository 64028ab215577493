"""Tests of uv_system_sync.matrix."""
