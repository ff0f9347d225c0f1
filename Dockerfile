# Wheels of Parlance and of all it needs; nothing of this stage but them goes on.
FROM python:3.13-slim-trixie AS wheels
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY chat chat
COPY protocol protocol
COPY storage storage
COPY server server
COPY clients/python/parlance clients/python/parlance
RUN pip wheel --no-cache-dir --wheel-dir /wheels .

FROM python:3.13-slim-trixie
# The only versions in reach are those of the first stage.
# hadolint ignore=DL3013
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links=/wheels parlance \
    && groupadd --system --gid 10001 parlance \
    && useradd --system --uid 10001 --gid parlance --home-dir /data --no-create-home parlance \
    && install --directory --owner=parlance --group=parlance --mode=0700 /data

# Without PARLANCE_DATABASE_URL and PARLANCE_REDIS_URL it runs its own servers, on /data.
ENV PARLANCE_HOST=0.0.0.0 \
    PARLANCE_PORT=8000 \
    PARLANCE_DATA=/data \
    PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PARLANCE_PORT\"]}/ready', timeout=4)"]
ENTRYPOINT ["parlance"]
CMD ["serve"]
