# If packages have to be built, install compilers and headers in this stage.
FROM python:3.13-slim AS build
# The download caches of pip and uv stay on the build machine.
ARG XDG_CACHE_HOME=/var/cache/build
RUN --mount=type=cache,target=/var/cache/build \
    python -m venv /opt/sync && /opt/sync/bin/pip install uv uv-system-sync
ENV UV_COMPILE_BYTECODE=1
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/var/cache/build \
    /opt/sync/bin/uv-system-sync --python /usr/local --no-dev --no-install-project
COPY . .
RUN --mount=type=cache,target=/var/cache/build \
    /opt/sync/bin/uv-system-sync --python /usr/local --no-dev --no-editable

# The final image has the installed packages and nothing else of the project.
FROM python:3.13-slim
COPY --from=build /usr/local /usr/local
USER 1000:1000
CMD ["python", "-m", "app"]
