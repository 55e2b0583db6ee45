"""What members ask to have corrected or erased: a list, and one page to decide on each."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.translation import gettext, gettext_lazy as _, pgettext_lazy

from core.errors import RuleViolation
from core.masking import mask_identity_number
from members.models import DataRequest
from members.services.data_requests import (
    NOTE_LENGTH,
    accept_request,
    refuse_request,
    requested_value,
)
from reference.models import WorkerGroup
from unions.admin.base import ReadOnlyAdmin
from unions.admin.forms import actor_of
from unions.admin.pages import LookedAtOnly
from unions.scope import access, can


class NumberForm(forms.Form):
    """The number as it stands in the document."""

    typed_number = forms.CharField(
        label=_("Number in the document that you were shown"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class SureForm(forms.Form):
    """What is erased cannot be brought back."""

    sure = forms.BooleanField(
        label=_("No benefit, dispute or other proceeding needs these data any more."),
        error_messages={"required": _("Tick the box if you are sure.")},
    )


class RefusalForm(forms.Form):
    """Why not."""

    note = forms.CharField(label=_("Why (the member reads it)"), max_length=NOTE_LENGTH)


@admin.register(DataRequest)
class DataRequestAdmin(LookedAtOnly, ReadOnlyAdmin):
    """Requests of members in the viewer's scope."""

    view_permission = "members.view"
    list_display = ("person", "field_label", "status_label", "asked_at", "due", "decided_at")
    list_filter = ("status", "field")
    list_select_related = ("member__home_union",)
    ordering = ("-asked_at", "-id")
    sortable_by = ()

    @admin.display(description=pgettext_lazy("person", "name"))
    def person(self, request: DataRequest) -> str:
        """The member's name."""
        return request.member.name

    @admin.display(description=_("field"))
    def field_label(self, request: DataRequest) -> str:
        """In words."""
        return request.get_field_display()

    @admin.display(description=_("status"))
    def status_label(self, request: DataRequest) -> str:
        """In words."""
        return request.status_label

    @admin.display(description=_("answer by"))
    def due(self, request: DataRequest) -> str:
        """The last day, for those that wait."""
        if request.status != DataRequest.Status.ASKED:
            return "—"
        day = request.due_on.isoformat()
        return f"{day} · {gettext('late')}" if request.is_overdue else day

    def get_urls(self) -> list[URLPattern]:
        """With the two acts."""
        own = self.act_urls(accept=self.accept_view, refuse=self.refuse_view)
        return [*own, *super().get_urls()]

    def accept_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Correct the record, or erase it."""
        found = self._fetch_for_act(request, object_id)
        if found is None:
            return self.only_by_button(request, object_id)
        form = NumberForm(request.POST)
        typed = ""
        if found.is_erasure:
            sure = SureForm(request.POST)
            if not sure.is_valid():
                return self._page(request, found, sure_form=sure)
        if found.field == DataRequest.Field.ID_NUMBER:
            if not form.is_valid():
                return self._page(request, found, number_form=form)
            typed = form.cleaned_data["typed_number"]
        try:
            accept_request(found, typed_number=typed, actor=actor_of(request))
        except RuleViolation as refusal:
            if refusal.field == "typed_number":
                form.add_error("typed_number", str(refusal.message))
                return self._page(request, found, number_form=form)
            self.message_user(request, str(refusal.message), messages.ERROR)
            return self._back(found)
        done = _("The data are erased.") if found.is_erasure else _("The record is corrected.")
        self.message_user(request, str(done), messages.SUCCESS)
        return self._back(found)

    def refuse_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Leave the record as it is."""
        found = self._fetch_for_act(request, object_id)
        if found is None:
            return self.only_by_button(request, object_id)
        form = RefusalForm(request.POST)
        if not form.is_valid():
            return self._page(request, found, refusal_form=form)
        try:
            refuse_request(found, note=form.cleaned_data["note"], actor=actor_of(request))
        except RuleViolation as refusal:
            self.message_user(request, str(refusal.message), messages.ERROR)
            return self._back(found)
        self.message_user(request, gettext("The record stays as it is."), messages.SUCCESS)
        return self._back(found)

    def _back(self, found: DataRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:members_datarequest_change", args=[found.pk]))

    def _fetch(self, request: HttpRequest, object_id: str) -> DataRequest:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = DataRequest.objects.select_related("member__home_union", "union", "decided_by")
        return access(
            rows, unquote(object_id), actor=actor_of(request), permission=self.view_permission
        )

    def _fetch_for_act(self, request: HttpRequest, object_id: str) -> DataRequest | None:
        found = self._fetch(request, object_id)
        if not can(actor_of(request), "members.change", found.member.home_union):
            raise PermissionDenied
        return found if request.method == "POST" else None

    def _page(
        self,
        request: HttpRequest,
        found: DataRequest,
        *,
        number_form: NumberForm | None = None,
        sure_form: SureForm | None = None,
        refusal_form: RefusalForm | None = None,
    ) -> HttpResponse:
        now, wanted = _before_and_after(found)
        is_open = found.status == DataRequest.Status.ASKED
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Request for erasure")
            if found.is_erasure
            else gettext("Request for correction"),
            "opts": self.opts,
            "original": found,
            "item": found,
            "now": now,
            "wanted": wanted,
            "may_decide": is_open
            and can(actor_of(request), "members.change", found.member.home_union),
            "needs_number": found.field == DataRequest.Field.ID_NUMBER,
            "number_form": number_form or NumberForm(),
            "sure_form": sure_form or SureForm(),
            "refusal_form": refusal_form or RefusalForm(),
        }
        return TemplateResponse(request, "admin/members/data_request.html", context)


def _before_and_after(request: DataRequest) -> tuple[str, str]:
    """The field as it is and as it was asked for; numbers masked, nothing for erasure."""
    if request.is_erasure:
        return "", ""
    value = requested_value(request)
    if request.field == DataRequest.Field.NAME:
        return request.member.name, value
    if request.field == DataRequest.Field.ID_NUMBER:
        return request.member.masked_id_number, mask_identity_number(value.partition(":")[2])
    spell = request.member.memberships.filter(ended_on=None).select_related("worker_group").first()
    group = WorkerGroup.objects.filter(pk=value).first()
    return (spell.worker_group.name if spell else ""), (group.name if group else "")
