"""Reading who is logged in: as Django does it, by statements of our own."""

import datetime as dt

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.backends import Backend
from accounts.models import User
from accounts.sessions import SessionStore
from tests.builders import make_official, make_union

pytestmark = pytest.mark.django_db


@pytest.fixture
def official() -> User:
    return make_official("official", make_union("市总", "city_federation"))


def test_the_user_of_a_session_comes_with_every_column(official: User) -> None:
    found = Backend().get_user(official.pk)
    stored = User.objects.get(pk=official.pk)
    assert found == stored
    assert found is not None
    names = [field.attname for field in User._meta.concrete_fields]
    assert {n: getattr(found, n) for n in names} == {n: getattr(stored, n) for n in names}


def test_nobody_is_found_who_is_gone_or_may_not_log_in(official: User) -> None:
    User.objects.filter(pk=official.pk).update(is_active=False)
    assert Backend().get_user(official.pk) is None
    assert Backend().get_user(official.pk + 1) is None


def test_a_log_in_that_ran_out_or_is_unknown_holds_nothing(official: User, client: Client) -> None:
    client.force_login(official)
    key = client.session.session_key
    assert SessionStore(key).get("_auth_user_id") == str(official.pk)
    Session.objects.update(expire_date=timezone.now() - dt.timedelta(seconds=1))
    for one in (key, "x" * 32, "short", None):
        store = SessionStore(one)
        assert store.load() == {}
        assert store.session_key is None
    assert client.get("/dashboard/").headers["Location"].startswith("/admin/login/")


def test_who_was_made_inactive_is_out_with_the_next_page(official: User, client: Client) -> None:
    client.force_login(official)
    assert client.get("/dashboard/").status_code == 200
    User.objects.filter(pk=official.pk).update(is_active=False)
    assert client.get("/dashboard/").status_code == 302
