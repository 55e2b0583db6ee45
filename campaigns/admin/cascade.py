"""The page on which a target is shared among the unions below: proposal, figures, saving."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.sites import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy as _, ngettext
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanWidget

from campaigns.amounts import amount, plain
from campaigns.models import CampaignStatus, Target
from campaigns.selectors.cascade import CascadeBy, Proposal, children_to_share, propose
from campaigns.services.cascade import cascade_target
from campaigns.services.targets import check_value
from core.errors import RuleViolation
from core.normalising import normalise_text
from reference.models import GroupSet
from unions.admin.forms import actor_of
from unions.enums import UnionStatus

# So many unions without a figure are named at the head of the page; all of them in the table.
NAMED = 20
_LONGEST_NUMBER = 20
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]{1,4})?")


class CascadeForm(forms.Form):
    """How the shares are to be reckoned."""

    by = forms.ChoiceField(
        label=_("Share by"), choices=CascadeBy.choices, widget=UnfoldAdminSelectWidget
    )
    group_set = forms.ModelChoiceField(
        GroupSet.objects.order_by("code", "-version"),
        label=_("Baseline of"),
        required=False,
        empty_label=_("the groups of the indicator"),
        widget=UnfoldAdminSelectWidget,
    )
    kind = forms.ChoiceField(
        label=_("Among"), required=False, choices=(), widget=UnfoldAdminSelectWidget
    )
    replaces = forms.BooleanField(
        label=_("Replace targets that exist"), required=False, widget=UnfoldBooleanWidget
    )

    def __init__(self, *args: Any, target: Target, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = {child.kind_id: child.kind.name for child in children_to_share(target)}
        choice: Any = self.fields["kind"]
        choice.choices = [("", _("all unions directly below")), *kinds.items()]


def cascade_page(request: HttpRequest, target: Target, *, admin_site: AdminSite) -> HttpResponse:
    """Show the proposal that was asked for; with POST reckon again, or save what was typed in."""
    sent = request.POST if request.method == "POST" else request.GET
    form = CascadeForm(sent if "by" in sent else None, target=target)
    proposal: Proposal | None = None
    errors: dict[int, str] = {}
    typed: dict[int, str] = {}
    reason, reason_fault, fault = "", "", ""
    if form.is_bound and form.is_valid():
        try:
            proposal = _propose(target, form, CascadeBy(form.cleaned_data["by"]))
        except RuleViolation as refusal:
            form.add_error("by", str(refusal.message))
    if proposal is None and request.method == "POST" and form.is_bound:
        # What was typed in is not lost: it stands there as entered by hand. A choice that is gone
        # meanwhile, as the last union of a kind, leaves nobody out.
        proposal = _propose(target, form, CascadeBy.BY_HAND)
    if proposal is not None and request.method == "POST":
        reason = request.POST.get("reason", "")[:200]
        values, typed, errors = _read(request, proposal)
        if _has_others(request, proposal):
            # A union was dissolved or moved away meanwhile: what was meant for it is not dropped
            # unsaid.
            fault = gettext("The unions below have changed since: look at the proposal again.")
        if not (errors or fault or form.errors) and "save" in request.POST:
            try:
                written = cascade_target(
                    target,
                    values,
                    by=proposal.by,
                    replaces=form.cleaned_data["replaces"],
                    reason=reason,
                    seen=_seen(request.POST.get("seen", "")),
                    seen_below=_seen_below(request, proposal),
                    actor=actor_of(request),
                )
            except RuleViolation as refusal:
                message = str(refusal.message)
                places = {f"value_{share.union.pk}": share.union.pk for share in proposal.shares}
                if refusal.field == "reason":
                    reason_fault = message
                elif refusal.field in places:
                    errors[places[refusal.field]] = message
                else:
                    fault = message
            else:
                text = ngettext("%d target is saved.", "%d targets are saved.", written)
                messages.success(request, text % written)
                address = reverse("admin:campaigns_target_change", args=[target.pk])
                return HttpResponseRedirect(address)
    context = {
        **admin_site.each_context(request),
        "title": gettext("Share among the unions below"),
        "subtitle": str(target),
        "opts": target._meta,
        "target": target,
        "form": form,
        "media": form.media,
        "value": amount(target.value, target.indicator.unit),
        "asks_reason": target.indicator.campaign.status != CampaignStatus.DRAFT,
        "reason": reason,
        "reason_fault": reason_fault,
        "fault": fault,
        **(_table(target, proposal, typed, errors) if proposal else {}),
    }
    return TemplateResponse(request, "admin/campaigns/cascade.html", context)


def _propose(target: Target, form: CascadeForm, by: CascadeBy) -> Proposal:
    """What ``form`` asks for, as far as it is valid, reckoned ``by``; raises RuleViolation as
    ``propose``."""
    return propose(
        target,
        by=by,
        kind=form.cleaned_data.get("kind", ""),
        replaces=form.cleaned_data.get("replaces", False),
        group_set=form.cleaned_data.get("group_set"),
    )


def _read(
    request: HttpRequest, proposal: Proposal
) -> tuple[dict[int, Decimal], dict[int, str], dict[int, str]]:
    """What was typed in: values by union, the texts themselves, and what is wrong with them."""
    values: dict[int, Decimal] = {}
    typed: dict[int, str] = {}
    errors: dict[int, str] = {}
    for share in proposal.shares:
        key = share.union.pk
        name = f"value_{key}"
        if share.is_kept or name not in request.POST:
            continue
        text = normalise_text(request.POST[name]).replace(",", "")[:_LONGEST_NUMBER]
        typed[key] = text
        if not text:
            if share.existing is not None:
                errors[key] = gettext("Enter what it is to be: 0 asks for nothing.")
            continue
        try:
            values[key] = _number(text)
            check_value(proposal.target.indicator, values[key])
        except RuleViolation as refusal:
            errors[key] = str(refusal.message)
    return values, typed, errors


def _has_others(request: HttpRequest, proposal: Proposal) -> bool:
    """Something was typed in for a union that has no row any more."""
    shown = {
        f"value_{share.union.pk}"
        for share in proposal.shares
        if share.union.status != UnionStatus.DISSOLVED
    }
    names = (name for name in request.POST if name.startswith("value_"))
    return any(name not in shown and request.POST[name].strip() for name in names)


def _number(text: str) -> Decimal:
    # What ``cascade.js`` adds up, and a sign: no exponents.
    if not _NUMBER.fullmatch(text):
        raise RuleViolation(gettext("This is no number."))
    value = Decimal(text)
    if abs(value) >= Decimal(10) ** 12:
        raise RuleViolation(gettext("This number is too large."))
    return value


def _seen(text: str) -> Decimal | None:
    try:
        return _number(text)
    except RuleViolation:
        return None


def _seen_below(request: HttpRequest, proposal: Proposal) -> dict[int, Decimal | None]:
    """What those with a field of their own had when the page was made."""
    keys = [share.union.pk for share in proposal.shares]
    return {key: _seen(request.POST[f"was_{key}"]) for key in keys if f"was_{key}" in request.POST}


def _table(
    target: Target, proposal: Proposal, typed: dict[int, str], errors: dict[int, str]
) -> dict[str, Any]:
    """The rows with sum and difference, reckoned from what was typed in where there is any."""
    unit = target.indicator.unit
    rows, total = [], Decimal(0)
    for share in proposal.shares:
        key = share.union.pk
        text = typed.get(key, plain(share.value))
        if key not in errors and text:
            total += share.value if share.is_kept and share.value is not None else Decimal(text)
        rows.append(
            {
                "union": share.union,
                "weight": None if share.weight is None else f"{share.weight:,}",
                "source": share.source,
                "existing": amount(share.existing.value, unit) if share.existing else "",
                "was": plain(share.existing.value) if share.existing else "",
                "is_kept": share.is_kept,
                "is_withdrawn": share.is_withdrawn,
                "is_gone": share.union.status == UnionStatus.DISSOLVED,
                "text": text,
                "error": errors.get(key, ""),
            }
        )
    difference = total - target.value
    names = [union.name for union in proposal.without]
    return {
        "proposal": proposal,
        "rows": rows,
        "without": names[:NAMED],
        "more_without": max(len(names) - NAMED, 0),
        "divisible": target.indicator.is_divisible,
        "shows_weight": proposal.by in (CascadeBy.BASELINE, CascadeBy.LAST_YEAR),
        "total": amount(total, unit),
        "difference": amount(difference, unit),
        "differs": bool(difference),
        "seen": plain(target.value),
    }
