"""Taking in a committee's decision on paper."""

from __future__ import annotations

import datetime as dt
import uuid

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import log
from core.clock import local_today
from core.errors import RuleViolation
from core.normalising import normalise_text
from members.models import DecisionPaper
from unions.models import Union
from unions.scope import Actor

MAX_BYTES = 10 * 1024 * 1024
# What a file is, its first bytes say; its name and the browser's word do not count.
_KINDS = ((b"%PDF-", "pdf"), (b"\xff\xd8\xff", "jpg"), (b"\x89PNG\r\n\x1a\n", "png"))


def check_scan(file: UploadedFile, *, field: str = "file") -> str:
    """The kind of a scan (pdf, jpg, png) by its content.

    Raises RuleViolation beside ``field`` for an empty one, another kind or more than 10 MB.
    """
    if not file.size:
        raise RuleViolation(_("The file is empty."), field=field, code="empty")
    if file.size > MAX_BYTES:
        raise RuleViolation(
            _("The file is larger than %(limit)d MB.") % {"limit": MAX_BYTES // 1024 // 1024},
            field=field,
            code="too_large",
        )
    file.seek(0)
    head = file.read(8)
    file.seek(0)
    for start, kind in _KINDS:
        if head.startswith(start):
            return kind
    raise RuleViolation(_("Send a PDF, JPEG or PNG file."), field=field, code="kind")


def file_decision(
    union: Union, *, number: str, decided_on: dt.date, file: UploadedFile, actor: Actor
) -> DecisionPaper:
    """Keep the scan of a decision of ``union``; the caller has checked the actor's rights there.

    Stored under a name of its own, for file names may hold people's names. Raises RuleViolation
    beside ``number``, ``decided_on`` or ``file``.
    """
    number = normalise_text(number)[:60]
    if not number:
        raise RuleViolation(_("This must be filled in."), field="number", code="required")
    if decided_on > local_today():
        raise RuleViolation(_("This day has not come yet."), field="decided_on", code="future")
    kind = check_scan(file)
    with transaction.atomic():
        paper = DecisionPaper(
            union=union,
            number=number,
            decided_on=decided_on,
            uploaded_by=actor if isinstance(actor, User) else None,
        )
        paper.file.save(f"{uuid.uuid4().hex}.{kind}", ContentFile(file.read()), save=False)
        paper.save()
        log(
            actor,
            "decision.filed",
            paper,
            {"number": number, "decided_on": decided_on.isoformat()},
            union_path=union.path,
        )
    return paper
