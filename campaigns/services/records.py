"""Inspections, tasks and praise, and the good practice told on the public page."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import log
from campaigns.models import Campaign, CampaignRecord, GoodPractice, RecordKind
from campaigns.selectors.hand_ins import SEND
from campaigns.services.campaigns import PERMISSION, assign
from campaigns.services.days import check_reach
from core.clock import local_today
from core.errors import RuleViolation
from core.uploads import check_paper, keeping_files
from unions.models import Union
from unions.records import ensure_may, required_text
from unions.scope import Actor, can

_HIDDEN = "…"


def save_record(
    record: CampaignRecord | None,
    *,
    campaign: Campaign,
    kind: str,
    unit: Union,
    day: dt.date,
    text: str,
    due_on: dt.date | None = None,
    file: UploadedFile | None = None,
    actor: Actor,
    is_demo: bool = False,
) -> CampaignRecord:
    """Record an inspection, a task or praise of ``unit`` (``record`` None), or mend one.

    For the owner of the campaign, about the unions below it. Raises RuleViolation beside the field;
    then neither row nor file stays.
    """
    if not text.strip():
        raise RuleViolation(_("This must be filled in."), field="text", code="required")
    if day > local_today():
        raise RuleViolation(_("This day has not come yet."), field="day", code="future")
    if due_on is not None and kind != RecordKind.TASK:
        raise RuleViolation(_("Only a task is due."), field="due_on", code="no_task")
    if due_on is not None and due_on < day:
        raise RuleViolation(
            _("A task is not due before the day it is given on."), field="due_on", code="order"
        )
    check_reach(campaign, field="day", day=day)
    if due_on is not None:
        check_reach(campaign, field="due_on", day=due_on)
    if record is None or (record.unit_id, record.campaign_id) != (unit.pk, campaign.pk):
        _ensure_below(campaign, unit)
    values = {
        "campaign": campaign, "kind": kind, "unit": unit, "day": day, "text": text.strip(),
        "due_on": due_on,
    }  # fmt: skip
    kind_of_file = check_paper(file) if file is not None else ""
    with keeping_files() as keep:
        ensure_may(actor, PERMISSION, campaign.owner, field="campaign")
        if record is not None:
            # Locked: a task is not finished meanwhile, and its day lost.
            rows = CampaignRecord.objects.select_related("campaign__owner")
            kept = rows.select_for_update(of=("self",)).get(pk=record.pk)
            record.done_on, record.file = kept.done_on, kept.file
            ensure_may(actor, PERMISSION, kept.campaign.owner, field="campaign")
            if kept.done_on is not None and kind != RecordKind.TASK:
                raise RuleViolation(
                    _("The task is done; it stays a task."), field="kind", code="done"
                )
        stored = record or CampaignRecord(
            made_by=actor if isinstance(actor, User) else None, is_demo=is_demo
        )
        changes = assign(stored, values)
        _hide_text(changes)
        if file is not None:
            keep(stored, file, kind_of_file)
            changes["file"] = _HIDDEN
        else:
            stored.save()
        action = "campaign_record.updated" if record else "campaign_record.made"
        log(actor, action, stored, changes, union_path=unit.path)
    return stored


def finish_task(record: CampaignRecord, *, actor: Actor) -> CampaignRecord:
    """Say that a task is done today: the unit it was given to, or the owner of the campaign.

    Raises RuleViolation unless it is an open task.
    """
    with transaction.atomic():
        if actor is None or not can(actor, PERMISSION, record.campaign.owner):
            ensure_may(actor, SEND, record.unit)
        open_tasks = CampaignRecord.objects.filter(kind=RecordKind.TASK, done_on__isnull=True)
        if not open_tasks.filter(pk=record.pk).update(done_on=local_today()):
            raise RuleViolation(_("This is no open task."), code="state")
        record.refresh_from_db()
        log(actor, "campaign_record.done", record, union_path=record.unit.path)
    return record


def save_practice(
    practice: GoodPractice | None,
    *,
    campaign: Campaign,
    title: str,
    text: str,
    unit: Union,
    published_on: dt.date | None = None,
    actor: Actor,
    is_demo: bool = False,
) -> GoodPractice:
    """Write down what ``unit`` did well (``practice`` None), or change it.

    It is on the public page from ``published_on``; never without. For the owner of the campaign.
    Raises RuleViolation beside the field.
    """
    if not text.strip():
        raise RuleViolation(_("This must be filled in."), field="text", code="required")
    if practice is None or (practice.unit_id, practice.campaign_id) != (unit.pk, campaign.pk):
        # A unit that was moved away keeps its story, which is still to be mended and taken off.
        _ensure_below(campaign, unit)
    if published_on is not None:
        check_reach(campaign, field="published_on", day=published_on)
    values: dict[str, Any] = {
        "campaign": campaign, "title": required_text(title, "title"), "text": text.strip(),
        "unit": unit, "published_on": published_on,
    }  # fmt: skip
    with transaction.atomic():
        ensure_may(actor, PERMISSION, campaign.owner, field="campaign")
        if practice is not None:
            kept = GoodPractice.objects.select_related("campaign__owner").get(pk=practice.pk)
            ensure_may(actor, PERMISSION, kept.campaign.owner, field="campaign")
        stored = practice or GoodPractice(is_demo=is_demo)
        changes = assign(stored, values)
        _hide_text(changes)
        stored.save()
        log(actor, "good_practice.saved", stored, changes, union_path=campaign.owner.path)
    return stored


def _hide_text(changes: dict[str, Any]) -> None:
    """That a text changed is told, not what it says: it may tell of people."""
    if "text" in changes:
        changes["text"] = _HIDDEN


def _ensure_below(campaign: Campaign, unit: Union) -> None:
    if not unit.path.startswith(campaign.owner.path):
        raise RuleViolation(
            _("This union does not stand under “%(union)s”.") % {"union": campaign.owner.name},
            field="unit",
            code="out_of_scope",
        )
