"""The page of a membership, the page of each act on it, and acts on many together."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, gettext_lazy as _, ngettext

from core.clock import local_today
from core.errors import RuleViolation
from members.admin.membership_forms import ACTS, BY_SLUG, Act, ActForm
from members.models import Membership, Transfer
from members.models.transfer import TransferStatus
from members.proposals import PROPOSALS, proposed
from unions.admin.forms import actor_of
from unions.admin.pages import LookedAtOnly
from unions.scope import access, can

BULK_LIMIT = 200
TODAY_FIELDS = ("effective_on", "last_day")
TO_ANNOUNCE = "due"


class ProposalFilter(admin.SimpleListFilter):
    """Memberships somebody should look at; nothing happens to them by itself."""

    title = _("proposals")
    parameter_name = "proposal"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Each kind of hint."""
        return list(PROPOSALS.items())

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Membership]
    ) -> QuerySet[Membership]:
        """The rows that give it."""
        return proposed(queryset, self.value()) if self.value() in PROPOSALS else queryset  # type: ignore[arg-type]


class AnnouncementFilter(admin.SimpleListFilter):
    """Members who left, by whether their union has announced it."""

    title = _("announcement of leaving")
    parameter_name = "announcement"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Still to be announced, and done."""
        return [(TO_ANNOUNCE, _("left, not announced")), ("done", _("left and announced"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Membership]
    ) -> QuerySet[Membership]:
        """The rows of the choice."""
        if self.value() == TO_ANNOUNCE:
            return queryset.filter(awaits_announcement=True)
        return queryset.filter(announced_on__isnull=False) if self.value() == "done" else queryset


class MembershipActs(LookedAtOnly):
    """Adds to the list of memberships the page of one with its acts."""

    actions: tuple[str, ...] = ("retain_selected", "restore_selected", "announce_selected")
    admin_site: Any
    opts: Any

    def get_urls(self) -> list[URLPattern]:
        """With one address for all acts: ``<pk>/acts/<act>/``."""
        page = path(
            "<path:object_id>/acts/<slug:slug>/",
            self.admin_site.admin_view(self.act_view),
            name="members_membership_act",
        )
        return [page, *super().get_urls()]  # type: ignore[misc]

    # -- one ----------------------------------------------------------------------------------

    def _page(self, request: HttpRequest, membership: Membership) -> HttpResponse:
        """One membership, its entries and what may be done. It is not edited."""
        actor = actor_of(request)
        offered = [act for act in ACTS if can(actor, act.permission, membership.union)]
        offered = [act for act in offered if act.offered(membership)]
        events = membership.events.select_related(
            "union", "counterpart", "worker_group", "actor", "decision", "corrects"
        ).order_by("-id")
        transfer = membership.transfers.filter(status=TransferStatus.OPEN).first()
        may_read_transfer = transfer is not None and can(actor, "transfers.view", membership.union)
        return TemplateResponse(
            request,
            "admin/members/membership.html",
            {
                **self.admin_site.each_context(request),
                "title": gettext("Membership"),
                "subtitle": str(membership.union),
                "opts": self.opts,
                "original": membership,
                "membership": membership,
                "events": events,
                "transfer": transfer if may_read_transfer else None,
                "came_by": Transfer.objects.visible_to(actor, "transfers.view")
                .filter(new_membership=membership)
                .first(),
                "groups": [
                    (title, [act for act in offered if act.group == group])
                    for group, title in (
                        ("change", _("Change")),
                        ("end", _("End")),
                        ("correct", _("Correct a wrong entry")),
                    )
                    if any(act.group == group for act in offered)
                ],
                "may_read_member": can(actor, "members.view", membership.member.home_union),
            },
        )

    def act_view(self, request: HttpRequest, object_id: str, slug: str) -> HttpResponse:
        """The form of one act; the act itself on POST."""
        if slug not in BY_SLUG:
            raise Http404
        act = BY_SLUG[slug]
        membership = self._fetch(request, object_id)
        if not can(actor_of(request), act.permission, membership.union):
            raise PermissionDenied
        form = self._form(request, act, membership)
        if request.method == "POST" and form.is_valid() and self._run(request, act, form):
            return HttpResponseRedirect(
                reverse("admin:members_membership_change", args=[membership.pk])
            )
        return TemplateResponse(
            request,
            "admin/members/membership_act.html",
            {
                **self.admin_site.each_context(request),
                "title": act.title,
                "subtitle": membership.member.masked_name,
                "opts": self.opts,
                "original": membership,
                "membership": membership,
                "act": act,
                "form": form,
            },
        )

    def _form(self, request: HttpRequest, act: Act, membership: Membership) -> ActForm:
        initial: dict[str, Any] = dict.fromkeys(TODAY_FIELDS, local_today())
        if act.slug == "end":
            initial["last_day"] = membership.ended_on
        if act.slug == "start":
            initial["started_on"] = membership.started_on
        if act.slug == "group":
            initial["worker_group"] = membership.worker_group_id
        if act.slug == "announce":
            initial["announced_on"] = membership.announced_on or local_today()
        if request.method == "POST":
            return act.form(request.POST, request.FILES, membership=membership)
        return act.form(initial=initial, membership=membership)

    def _run(self, request: HttpRequest, act: Act, form: ActForm) -> bool:
        membership = form.membership
        assert membership is not None
        try:
            act.run(membership, form.cleaned_data, actor_of(request))
        except RuleViolation as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            return False
        messages.success(request, str(act.done))
        return True

    def _fetch(self, request: HttpRequest, object_id: str) -> Membership:
        actor = actor_of(request)
        if not can(actor, "members.view"):
            raise PermissionDenied
        rows = Membership.objects.select_related(
            "member__home_union", "union__kind", "worker_group", "employer", "join_code"
        )
        return access(rows, unquote(object_id), actor=actor, permission="members.view")

    # -- together -----------------------------------------------------------------------------

    def has_alter_permission(self, request: HttpRequest) -> bool:
        """May the viewer change memberships anywhere?"""
        return can(actor_of(request), "members.change")

    @admin.action(description=_("Retain…"), permissions=["alter"])
    def retain_selected(
        self, request: HttpRequest, queryset: QuerySet[Membership]
    ) -> HttpResponse | None:
        """Ask why and from when; retain when confirmed."""
        return self._change_together(request, queryset, verb="retain")

    @admin.action(description=_("Restore…"), permissions=["alter"])
    def restore_selected(
        self, request: HttpRequest, queryset: QuerySet[Membership]
    ) -> HttpResponse | None:
        """Ask why and from when; restore when confirmed."""
        return self._change_together(request, queryset, verb="restore")

    @admin.action(description=_("Announced…"), permissions=["alter"])
    def announce_selected(
        self, request: HttpRequest, queryset: QuerySet[Membership]
    ) -> HttpResponse | None:
        """Ask when it was announced that they left; record it when confirmed."""
        return self._change_together(request, queryset, verb="announce")

    def _change_together(
        self, request: HttpRequest, queryset: QuerySet[Membership], *, verb: str
    ) -> HttpResponse | None:
        confirmed = "confirmed" in request.POST
        if confirmed:
            keys = request.POST.getlist(ACTION_CHECKBOX_NAME)
            rows = Membership.objects.visible_to(actor_of(request), "members.view")
            queryset = rows.filter(pk__in=keys)
        chosen = list(queryset.select_related("member", "union")[: BULK_LIMIT + 1])
        if len(chosen) > BULK_LIMIT:
            messages.error(
                request,
                gettext("At most %(limit)d memberships can be changed together.")
                % {"limit": BULK_LIMIT},
            )
            return None
        act = BY_SLUG[verb]
        today = dict.fromkeys(("effective_on", "announced_on"), local_today())
        form = act.form(request.POST) if confirmed else act.form(initial=today)
        if confirmed and form.is_valid():
            self._change_each(request, chosen, act, form.cleaned_data)
            return None
        return TemplateResponse(
            request,
            "admin/members/change_together.html",
            {
                **self.admin_site.each_context(request),
                "title": act.title,
                "opts": self.opts,
                "act": act,
                "form": form,
                "chosen": chosen,
                "checkbox_name": ACTION_CHECKBOX_NAME,
            },
        )

    def _change_each(
        self, request: HttpRequest, chosen: list[Membership], act: Act, data: dict[str, Any]
    ) -> None:
        """Each in its own transaction: one that cannot be changed stops no other."""
        done = 0
        for membership in chosen:
            try:
                act.run(membership, data, actor_of(request))
                done += 1
            except RuleViolation as refusal:
                messages.error(request, f"{membership.member.masked_name}: {refusal}")
            except Http404:
                messages.error(
                    request,
                    f"{membership.member.masked_name}: {gettext('It is not in your scope.')}",
                )
        if done:
            messages.success(request, _done_together(act.slug, done) % done)


def _done_together(slug: str, done: int) -> str:
    """What was done to how many, with a place for the number."""
    if slug == "retain":
        return ngettext("%d membership retained.", "%d memberships retained.", done)
    if slug == "restore":
        return ngettext("%d membership restored.", "%d memberships restored.", done)
    return ngettext("%d announcement recorded.", "%d announcements recorded.", done)
