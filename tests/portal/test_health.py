"""Probes say what is down; counters are not for everybody."""

import time

import pytest
from celery.exceptions import OperationalError as BrokerError
from django.db import connection

from portal.celery import app

pytestmark = pytest.mark.django_db

NO_REDIS = "unix:///nonexistent/valkey.sock?db=0"


def test_healthz_asks_nobody(client, settings, django_assert_num_queries):
    settings.REDIS_URL = NO_REDIS
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_readyz_is_ok_when_all_engines_answer(client):
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "down": []})


def test_readyz_names_the_broker_when_redis_is_down(client, settings):
    settings.REDIS_URL = NO_REDIS
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "down": ["broker"]}


def test_readyz_names_unapplied_migrations(client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'reference'")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "down": ["migrations"]}


def test_probes_answer_whatever_name_they_are_called_by(client):
    assert client.get("/readyz", headers={"host": "10.0.0.7"}).status_code == 200
    assert client.get("/", headers={"host": "10.0.0.7"}).status_code == 400


def test_metrics_are_for_this_machine_or_for_the_token(client, settings):
    settings.METRICS_TOKEN = "a-token-of-the-test"
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 404
    forwarded = {"x-forwarded-for": "203.0.113.9"}
    assert client.get("/metrics", headers=forwarded).status_code == 404
    wrong = {**forwarded, "authorization": "Bearer another-token"}
    assert client.get("/metrics", headers=wrong).status_code == 404
    right = {**forwarded, "authorization": "Bearer a-token-of-the-test"}
    response = client.get("/metrics", headers=right)
    assert response.status_code == 200
    assert b"django_http_requests_total_by_view_transport_method" in response.content


def test_queueing_gives_up_soon_when_redis_is_down():
    begun = time.monotonic()
    with (
        app.connection_for_write("redis+socket:///nonexistent/valkey.sock") as broker,
        pytest.raises((BrokerError, OSError)),
    ):
        app.send_task("reports.run_nightly", connection=broker)
    assert time.monotonic() - begun < 5
