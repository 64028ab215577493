# docker build --build-arg BASE=…, an AWS base image for Python.
ARG BASE
FROM ${BASE} AS sync
# What pip and uv have downloaded stays on the building machine.
ARG XDG_CACHE_HOME=/var/cache/build
RUN --mount=type=cache,target=/var/cache/build \
    python -m venv /opt/sync && /opt/sync/bin/pip install uv uv-system-sync

FROM ${BASE}
ARG XDG_CACHE_HOME=/var/cache/build
# The file system of a function is read-only.
ENV UV_COMPILE_BYTECODE=1
COPY . ${LAMBDA_TASK_ROOT}
# `--inexact`, because what calls the handler is a package in /var/lang, too.
RUN --mount=type=bind,from=sync,source=/opt/sync,target=/opt/sync \
    --mount=type=cache,target=/var/cache/build \
    /opt/sync/bin/uv-system-sync --python /var/lang --no-dev --no-editable --inexact
CMD ["app.handler"]
