"""Every address × every role: the exact answer, nothing changed by whoever is denied, and nothing
of one branch shown to the other.

The rows are in ``permission_table.py``. Denial and success send the same request, so that a denial
cannot pass for another reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.template.base import Template
from django.test.utils import _TestState
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django import DjangoDbBlocker

from core.encryption import decrypt
from members.models import Application, Member
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT
from tests.permission_rows import LOGIN, SCOPED, SKIP, Row
from tests.permission_table import ALL_LISTS, TABLE
from tests.permission_world import (
    MARK,
    PERSON_MARK,
    Answer,
    Fingerprint,
    World,
    build_world,
    form_data,
    text_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _plain_rendering(django_test_environment: None) -> Iterator[None]:
    """Nobody here asks which templates made a page: a tenth of the time goes into noting them."""
    state: Any = _TestState  # the stubs leave out what it saves
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "_render", state.saved_data.template_render)
        yield


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """The world, built once: every test runs in a savepoint of this transaction."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield build_world()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def fingerprint(world: World) -> Fingerprint:
    """What the tables hold now: all tests run in one transaction."""
    return Fingerprint()


@pytest.fixture(scope="module")
def untouched(fingerprint: Fingerprint) -> dict[str, str]:
    """What the tables hold before anybody comes."""
    return fingerprint.now()


@pytest.fixture(scope="module")
def numbers(world: World) -> list[str]:
    """Every whole ID number and phone in the tables, as they might stand on a page."""
    found = set()
    for model in (Member, Application):
        for row in model.objects.all():
            found.add(decrypt(row.id_number_encrypted, context=ID_NUMBER_CONTEXT).lower())
            found.add(decrypt(row.phone_encrypted, context=PHONE_CONTEXT).removeprefix("+86"))
    assert len(found) > 8
    return sorted(found)


def names_of(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    """The name of every address, with its namespace; of a nameless one its pattern."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from names_of(pattern, namespace + inner)
        else:
            assert isinstance(pattern, URLPattern)
            yield namespace + (pattern.name or str(pattern.pattern))


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    there, listed = set(names_of(get_resolver())), {row.name for row in TABLE}
    assert sorted(there - listed) == [], "add these to tests/permission_table.py"
    assert sorted(listed - there) == [], "these addresses are gone"


def test_no_row_stands_twice() -> None:
    assert [row for row, times in Counter(str(row) for row in TABLE).items() if times > 1] == []


def address(row: Row, world: World) -> str:
    """Where the row's request goes."""
    if row.name == "admin:<path:object_id>/":
        path = reverse("admin:unions_union_changelist") + f"{row.arguments(world)[0]}/"
    elif row.name == "admin:(?P<url>.*)$":
        path = reverse("admin:index") + row.arguments(world)[0]
    else:
        path = reverse(row.name, args=row.arguments(world))
    query = row.query(world)
    return f"{path}?{query}" if query else path


def ask(row: Row, world: World, role: str, data: dict[str, Any]) -> Answer:
    """Send the row's request as ``role``."""
    send = getattr(world.browser(role), row.method)
    answer: Answer = send(address(row, world), data) if data else send(address(row, world))
    return answer


def outcome(answer: Answer) -> int | str:
    """The status, or that it leads to the page to log in."""
    if answer.status_code == 302 and answer.headers["Location"].startswith(reverse("admin:login")):
        return LOGIN
    status: int = answer.status_code
    return status


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_row(
    row: Row,
    world: World,
    fingerprint: Fingerprint,
    untouched: dict[str, str],
    numbers: list[str],
) -> None:
    data = row.fill(world)
    if row.form:
        page = world.browser(row.writers[0]).get(reverse(row.form, args=row.arguments(world)))
        data = {**form_data(page), **data}
    expected = {role: want for role, want in row.expected._asdict().items() if want != SKIP}
    found: dict[str, int | str] = {}
    shown: dict[str, str] = {}
    changed: list[str] = []
    writes = row.method != "get" or bool(row.writers)
    for role in expected:
        with fingerprint.undone() if writes else nullcontext():
            answer = ask(row, world, role, data)
            found[role], shown[role] = outcome(answer), text_of(answer)
            if writes and fingerprint.now() != untouched:
                changed.append(role)
    assert found == expected
    assert changed == list(row.writers)
    assert fingerprint.now() == untouched
    if not row.is_public:
        assert [role for role in ("anonymous", "stranger") if MARK in shown[role]] == []
    assert [
        role for role in ("anonymous", "stranger", "leader") if PERSON_MARK in shown[role]
    ] == []
    if row.is_marked:
        assert MARK in shown["official"]
    whole = {role for role, text in shown.items() if any(number in text for number in numbers)}
    assert whole == (set(row.writers) if row.shows_numbers else set())


AUTOCOMPLETES = sorted(
    (model._meta.app_label, model._meta.model_name, name)
    for model, page in admin.site._registry.items()
    for name in page.autocomplete_fields
)


@pytest.mark.parametrize(("app", "model", "field"), AUTOCOMPLETES)
def test_choices_offered_stay_in_the_branch(world: World, app: str, model: str, field: str) -> None:
    query = {"app_label": app, "model_name": model, "field_name": field}
    stranger = world.browser("stranger")
    for term in ("", MARK, "总"):
        answer = stranger.get(reverse("admin:autocomplete"), {**query, "term": term})
        assert answer.status_code == 200
        texts = [result["text"] for result in answer.json()["results"]]
        assert [text for text in texts if MARK in text] == []


@pytest.mark.parametrize(
    "name", [f"{listed.name}_changelist" for listed in ALL_LISTS if listed.reach == SCOPED]
)
def test_no_search_or_filter_of_a_list_reaches_over(world: World, name: str) -> None:
    stranger = world.browser("stranger")
    # The page repeats what was asked for: a part of the mark, lest that be taken for a find.
    for query in (f"q={MARK[:-1]}&o=1.2.3", f"union={world.low.pk}&status=all"):
        assert MARK not in text_of(stranger.get(f"{reverse(name)}?{query}"))


@pytest.mark.parametrize(
    ("address", "query", "status"),
    [
        # Hidden columns, which the rows that come back would give away letter by letter.
        ("admin:accounts_user_changelist", "password__startswith=md5", 400),
        ("admin:accounts_user_changelist", "password=x", 400),
        ("admin:members_member_changelist", "id_number_hash=x", 400),
        ("admin:members_member_changelist", "phone_encrypted__isnull=0", 400),
        ("admin:members_application_changelist", "name__regex=(", 400),
        ("admin:unions_appointment_changelist", "user__password__startswith=md5", 400),
        ("admin:unions_appointment_changelist", "user__appointments__union=1", 400),
        # The page's own filters, and the links that lead to it.
        ("admin:members_application_changelist", "status=all&join_code=1&union=1", 200),
        ("admin:members_joincode_changelist", "station_link__station=1", 200),
        ("admin:unions_union_changelist", "parent=1&kind__code__exact=branch&status=active", 200),
        ("admin:reports_reportedfigure_changelist", "as_of__gte=2024-01-01", 200),
        ("admin:audit_auditentry_changelist", "action=union.created", 200),
    ],
)
def test_lists_filter_by_nothing_that_they_hide(
    world: World, address: str, query: str, status: int
) -> None:
    answer = world.browser("official").get(f"{reverse(address)}?{query}")
    assert answer.status_code == status
