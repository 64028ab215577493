"""The project's files: pyproject.toml, uv.toml and uv.lock."""
