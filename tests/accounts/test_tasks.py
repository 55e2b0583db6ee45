"""The nightly deletion of log-ins that ran out."""

from __future__ import annotations

import datetime as dt

import pytest
from celery import current_app
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.sessions import SessionStore
from accounts.tasks import clear_sessions
from members.views.own_page.session import OwnPageSession

pytestmark = pytest.mark.django_db


def test_only_what_ran_out_goes_whosever_it_is() -> None:
    keys = []
    for store in (SessionStore, OwnPageSession):
        for _ in range(2):
            session = store()
            session["begun_at"] = 1
            session.save(must_create=True)
            keys.append(session.session_key)
    past = timezone.now() - dt.timedelta(seconds=1)
    Session.objects.filter(pk__in=[keys[0], keys[2]]).update(expire_date=past)
    assert clear_sessions() == 2
    assert set(Session.objects.values_list("pk", flat=True)) == {keys[1], keys[3]}
    assert clear_sessions() == 0


def test_whatever_runs_by_the_clock_is_known_to_the_workers() -> None:
    current_app.loader.import_default_modules()
    tasks = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert "accounts.clear_sessions" in tasks
    assert tasks <= set(current_app.tasks)
