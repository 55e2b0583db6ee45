# syntax=docker/dockerfile:1
# Three stages: browser packages, Python packages with the collected files, and what runs.

# -- browser packages -----------------------------------------------------------------------------
FROM node:24-bookworm-slim AS assets
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

# -- Python packages, translations, static files --------------------------------------------------
FROM python:3.13-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/portal
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m venv /srv/venv \
    && /srv/venv/bin/pip install --require-hashes --requirement requirements/runtime.txt
COPY . .
COPY --from=assets /build/node_modules node_modules
# A trial's throw-away secrets are enough to collect files; they go with the folder.
RUN PORTAL_LOCAL_DIR=/tmp/build STATIC_ROOT=/srv/static sh -ec '\
        /srv/venv/bin/python manage.py translations compile; \
        /srv/venv/bin/python manage.py collectstatic --no-input --verbosity 0; \
        rm -rf /tmp/build' \
    # Of the browser packages only the divisions' tables and two weights of the font are read later.
    && sh tools/keep-data node_modules

# -- what runs ------------------------------------------------------------------------------------
FROM python:3.13-slim-bookworm
# Characters of names beyond the 20,000 in everyday use (extensions B to F), for paper.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fonts-hanazono \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 portal \
    && useradd --uid 10001 --gid portal --home-dir /srv/data --no-create-home portal \
    && install -d -o portal -g portal -m 0700 /srv/data /srv/data/media
COPY --from=build /srv/venv /srv/venv
COPY --from=build /srv/static /srv/static
COPY --from=build /srv/portal /srv/portal
WORKDIR /srv/portal
ENV PATH=/srv/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PORTAL_ENV=production \
    PORTAL_LOCAL_DIR=/srv/data \
    MEDIA_ROOT=/srv/data/media \
    STATIC_ROOT=/srv/static \
    PROMETHEUS_MULTIPROC_DIR=/tmp/metrics
USER portal
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "deploy/probe.py", "http://127.0.0.1:8000/healthz"]
CMD ["gunicorn", "--config", "python:portal.gunicorn", "--bind", "0.0.0.0:8000", "portal.wsgi"]
