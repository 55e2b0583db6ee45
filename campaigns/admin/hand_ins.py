"""Papers handed in: what a unit owes, sending it, reading it, and the owner's answer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
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
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextInputWidget

from campaigns.files import paper_response
from campaigns.models import HandIn, HandInState
from campaigns.selectors.hand_ins import SEND, Owed, owed_by, own_units
from campaigns.services.hand_ins import accept_hand_in, hand_in, return_hand_in
from core.clock import local_today
from core.errors import RuleViolation
from unions.admin.base import ReadOnlyAdmin
from unions.admin.forms import actor_of
from unions.scope import access, can


class UploadForm(forms.Form):
    """The paper and a word on it."""

    file = forms.FileField(
        label=_("File (.pdf, .docx, .xlsx)"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".pdf,.docx,.xlsx"}),
        help_text=_("Up to 10 MB, without macros."),
    )
    note = forms.CharField(
        label=_("Note"), max_length=300, required=False, widget=UnfoldAdminTextInputWidget
    )


@admin.register(HandIn)
class HandInAdmin(ReadOnlyAdmin):
    """Papers of units in the viewer's scope, every version."""

    view_permission = "campaigns.view"
    list_display = ("paper", "unit_name", "number", "state_chip", "handed_in_at", "file_link")
    list_filter = ("state", "requirement__kind")
    list_select_related = ("unit", "requirement__campaign__owner")
    search_fields = ("unit__name", "requirement__campaign__name")
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        ("paper", "unit_name"), ("number", "state_chip"), ("handed_in_at", "sender"), "note",
        "reason", "file_link",
    )  # fmt: skip
    readonly_fields = ("paper", "unit_name", "state_chip", "handed_in_at", "sender", "file_link")
    change_form_outer_before_template = "admin/campaigns/hand_in.html"

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Also the link from a paper that is asked for, and the filters."""
        own = {"requirement", "requirement__kind__exact"}
        return lookup in own or super().lookup_allowed(lookup, value, request)

    def get_urls(self) -> list[URLPattern]:
        """What one owes, sending, the file, and the owner's answer."""
        owed = path(
            "owed/", self.admin_site.admin_view(self.owed_view), name="campaigns_handin_owed"
        )
        send = path(
            "owed/<int:requirement>/<int:unit>/",
            self.admin_site.admin_view(self.send_view),
            name="campaigns_handin_send",
        )
        own = self.act_urls(file=self.file_view, accept=self.accept_view)
        returned = {"return": self.return_view}
        return [owed, send, *own, *self.act_urls(**returned), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With the owner's answer, for the owner."""
        context: dict[str, Any] = {**(extra_context or {})}
        paper = self.get_object(request, unquote(object_id))
        if isinstance(paper, HandIn):
            owner = paper.requirement.campaign.owner
            context["may_decide"] = can(actor_of(request), "campaigns.change", owner)
            context["decided_by"] = str(paper.decided_by or "")
        return super().change_view(request, object_id, form_url, context)

    # -- the unit -------------------------------------------------------------------------------

    def owed_view(self, request: HttpRequest) -> HttpResponse:
        """What the viewer's own units owe, and what has become of it."""
        if not can(actor_of(request), SEND):
            raise PermissionDenied
        units = own_units(actor_of(request))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Papers we owe"),
            "opts": self.opts,
            "rows": owed_by(units, local_today()),
        }
        return TemplateResponse(request, "admin/campaigns/owed.html", context)

    def send_view(self, request: HttpRequest, requirement: int, unit: int) -> HttpResponse:
        """Hand in a paper, or the next version of one that came back."""
        if not can(actor_of(request), SEND):
            raise PermissionDenied
        owed = self._owed(request, requirement, unit)
        sent = request.method == "POST"
        if not sent and not owed.is_open:  # an old link, or the way back
            self.message_user(
                request,
                gettext("A version has been handed in; another one can follow if it is returned."),
                messages.WARNING,
            )
            return HttpResponseRedirect(reverse("admin:campaigns_handin_owed"))
        form = UploadForm(request.POST, request.FILES) if sent else UploadForm()
        if sent and form.is_valid():
            try:
                hand_in(
                    owed.requirement,
                    unit=owed.unit,
                    file=form.cleaned_data["file"],
                    note=form.cleaned_data["note"],
                    actor=actor_of(request),
                )
            except RuleViolation as refusal:
                field = refusal.field if refusal.field in form.fields else None
                form.add_error(field, str(refusal.message))
            else:
                self.message_user(request, gettext("The paper is handed in."), messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:campaigns_handin_owed"))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Hand in a paper"),
            "opts": self.opts,
            "owed": owed,
            "form": form,
            "media": form.media,
        }
        return TemplateResponse(request, "admin/campaigns/send.html", context)

    def _owed(self, request: HttpRequest, requirement: int, unit: int) -> Owed:
        """Raises Http404 for what the viewer's units do not owe."""
        for row in owed_by(own_units(actor_of(request)), local_today()):
            if (row.requirement.pk, row.unit.pk) == (requirement, unit):
                return row
        raise Http404

    # -- everybody in scope ---------------------------------------------------------------------

    def file_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The file: for the unit, and for whoever sees the unit."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        paper = self._fetch(request, object_id, "campaigns.view")
        name = f"{paper.requirement.kind}-{paper.unit_id}-{paper.number}"
        return paper_response(paper.file, name)

    # -- the owner ------------------------------------------------------------------------------

    def accept_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The paper is good."""
        return self._decide(request, object_id, accepts=True)

    def return_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The paper goes back, with a reason."""
        return self._decide(request, object_id, accepts=False)

    def _decide(self, request: HttpRequest, object_id: str, *, accepts: bool) -> HttpResponse:
        actor = actor_of(request)
        if not can(actor, "campaigns.change"):
            raise PermissionDenied
        paper = self._fetch(request, object_id, "campaigns.change")
        if request.method != "POST":
            return self.only_by_button(request, paper.pk)
        try:
            if accepts:
                accept_hand_in(paper, actor=actor)
            else:
                return_hand_in(paper, reason=request.POST.get("reason", ""), actor=actor)
        except RuleViolation as refusal:
            self.message_user(request, str(refusal.message), messages.ERROR)
            address = reverse("admin:campaigns_handin_change", args=[paper.pk])
            return HttpResponseRedirect(address)
        done = gettext("The paper is accepted.") if accepts else gettext("The paper is returned.")
        self.message_user(request, done, messages.SUCCESS)
        address = reverse("admin:campaigns_requirement_change", args=[paper.requirement_id])
        return HttpResponseRedirect(address)

    def _fetch(self, request: HttpRequest, object_id: str, permission: str) -> HandIn:
        rows = HandIn.objects.select_related("unit", "requirement__campaign__owner")
        return access(rows, unquote(object_id), actor=actor_of(request), permission=permission)

    # -- columns --------------------------------------------------------------------------------

    @admin.display(description=_("paper"))
    def paper(self, row: HandIn) -> str:
        """Which paper of which campaign."""
        return str(row.requirement)

    @admin.display(description=pgettext_lazy("organisation", "unit"))
    def unit_name(self, row: HandIn) -> str:
        """Whose."""
        return row.unit.name

    @admin.display(description=_("handed in by"))
    def sender(self, row: HandIn) -> str:
        """Who sent it."""
        return str(row.handed_in_by or "—")

    @admin.display(description=_("state"))
    def state_chip(self, row: HandIn) -> str:
        """In words and colour."""
        look = {
            HandInState.HANDED_IN: "waiting",
            HandInState.ACCEPTED: "approved",
            HandInState.RETURNED: "rejected",
        }[HandInState(row.state)]
        return format_html(
            '<span class="portal-chip portal-chip-{}">{}</span>', look, row.get_state_display()
        )

    @admin.display(description=_("file"))
    def file_link(self, row: HandIn) -> str:
        """Behind the log-in."""
        return format_html(
            '<a class="portal-link" href="{}">{}</a>',
            reverse("admin:campaigns_handin_file", args=[row.pk]),
            gettext("Download"),
        )
