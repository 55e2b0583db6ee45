"""Scans: of signed forms and of committees' decisions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import log
from core.clock import local_today
from core.errors import RuleViolation
from core.normalising import normalise_text
from core.uploads import check_size, keeping_files
from members.models import ApplicationPaper, DecisionPaper, Membership
from members.services.changes import expel_membership
from unions.models import Union
from unions.scope import Actor

Keep = Callable[[ApplicationPaper | DecisionPaper, UploadedFile], None]

# What a file is, its first bytes say; its name and the browser's word do not count.
_KINDS = ((b"%PDF-", "pdf"), (b"\xff\xd8\xff", "jpg"), (b"\x89PNG\r\n\x1a\n", "png"))


def check_scan(file: UploadedFile, *, field: str = "file") -> str:
    """The kind of a scan (pdf, jpg, png) by its content.

    Raises RuleViolation beside ``field`` for an empty one, another kind or more than 10 MB.
    """
    head = check_size(file, field=field)
    for start, kind in _KINDS:
        if head.startswith(start):
            return kind
    raise RuleViolation(_("Send a PDF, JPEG or PNG file."), field=field, code="kind")


@contextmanager
def keeping_scans() -> Iterator[Keep]:
    """A transaction with ``keep(paper, file)``: stores a scan and then its row.

    Under a name that says nothing, for file names may hold people's names. If the transaction
    fails, the files go with the rows. ``keep`` raises RuleViolation as ``check_scan``.
    """
    with keeping_files() as keep_file:

        def keep(paper: ApplicationPaper | DecisionPaper, file: UploadedFile) -> None:
            keep_file(paper, file, check_scan(file))

        yield keep


def expel_by_paper(
    membership: Membership,
    *,
    number: str,
    decided_on: dt.date,
    file: UploadedFile,
    last_day: dt.date | None = None,
    actor: Actor,
) -> Membership:
    """File the decision of the membership's union and expel by it, both or neither.

    Raises as ``file_decision`` and ``expel_membership``.
    """
    with keeping_scans() as keep:
        paper = _file_decision(keep, membership.union, number, decided_on, file, actor)
        return expel_membership(membership, decision=paper, last_day=last_day, actor=actor)


def file_decision(
    union: Union, *, number: str, decided_on: dt.date, file: UploadedFile, actor: Actor
) -> DecisionPaper:
    """Keep the scan of a decision of ``union``; the caller has checked the actor's rights there.

    Raises RuleViolation beside ``number``, ``decided_on`` or ``file``.
    """
    with keeping_scans() as keep:
        return _file_decision(keep, union, number, decided_on, file, actor)


def _file_decision(
    keep: Keep, union: Union, number: str, decided_on: dt.date, file: UploadedFile, actor: Actor
) -> DecisionPaper:
    number = normalise_text(number)[:60]
    if not number:
        raise RuleViolation(_("This must be filled in."), field="number", code="required")
    if decided_on > local_today():
        raise RuleViolation(_("This day has not come yet."), field="decided_on", code="future")
    paper = DecisionPaper(
        union=union,
        number=number,
        decided_on=decided_on,
        uploaded_by=actor if isinstance(actor, User) else None,
    )
    keep(paper, file)
    log(
        actor,
        "decision.filed",
        paper,
        {"number": number, "decided_on": decided_on.isoformat()},
        union_path=union.path,
    )
    return paper
