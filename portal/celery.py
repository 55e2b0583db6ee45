"""The Celery application; `celery -A portal.celery worker` and `beat` start from here."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def use_portal_logging(**kwargs: Any) -> None:
    """Keep the portal's own log format in worker and beat."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
