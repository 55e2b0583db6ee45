"""Transfers, seen from both sides: what waits for whom, the decision, the trail."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, Case, Q, QuerySet, Value, When
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _, pgettext_lazy

from core.clock import local_today
from core.errors import RuleViolation
from members.admin.transfer_forms import DecisionForm, ReceiveForm
from members.models import Transfer
from members.models.transfer import TransferDecision, TransferParty, TransferStatus
from members.services.receiving import find_to_receive
from members.services.transfer import ask_transfer, cancel_transfer, decide_transfer
from members.transfer_trail import trail_of
from unions.admin.base import ReadOnlyAdmin
from unions.admin.forms import actor_of
from unions.admin.pages import LookedAtOnly
from unions.scope import Actor, access, can, scope_filter

PENDING = TransferDecision.PENDING


class WaitingFilter(admin.SimpleListFilter):
    """What the viewer should act on."""

    title = _("to do")
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Mine, and what is late."""
        return [("mine", _("waiting for my decision")), ("overdue", _("past the deadline"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Transfer]) -> QuerySet[Transfer]:
        """Open ones; with ``mine`` those a union of the viewer has not decided."""
        if self.value() == "mine":
            return queryset.filter(waiting_for(actor_of(request)))
        if self.value() == "overdue":
            return queryset.filter(status=TransferStatus.OPEN, deadline__lt=local_today())
        return queryset


def waiting_for(actor: Actor) -> Q:
    """Open transfers that ``actor`` may decide for one of the unions."""
    releasing = scope_filter(actor, "transfers.decide", "from_union__path")
    receiving = scope_filter(actor, "transfers.decide", "to_union__path")
    if releasing is None or receiving is None:
        return Q(pk__in=[])
    return Q(status=TransferStatus.OPEN) & (
        (releasing & Q(release_decision=PENDING)) | (receiving & Q(receive_decision=PENDING))
    )


@admin.register(Transfer)
class TransferAdmin(LookedAtOnly, ReadOnlyAdmin):
    """Transfers from or to a union in the viewer's scope."""

    view_permission = "transfers.view"
    list_display = (
        "person", "from_union", "to_union", "asked_on", "deadline_shown", "release_chip",
        "receive_chip", "status_chip",
    )  # fmt: skip
    list_filter = (WaitingFilter, "status", "asked_by")
    list_select_related = ("membership__member", "from_union", "to_union")
    ordering = ("-id",)
    sortable_by = ()
    change_list_template = "admin/members/transfer_list.html"

    # -- scope: either side -------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With whether the viewer is on the releasing side, where the member's name is known."""
        actor = actor_of(request)
        releasing = scope_filter(actor, "transfers.view", "from_union__path")
        rows = Transfer.objects.visible_to(actor, self.view_permission)
        if releasing is None:
            return rows
        return rows.annotate(
            from_here=Case(
                When(releasing, then=Value(True)),
                default=Value(False),
                output_field=BooleanField(),
            )
        ).order_by(*self.ordering)

    def get_scope_path(self) -> str:
        """Of the releasing side; what is seen is asked of both."""
        return "from_union__path"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """At either union."""
        actor = actor_of(request)
        if obj is None or not obj.pk:
            return can(actor, self.view_permission)
        return any(can(actor, self.view_permission, u) for u in (obj.from_union, obj.to_union))

    # -- columns ------------------------------------------------------------------------------

    @admin.display(description=pgettext_lazy("person", "name"))
    def person(self, transfer: Any) -> str:
        """In full at the releasing union; the other learns it with the membership."""
        member = transfer.membership.member
        known = transfer.from_here or transfer.status == TransferStatus.DONE
        return str(member.name if known else member.masked_name)

    @admin.display(description=_("asked"), ordering="asked_at")
    def asked_on(self, transfer: Transfer) -> str:
        """When, and by whom."""
        return f"{transfer.asked_at:%Y-%m-%d} · {transfer.get_asked_by_display()}"

    @admin.display(description=_("deadline"), ordering="deadline")
    def deadline_shown(self, transfer: Transfer) -> str:
        """In alarm colour once passed."""
        if transfer.status != TransferStatus.OPEN:
            return "—"
        if transfer.deadline < local_today():
            return format_html(
                '<strong class="portal-figure-alarm">{}</strong>', transfer.deadline.isoformat()
            )
        return transfer.deadline.isoformat()

    @admin.display(description=_("release"))
    def release_chip(self, transfer: Transfer) -> str:
        """What it has said."""
        return decision_chip(transfer.release_decision)

    @admin.display(description=_("reception"))
    def receive_chip(self, transfer: Transfer) -> str:
        """What it has said."""
        return decision_chip(transfer.receive_decision)

    @admin.display(description=_("status"), ordering="status")
    def status_chip(self, transfer: Transfer) -> str:
        """In words and colour."""
        colour = {"open": "waiting", "done": "approved"}.get(transfer.status, "rejected")
        return format_html(
            '<span class="portal-chip portal-chip-{}">{}</span>',
            colour,
            transfer.get_status_display(),
        )

    # -- pages --------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """To ask for somebody, to decide, to cancel."""
        wrap = self.admin_site.admin_view
        return [
            path("receive/", wrap(self.receive_view), name="members_transfer_receive"),
            path(
                "<path:object_id>/decide/", wrap(self.decide_view), name="members_transfer_decide"
            ),
            path(
                "<path:object_id>/cancel/", wrap(self.cancel_view), name="members_transfer_cancel"
            ),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the way to ask for somebody."""
        may_ask = can(actor_of(request), "transfers.decide")
        return super().changelist_view(request, {**(extra_context or {}), "may_ask": may_ask})

    def decide_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say yes or no for one union."""
        transfer = self._fetch_for_act(request, object_id)
        if transfer is None:
            return self.only_by_button(request, object_id)
        form = DecisionForm(request.POST)
        if not form.is_valid():
            return self._page(request, transfer, form)
        try:
            decided = decide_transfer(
                transfer,
                side=form.cleaned_data["side"],
                agree="agree" in request.POST,
                note=form.cleaned_data["note"],
                actor=actor_of(request),
            )
        except RuleViolation as refusal:
            if refusal.field in form.fields:
                form.add_error(refusal.field, str(refusal))
                return self._page(request, transfer, form)
            return self._refused(request, transfer, refusal)
        text = {
            TransferStatus.DONE.value: gettext("Both unions have agreed: the membership moves."),
            TransferStatus.REFUSED.value: gettext("The transfer is refused."),
        }.get(decided.status, gettext("Your decision is recorded; the other union decides next."))
        messages.success(request, text)
        return self._to(transfer)

    def cancel_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the request back."""
        transfer = self._fetch_for_act(request, object_id)
        if transfer is None:
            return self.only_by_button(request, object_id)
        try:
            cancel_transfer(transfer, actor=actor_of(request))
        except RuleViolation as refusal:
            return self._refused(request, transfer, refusal)
        messages.success(request, gettext("The transfer is cancelled."))
        return self._to(transfer)

    def receive_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for somebody who is a member elsewhere."""
        actor = actor_of(request)
        if not can(actor, "transfers.decide"):
            raise PermissionDenied
        form = ReceiveForm(request.POST or None, actor=actor)
        if request.method == "POST" and form.is_valid():
            transfer = self._receive(form, actor)
            if transfer is not None:
                messages.success(request, gettext("The transfer has been asked for."))
                return self._to(transfer)
        return TemplateResponse(
            request,
            "admin/members/transfer_receive.html",
            {
                **self.admin_site.each_context(request),
                "title": gettext("Ask for a member of another union"),
                "opts": self.opts,
                "form": form,
            },
        )

    def _receive(self, form: ReceiveForm, actor: Actor) -> Transfer | None:
        data = form.cleaned_data
        try:
            membership = find_to_receive(
                name=data["name"],
                id_type=data["id_type"],
                id_number=data["id_number"],
                to_union=data["to_union"],
                actor=actor,
            )
            return ask_transfer(
                membership,
                to_union=data["to_union"],
                reason=data["reason"],
                asked_by=TransferParty.RECEIVING,
                new_worker_group=data["worker_group"],
                new_employer_name=data["employer_name"],
                actor=actor,
            )
        except RuleViolation as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            return None

    def _page(
        self, request: HttpRequest, transfer: Transfer, form: DecisionForm | None = None
    ) -> HttpResponse:
        actor = actor_of(request)
        is_open = transfer.status == TransferStatus.OPEN
        sides = [
            (side, title, form if form and form.data.get("side") == side else DecisionForm())
            for side, title, union, said in (
                ("releasing", _("Decide for the releasing union"), transfer.from_union,
                 transfer.release_decision),
                ("receiving", _("Decide for the receiving union"), transfer.to_union,
                 transfer.receive_decision),
            )
            if is_open and said == PENDING and can(actor, "transfers.decide", union)
        ]  # fmt: skip
        asker = (
            transfer.to_union
            if transfer.asked_by == TransferParty.RECEIVING
            else transfer.from_union
        )
        from_here = can(actor, "members.view", transfer.from_union)
        arrived = transfer.new_membership
        return TemplateResponse(
            request,
            "admin/members/transfer.html",
            {
                **self.admin_site.each_context(request),
                "title": gettext("Transfer"),
                "subtitle": f"{transfer.from_union} → {transfer.to_union}",
                "opts": self.opts,
                "original": transfer,
                "transfer": transfer,
                "from_here": from_here,
                "knows_name": from_here or arrived is not None,
                "arrived_here": arrived is not None and can(actor, "members.view", arrived.union),
                "is_late": is_open and transfer.deadline < local_today(),
                "sides": sides,
                "may_cancel": is_open and can(actor, "transfers.decide", asker),
                "trail": trail_of(transfer),
            },
        )

    def _fetch(self, request: HttpRequest, object_id: str) -> Transfer:
        actor = actor_of(request)
        if not can(actor, self.view_permission):
            raise PermissionDenied
        rows = Transfer.objects.select_related(
            "membership__member", "membership__worker_group", "from_union", "to_union",
            "new_worker_group", "new_membership__union",
        )  # fmt: skip
        return access(rows, unquote(object_id), actor=actor, permission=self.view_permission)

    def _fetch_for_act(self, request: HttpRequest, object_id: str) -> Transfer | None:
        transfer = self._fetch(request, object_id)
        actor = actor_of(request)
        unions = (transfer.from_union, transfer.to_union)
        if not any(can(actor, "transfers.decide", union) for union in unions):
            raise Http404
        return transfer if request.method == "POST" else None

    def _refused(
        self, request: HttpRequest, transfer: Transfer, refusal: RuleViolation
    ) -> HttpResponse:
        messages.error(request, str(refusal))
        return self._to(transfer)

    def _to(self, transfer: Transfer) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:members_transfer_change", args=[transfer.pk]))


def decision_chip(decision: str) -> str:
    """What a union has said, in words and colour."""
    colour = {"agreed": "approved", "refused": "rejected"}.get(decision, "waiting")
    return format_html(
        '<span class="portal-chip portal-chip-{}">{}</span>',
        colour,
        TransferDecision(decision).label,
    )
