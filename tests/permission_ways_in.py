"""Records of the ways in, for the world of the permission table."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from members.collective_table import ListRow
from members.models import (
    ApplicationPaper,
    CollectiveRegistration,
    Membership,
    MobileWindow,
)
from members.services.collective import register_list
from members.services.enrolment import check_person
from members.services.paper import record_paper_application
from members.services.pools import open_pool
from members.services.windows import open_window
from reference.models import WorkerGroup
from tests.builders import make_membership, make_union, person
from unions.models import Union


class WaysIn(NamedTuple):
    """One of each, at the low union or the county of the right branch."""

    window: MobileWindow
    collective: CollectiveRegistration
    paper: ApplicationPaper
    pool: Union
    pool_membership: Membership


class Scan(SimpleUploadedFile):
    """A file that several browsers send, one after the other, each from its beginning."""

    def read(self, *args: Any) -> Any:
        """From the beginning, unless so many bytes are asked for."""
        if not args:
            self.seek(0)
        return super().read(*args)


def scan() -> SimpleUploadedFile:
    """What passes for a scan."""
    return Scan("form.pdf", b"%PDF-1.4 a signed form")


def make_ways_in(low: Union, county: Union, official: User, mark: str, person_mark: str) -> WaysIn:
    """Made by the services, as ``official``."""
    name = f"{person_mark}{mark}"
    couriers = WorkerGroup.objects.get(pk="courier")
    row = ListRow(2, {}, person=check_person(person(name=name)), worker_group=couriers)
    on_paper = record_paper_application(
        low,
        person=person(name=name),
        worker_group=couriers,
        has_consented=True,
        file=scan(),
        actor=official,
    )
    # Another county, so that the first may still open one.
    second = make_union(f"{mark}二县总", "county_federation", county.parent)
    pool, _code = open_pool(second, actor=None)
    return WaysIn(
        window=open_window(low, place=f"{mark}广场", actor=official),
        collective=register_list(low, [row], file_name=f"{mark}.xlsx", actor=official),
        paper=ApplicationPaper.objects.get(application=on_paper),
        pool=pool,
        pool_membership=make_membership(pool, person(name=name), on="2024-01-02"),
    )
