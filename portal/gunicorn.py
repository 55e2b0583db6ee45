"""Gunicorn's configuration: `gunicorn -c python:portal.gunicorn portal.wsgi`."""

import gc
import os
from pathlib import Path
from typing import Any

from portal.env import env_int, env_str
from portal.logs import logging_config

workers = env_int("WEB_WORKERS", 2, minimum=1)
threads = env_int("WEB_THREADS", 4, minimum=1)
worker_class = "gthread"
# A process takes a connection when it has a thread for it and lets it go with the answer: what
# waits, waits in one line for all processes. With kept connections each has a line of its own, and
# a page behind eleven others takes twice as long as one behind five.
worker_connections = threads
keepalive = 0
# Loaded once, before the processes part: less memory, and a mistake stops the start.
preload_app = True
# A page takes a fraction of a second; long work runs in Celery.
timeout = 60
graceful_timeout = 10
# The portal writes its own access lines, without addresses of people.
accesslog = None
errorlog = "-"
logconfig_dict = logging_config(
    level=env_str("LOG_LEVEL", "INFO"), json=env_str("LOG_FORMAT", "json") == "json"
)
control_socket_disable = True
max_requests = 5000
max_requests_jitter = 500


# The web processes add up their counters in a folder they share; it must be there before they load.
if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
    Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).mkdir(parents=True, exist_ok=True)


def when_ready(server: Any) -> None:
    """Before the processes part: what is loaded by now stays for good, so the garbage collector
    need not look through it again and again (and the processes go on sharing its memory)."""
    gc.collect()
    gc.freeze()


def child_exit(server: Any, worker: Any) -> None:
    """Let the counters of a finished web process go."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)
