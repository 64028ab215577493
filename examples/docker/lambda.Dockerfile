# docker build --build-arg BASE=… with an AWS base image for Python.
ARG BASE
FROM ${BASE} AS sync
# The download caches of pip and uv stay on the build machine.
ARG XDG_CACHE_HOME=/var/cache/build
RUN --mount=type=cache,target=/var/cache/build \
    python -m venv /opt/sync && /opt/sync/bin/pip install uv uv-system-sync

FROM ${BASE}
ARG XDG_CACHE_HOME=/var/cache/build
# The file system of a Lambda function is read-only.
ENV UV_COMPILE_BYTECODE=1
COPY . ${LAMBDA_TASK_ROOT}
# Without `--exact`, the package in /var/lang that calls the handler stays.
RUN --mount=type=bind,from=sync,source=/opt/sync,target=/opt/sync \
    --mount=type=cache,target=/var/cache/build \
    /opt/sync/bin/uv-system-sync --python /var/lang --no-dev --no-editable
CMD ["app.handler"]
