"""How many sign-ups a second, beside the same server with a view that inserts one row.

All servers run at the same time with the same processes and threads and are loaded in turn, so that
the machine's moods hit all of them. Every tenth person sends the form twice at once (a double
click). The floor is a project of that one view and no middleware at all; ``signup_in_project`` has
the same view inside this project, behind its middleware.

After it, with no load: whether the time of an answer tells who is known (``same_time``).
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterator

from django.db import connection

from core.encryption import blind_index
from core.identity import IdentityType, demo_identity_number
from core.phone import demo_phone
from members.models import Application, ConsentText
from members.models.application import ID_NUMBER_CONTEXT
from portal.benchmarks import bare, dataset, same_time
from portal.benchmarks.dataset import Sizes
from portal.benchmarks.rows import Row, percentile
from portal.benchmarks.web import gunicorn, post_all

SUITE = "signup"
ROUNDS = 3
CLIENTS = 64
EVERY_TWICE = 10
EACH_KIND = 150  # forms of strangers, members, waiting people
BARE_INSIDE = "portal.benchmarks.settings_bare"


def run(sizes: Sizes) -> Iterator[Row]:
    """``signup`` (POSTs a second), its times, ``signup_lost`` and ``signup_doubled`` (persons);
    ``signup_…_ms`` and ``receipt_…_ms`` of strangers and of people who are known."""
    posts = min(5_000, max(200, sizes.members // 50))
    forms = _forms(posts)
    join_code = dataset.join_code()
    code = join_code.code
    rates: list[float] = []
    floors: list[float] = []
    inside: list[float] = []
    times: list[float] = []
    floor_times: list[float] = []
    accepted = 0
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_bare (id bigserial PRIMARY KEY, body text NOT NULL)")
    with (
        gunicorn("portal.wsgi", "/healthz", **same_time.VARIABLES) as portal_port,
        gunicorn(bare.__name__, "/", BENCH_BARE="1") as bare_port,
        gunicorn("portal.wsgi", "/healthz", DJANGO_SETTINGS_MODULE=BARE_INSIDE) as inside_port,
    ):
        share = len(forms) // (ROUNDS + 1)
        for turn in range(ROUNDS + 1):
            part = forms[turn * share : (turn + 1) * share]
            floor = post_all(bare_port, "/bare/", part, clients=CLIENTS)
            middle = post_all(inside_port, "/bare/", part, clients=CLIENTS)
            sent = post_all(portal_port, f"/join/{code}/", part, clients=CLIENTS)
            if set(floor.statuses) | set(middle.statuses) != {204} or set(sent.statuses) != {302}:
                raise RuntimeError(f"{floor.statuses}, {middle.statuses} and {sent.statuses}")
            accepted += sent.statuses[302]
            if turn:  # the first round warms both up
                floors.append(len(part) / floor.seconds)
                inside.append(len(part) / middle.seconds)
                rates.append(len(part) / sent.seconds)
                times += sent.times
                floor_times += floor.times
        each = min(EACH_KIND, max(20, sizes.members // 100))
        told_apart = list(same_time.rows(SUITE, portal_port, join_code, each=each))
    lost, doubled = _lost_and_doubled(forms[: share * (ROUNDS + 1)])
    rate = statistics.median(rates)
    yield Row(SUITE, "signup", rate, "1/s", statistics.median(floors), accepted)
    yield Row(SUITE, "signup_in_project", rate, "1/s", statistics.median(inside), accepted)
    for share_of_answers in (50, 99):
        yield Row(
            SUITE,
            f"signup_p{share_of_answers}_ms",
            percentile(times, share_of_answers / 100) * 1000,
            "ms",
            percentile(floor_times, share_of_answers / 100) * 1000,
            len(times),
        )
    yield Row(SUITE, "signup_lost", lost, "persons", None, accepted)
    yield Row(SUITE, "signup_doubled", doubled, "persons", None, accepted)
    yield from told_apart


def _forms(count: int) -> list[dict[str, str]]:
    consents = {
        f"consent_{text.purpose}": str(text.pk) for text in ConsentText.objects.order_by("version")
    }
    forms = []
    for number in range(count):
        birth_date = dt.date(1970, 1, 1) + dt.timedelta(days=number % 10_000)
        form = {
            "name": "张小明",
            "id_type": IdentityType.RESIDENT_ID.value,
            "id_number": demo_identity_number("371700", birth_date, number // 10_000 * 2 + 1),
            "phone": demo_phone(80_000_000 + number),
            "worker_group": "courier",
            "employer_name": "某快递公司",
            **consents,
        }
        forms += [form] * (2 if number % EVERY_TWICE == 0 else 1)
    return forms


def _lost_and_doubled(forms: list[dict[str, str]]) -> tuple[int, int]:
    """Persons who were told "received" and have no application, or more than one."""
    wanted = {blind_index(form["id_number"], context=ID_NUMBER_CONTEXT) for form in forms}
    found: dict[bytes, int] = {}
    for stored in Application.objects.values_list("id_number_hash", flat=True).iterator():
        key = bytes(stored)
        if key in wanted:
            found[key] = found.get(key, 0) + 1
    return len(wanted - set(found)), sum(1 for number in found.values() if number > 1)
