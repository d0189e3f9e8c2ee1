# Two stages: the first builds, the last carries only an interpreter, the installed wheel and its PostgreSQL binaries.
FROM python:3.13-slim AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
# Dependencies first: they change less often than the code.
COPY requirements/base.txt requirements/build.txt requirements/
RUN python -m venv /liyu \
    && /liyu/bin/pip install --require-hashes -r requirements/base.txt \
    && pip install --require-hashes -r requirements/build.txt
COPY pyproject.toml ./
COPY app app
COPY migrations migrations
RUN pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /liyu/bin/pip install --no-deps --no-index dist/*.whl

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/liyu liyu
COPY --from=builder /liyu /liyu
ENV PATH=/liyu/bin:$PATH LIYU_DATA_DIR=/var/lib/liyu PYTHONUNBUFFERED=1
WORKDIR /var/lib/liyu
USER liyu
VOLUME ["/var/lib/liyu"]
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
CMD ["liyu", "serve", "--host", "0.0.0.0"]
