"""Tests of uv_system_sync.diagnosis."""
