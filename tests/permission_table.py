"""The permission table: every address of the portal and what each role gets there.

A new address belongs here before it is merged: ``test_permissions.py`` fails until it has a row.
"""

from __future__ import annotations

from tests.builders import PASSWORD
from tests.permission_acts import EVERYBODY, act, chosen
from tests.permission_rows import (
    ADMIN_LISTS,
    LOGIN,
    SCOPED_LIST,
    SCOPED_RECORD,
    Expected,
    Row,
)
from tests.permission_slices import (
    briefings,
    campaigns,
    dashboard,
    form,
    lifecycle,
    own_page,
    privacy,
    proof,
    quality,
    readers,
    review,
    tree,
    ways_in,
)
from tests.permission_world import MARK, World

SLICES = (
    briefings,
    campaigns,
    dashboard,
    form,
    lifecycle,
    own_page,
    privacy,
    proof,
    quality,
    readers,
    review,
    tree,
    ways_in,
)
ALL_LISTS = (*ADMIN_LISTS, *(listed for part in SLICES for listed in part.ADMIN_LISTS))

# The API has no page to log in.
API_LIST = Expected(401, 200, 200, 200)
API_RECORD = Expected(401, 404, 404, 200)
DASHBOARD = Expected(LOGIN, 404, 200, 200)


def of_right(world: World) -> str:
    """The right branch's dashboard."""
    return f"union={world.right.pk}"


def application(world: World) -> tuple[int]:
    """The one that waits."""
    return (world.application.pk,)


def station(world: World) -> tuple[int]:
    """The one of the right branch."""
    return (world.station.pk,)


def draft(world: World) -> tuple[int]:
    """A campaign that only its officials see."""
    return (world.draft.pk,)


def published(world: World) -> tuple[int]:
    """A campaign that everybody may read about."""
    return (world.published.pk,)


PUBLIC = (
    Row("home", EVERYBODY),
    Row("members:find", EVERYBODY, query=lambda world: f"q={MARK}", is_public=True, is_marked=True),
    Row("members:status", EVERYBODY),
    Row("members:received", Expected(302, 302, 302, 302), note="without a receipt"),
    Row(
        "members:consent_text",
        EVERYBODY,
        lambda world: (world.text.purpose, world.text.version),
    ),
    # That the form was opened is counted, and nothing about whoever opened it.
    Row(
        "members:join",
        EVERYBODY,
        lambda world: (world.join_code.code,),
        is_public=True,
        writers=("anonymous", "stranger", "leader", "official"),
    ),
    Row("stations:list", EVERYBODY, is_public=True, is_marked=True),
    Row("stations:detail", EVERYBODY, station, is_public=True),
    Row("campaigns:list", EVERYBODY, is_public=True, is_marked=True),
    Row("campaigns:detail", EVERYBODY, published, is_public=True),
    Row(
        "campaigns:detail",
        Expected(404, 404, 404, 404),
        draft,
        note="a draft",
    ),
    Row("set_language", Expected(302, 302, 302, 302)),
    Row("healthz", EVERYBODY),
    Row("readyz", EVERYBODY),
    Row("metrics", EVERYBODY, note="from this machine"),
)

# A picture or poster of a join code is for the officials in charge.
JOIN_CODE_FILE = Expected(LOGIN, 404, 404, 200)
FILES = tuple(
    Row(f"members:join_code_{kind}", JOIN_CODE_FILE, lambda world: (world.join_code.pk,))
    for kind in ("svg", "png", "poster")
)

LEADERS = (
    Row("reports:dashboard", Expected(LOGIN, 200, 200, 200), is_marked=True, note="the own one"),
    Row("reports:dashboard", DASHBOARD, query=of_right, is_marked=True),
    Row("reports:campaign", DASHBOARD, published, is_marked=True),
    Row(
        "reports:campaign",
        Expected(LOGIN, 404, 404, 404),
        draft,
        note="a draft",
    ),
    Row("reports:rows", DASHBOARD, query=lambda world: f"{of_right(world)}&metric=members"),
    Row(
        "reports:rows",
        DASHBOARD,
        query=lambda world: f"{of_right(world)}&metric=unions",
        is_marked=True,
        note="unions",
    ),
    Row("reports:export", DASHBOARD, query=of_right, is_marked=True),
    Row("reports:definitions", EVERYBODY),
)

API = (
    Row("api-schema", EVERYBODY),
    Row("api:station-list", EVERYBODY, is_public=True, is_marked=True),
    Row("api:station-detail", EVERYBODY, station, is_public=True),
    Row("api:union-list", API_LIST, query=lambda world: f"q={MARK}"),
    Row("api:union-detail", API_RECORD, lambda world: (world.low.pk,), is_marked=True),
    Row("api:campaign-list", API_LIST),
    Row("api:campaign-detail", API_RECORD, draft, is_marked=True),
    Row(
        "api:campaign-progress",
        Expected(401, 404, 200, 200),
        published,
        is_marked=True,
    ),
    Row(
        "api:dashboard-trend",
        Expected(401, 404, 200, 200),
        query=lambda world: f"{of_right(world)}&metric=members",
    ),
    Row(
        "api:dashboard-ranking",
        Expected(401, 404, 200, 200),
        query=of_right,
        is_marked=True,
    ),
    *(
        # Read only, for whoever may read.
        Row(name, Expected(first, 405, 405, 405), arguments, method=method)
        for method in ("post", "put", "patch", "delete")
        for first, name, arguments in (
            (405, "api:station-detail", station),
            (401, "api:union-detail", lambda world: (world.low.pk,)),
            (401, "api:campaign-detail", draft),
            (401, "api:campaign-progress", published),
        )
    ),
)

SITE = (
    Row("admin:index", Expected(LOGIN, 200, 302, 200), is_marked=True),
    Row("admin:app_list", SCOPED_LIST, lambda world: ("unions",)),
    Row("admin:search", SCOPED_LIST, query=lambda world: f"s={MARK}&extended=1"),
    Row("admin:login", Expected(200, 302, 302, 302)),
    Row("admin:logout", Expected(302, 405, 405, 405)),
    Row("admin:password_change", Expected(LOGIN, 200, 200, 200)),
    Row("admin:password_change_done", Expected(LOGIN, 200, 200, 200)),
    Row(
        "admin:password_change",
        Expected(LOGIN, 302, 302, 302),
        method="post",
        fill=lambda world: {
            "old_password": PASSWORD,
            "new_password1": "battery-staple-9",
            "new_password2": "battery-staple-9",
        },
        writers=("stranger", "leader", "official"),
        note="the own one",
    ),
    Row("admin:unions_union_process_import", Expected(LOGIN, 302, 403, 302)),
    Row("admin:jsi18n", Expected(LOGIN, 200, 200, 200)),
    Row(
        "admin:autocomplete",
        SCOPED_LIST,
        query=lambda world: "app_label=unions&model_name=union&field_name=parent",
        is_marked=True,
    ),
    Row("admin:view_on_site", Expected(LOGIN, 404, 403, 404), lambda world: (1, world.county.pk)),
    # Every list has such an old address, which leads to the page of the record.
    Row("admin:<path:object_id>/", Expected(LOGIN, 302, 403, 302), lambda world: (world.low.pk,)),
    Row("admin:(?P<url>.*)$", Expected(LOGIN, 404, 403, 404), lambda world: ("no/such/page",)),
)


ACTS = (
    *act(
        "admin:accounts_user_password",
        lambda world: (world.clerk.pk,),
        lambda world: {"password1": "battery-staple-9", "password2": "battery-staple-9"},
        page=SCOPED_RECORD,
    ),
    *act("admin:members_application_approve", application),
    *act(
        "admin:members_application_reject",
        application,
        lambda world: {"reason": world.reason.pk},
    ),
    # It is logged who saw the numbers, and why.
    *act(
        "admin:members_application_reveal",
        application,
        lambda world: {"reason": "核对"},
        answer=SCOPED_RECORD,
        shows_numbers=True,
    ),
    *act("admin:members_joincode_switch", lambda world: (world.join_code.pk,)),
    *act("admin:campaigns_campaign_publish", draft, page=SCOPED_RECORD),
    *act("admin:campaigns_campaign_close", published, page=SCOPED_RECORD),
    *act(
        "admin:campaigns_campaign_join_code",
        published,
        lambda world: {"union": world.low.pk},
        page=SCOPED_RECORD,
    ),
    *act(
        "admin:stations_station_join_code",
        station,
        lambda world: {"union": world.low.pk},
        page=SCOPED_RECORD,
    ),
    chosen(
        "admin:members_application_changelist",
        "approve_selected",
        lambda world: world.application.pk,
        confirmed="1",
    ),
    chosen(
        "admin:members_joincode_changelist",
        "close_selected",
        lambda world: world.join_code.pk,
    ),
)

TABLE = (
    *PUBLIC,
    *FILES,
    *LEADERS,
    *API,
    *SITE,
    *ACTS,
    *(row for listed in ALL_LISTS for row in listed.rows()),
    *(row for part in SLICES for row in part.ROWS),
)
