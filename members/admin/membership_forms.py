"""The acts on a membership: who may do what, the form of each, and the service it calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.clock import local_today
from core.errors import RuleViolation
from core.normalising import normalise_name
from members.enums import ChangeReason, EventType, MembershipStatus
from members.ledger_reading import standing_events
from members.models import Membership
from members.models.transfer import TransferParty
from members.services import changes, correction
from members.services.announcing import announce_leaving, has_left
from members.services.papers import expel_by_paper
from members.services.transfer import ask_transfer
from reference.models import WorkerGroup
from unions.enums import UnionStatus
from unions.models import Union
from unions.scope import Actor

MOST_UNIONS = 20


def day_field(label: Any, *, required: bool = True, help_text: Any = "") -> forms.DateField:
    """A day with the browser's calendar, today at the latest."""
    return forms.DateField(
        label=label,
        required=required,
        help_text=help_text,
        widget=forms.DateInput(
            format="%Y-%m-%d", attrs={"type": "date", "max": local_today().isoformat()}
        ),
    )


def reason_field(reasons: tuple[ChangeReason, ...]) -> forms.ChoiceField:
    """One of the reasons that fit the act; chosen already where there is one usual one."""
    return forms.ChoiceField(
        label=_("Reason"),
        choices=[("", _("Choose a reason")), *((reason.value, reason.label) for reason in reasons)],
        error_messages={"required": _("Choose a reason.")},
    )


class ActForm(forms.Form):
    """What an act on ``membership`` asks for; without fields it is a confirmation."""

    def __init__(self, *args: Any, membership: Membership | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.membership = membership
        for field in self.fields.values():
            if isinstance(field, forms.DateField):
                field.widget.attrs["max"] = local_today().isoformat()


class RetainForm(ActForm):
    """From when and why."""

    reason = reason_field(changes.RETAIN_REASONS)
    effective_on = day_field(_("Retained from"))


class RestoreForm(ActForm):
    """From when and why."""

    reason = reason_field(changes.RESTORE_REASONS)
    effective_on = day_field(_("Full member again from"))


class LeaveForm(ActForm):
    """The last day, and when the committee announced it."""

    reason = reason_field(changes.LEAVE_REASONS)
    last_day = day_field(_("Last day as a member"))
    announced_on = day_field(_("Announced by the committee on"), required=False)


class AnnounceForm(ActForm):
    """The day of the committee's announcement; left empty to take back one recorded wrongly."""

    announced_on = day_field(_("Announced by the committee on"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.membership is not None and self.membership.announced_on is not None:
            day = self.fields["announced_on"]
            day.required = False
            day.help_text = _("Leave it empty if it has not been announced after all.")


class ExpelForm(ActForm):
    """The committee's decision with its scan."""

    number = forms.CharField(label=_("Number of the decision"), max_length=60)
    decided_on = day_field(_("Decided on"))
    file = forms.FileField(
        label=_("Scan of the decision"),
        help_text=_("PDF, JPEG or PNG, at most 10 MB."),
        widget=forms.FileInput(attrs={"accept": ".pdf,.jpg,.jpeg,.png"}),
    )
    last_day = day_field(_("Last day as a member"))


class DeathForm(ActForm):
    """The day of death."""

    died_on = day_field(_("Day of death"))


class StartForm(ActForm):
    """The right first day."""

    started_on = day_field(_("Right first day"))


class EndForm(ActForm):
    """The right last day."""

    last_day = day_field(_("Right last day"))


class GroupForm(ActForm):
    """The right worker group."""

    worker_group = forms.ModelChoiceField(WorkerGroup.objects.all(), label=_("Right worker group"))


class UnionNameForm(ActForm):
    """A union by its name, anywhere in the tree; the names of unions are public."""

    union_name = forms.CharField(
        label=_("Union"), max_length=120, help_text=_("Name, or part of it"), required=False
    )
    union = forms.ModelChoiceField(
        Union.objects.none(), label=_("Which of these"), required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["union"]
        chosen.queryset = Union.objects.filter(
            kind__enrols_members=True, status=UnionStatus.ACTIVE
        ).select_related("kind")
        chosen.widget.choices = []

    def clean(self) -> dict[str, Any]:
        """The one union of this name, or the choice among several."""
        data = super().clean() or {}
        name = normalise_name(data.get("union_name") or "")
        if "union" in self.errors or (data.get("union") and name in data["union"].name):
            return data
        if not name:
            self.add_error("union_name", _("This must be filled in."))
            return data
        chosen: Any = self.fields["union"]
        rows = chosen.queryset.select_related("parent")
        found = list(rows.filter(name=name)[: MOST_UNIONS + 1]) or list(
            rows.filter(name__icontains=name).order_by("name")[: MOST_UNIONS + 1]
        )
        if not found:
            self.add_error("union_name", _("No union of this name takes members."))
        elif len(found) > MOST_UNIONS:
            self.add_error("union_name", _("Too many unions have this in their name."))
        elif len(found) > 1:
            chosen.widget = forms.Select(
                choices=[
                    ("", "—"),
                    *((row.pk, f"{row.name} · {row.parent or '—'}") for row in found),
                ]
            )
            self.add_error("union", _("Several unions fit: choose one."))
        else:
            data["union"] = found[0]
        return data


class TransferForm(UnionNameForm):
    """Where to, why, and what changes with it."""

    field_order = ("asked_by", "union_name", "union", "reason", "worker_group", "employer_name")
    asked_by = forms.ChoiceField(
        label=_("Asked for by"),
        choices=[
            (TransferParty.MEMBER.value, TransferParty.MEMBER.label),
            (TransferParty.RELEASING.value, _("our union (agrees thereby)")),
        ],
    )
    reason = forms.CharField(label=_("Why"), max_length=200)
    worker_group = forms.ModelChoiceField(
        WorkerGroup.objects.all(), label=_("New worker group"), required=False,
        empty_label=_("unchanged"),
    )  # fmt: skip
    employer_name = forms.CharField(
        label=_("New employer or platform"), max_length=120, required=False
    )


@dataclass(frozen=True)
class Act:
    """One act: its address, its words, its form, when it is offered, and what it does."""

    slug: str
    title: Any
    hint: Any
    form: type[ActForm]
    run: Callable[[Membership, dict[str, Any], Actor], object]
    done: Any
    offered: Callable[[Membership], bool]
    group: str = "change"
    permission: str = "members.change"
    is_grave: bool = False


def _expel(membership: Membership, data: dict[str, Any], actor: Actor) -> None:
    expel_by_paper(
        membership,
        number=data["number"],
        decided_on=data["decided_on"],
        file=data["file"],
        last_day=data["last_day"],
        actor=actor,
    )


def _ask(membership: Membership, data: dict[str, Any], actor: Actor) -> None:
    try:
        ask_transfer(
            membership,
            to_union=data["union"],
            reason=data["reason"],
            asked_by=data["asked_by"],
            new_worker_group=data["worker_group"],
            new_employer_name=data["employer_name"],
            actor=actor,
        )
    except RuleViolation as refusal:
        if refusal.field == "to_union":
            refusal.field = "union_name"
        raise


def _correct_union(membership: Membership, data: dict[str, Any], actor: Actor) -> None:
    try:
        correction.correct_union(membership, union=data["union"], actor=actor)
    except RuleViolation as refusal:
        if refusal.field == "union":
            refusal.field = "union_name"
        raise


def _is_running(membership: Membership) -> bool:
    return membership.ended_on is None and membership.started_on <= local_today()


def _at_rest(membership: Membership) -> bool:
    return _is_running(membership) and membership.status != MembershipStatus.TRANSFERRING


def _joined_here(membership: Membership) -> bool:
    events = standing_events(membership)
    return any(event.type == EventType.JOINED for event in events)


def _ended_here(membership: Membership) -> bool:
    return membership.status == MembershipStatus.ENDED and not any(
        event.type in (EventType.TRANSFERRED_OUT, EventType.MERGED)
        for event in standing_events(membership)
    )


ACTS: tuple[Act, ...] = (
    Act(
        "retain", _("Retain"),
        _("Kept without dues and without a vote: retired, unemployed, employer closed."),
        RetainForm,
        lambda m, data, actor: changes.retain_membership(m, **data, actor=actor),
        _("The membership is retained."),
        lambda m: _is_running(m) and m.status == MembershipStatus.ACTIVE,
    ),
    Act(
        "restore", _("Restore"), _("A full member again, with dues and vote."), RestoreForm,
        lambda m, data, actor: changes.restore_membership(m, **data, actor=actor),
        _("The membership is a full one again."),
        lambda m: m.status == MembershipStatus.RETAINED,
    ),
    Act(
        "transfer", _("Ask for a transfer"),
        _("Both unions decide. Until then the member counts here."), TransferForm, _ask,
        _("The transfer has been asked for."), _at_rest, permission="transfers.decide",
    ),
    Act(
        "leave", _("Leaving"),
        _("At the member's own wish, which nobody may refuse. A transfer under way is dropped."),
        LeaveForm,
        lambda m, data, actor: changes.withdraw_membership(m, **data, actor=actor),
        _("The membership has ended."), _is_running, group="end",
    ),
    Act(
        "death", _("Death"), _("The day of death is the last day of the membership."), DeathForm,
        lambda m, data, actor: changes.record_death(m, **data, actor=actor),
        _("The death is recorded."), _is_running, group="end",
    ),
    Act(
        "expel", _("Expulsion"),
        _("Only after criminal punishment, by decision of the committee. The unions above see it."),
        ExpelForm, _expel, _("The expulsion is recorded."), _is_running, group="end", is_grave=True,
    ),
    Act(
        "announce", _("Announced"),
        _("The union announces who has left. A wrong day is put right here."), AnnounceForm,
        lambda m, data, actor: announce_leaving(m, **data, actor=actor),
        _("The announcement is recorded."), has_left, group="end",
    ),
    Act(
        "start", _("Wrong first day"),
        _("The wrong entry stays on record; a correcting one and the right one follow it."),
        StartForm,
        lambda m, data, actor: correction.correct_start(m, **data, actor=actor),
        _("The entry is corrected."),
        lambda m: m.status != MembershipStatus.ANNULLED and _joined_here(m), group="correct",
    ),
    Act(
        "end", _("Wrong last day"),
        _("The wrong entry stays on record; a correcting one and the right one follow it."),
        EndForm,
        lambda m, data, actor: correction.correct_end(m, **data, actor=actor),
        _("The entry is corrected."), _ended_here, group="correct",
    ),
    Act(
        "reopen", _("Has not ended"),
        _("The end was entered by mistake: the membership goes on as if nothing had been entered."),
        ActForm,
        lambda m, data, actor: correction.correct_end(m, last_day=None, actor=actor),
        _("The membership goes on."), _ended_here, group="correct",
    ),
    Act(
        "union", _("Wrong union"),
        _("Entered at the wrong union from the beginning: every day counts at the right one. "
          "Somebody who changes unions is transferred instead."),
        UnionNameForm, _correct_union, _("The entry is corrected."),
        lambda m: m.status not in (MembershipStatus.ANNULLED, MembershipStatus.TRANSFERRING)
        and _joined_here(m),
        group="correct",
    ),
    Act(
        "group", _("Wrong worker group"),
        _("The wrong entry stays on record; a correcting one and the right one follow it."),
        GroupForm,
        lambda m, data, actor: correction.correct_worker_group(m, **data, actor=actor),
        _("The entry is corrected."),
        lambda m: m.status not in (MembershipStatus.ANNULLED, MembershipStatus.TRANSFERRING),
        group="correct",
    ),
    Act(
        "annul", _("Never a member"),
        _("Approved by mistake: the membership never counted, on no day."), ActForm,
        lambda m, data, actor: correction.annul_membership(
            m, reason=ChangeReason.WRONG_ENTRY, actor=actor
        ),
        _("The membership is annulled."),
        lambda m: _at_rest(m) and _joined_here(m), group="correct", is_grave=True,
    ),
)  # fmt: skip
BY_SLUG = {act.slug: act for act in ACTS}
