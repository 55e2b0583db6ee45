"""Inspections, tasks and praise; good practice for the public page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _, pgettext, pgettext_lazy
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextareaWidget

from campaigns.files import paper_response
from campaigns.models import CampaignRecord, GoodPractice, RecordKind
from campaigns.selectors.hand_ins import SEND
from campaigns.services.records import finish_task, save_practice, save_record
from core.clock import local_today
from core.errors import RuleViolation
from unions.admin.base import ScopedModelAdmin
from unions.admin.forms import actor_of
from unions.admin.remembering import RememberingForm
from unions.scope import access, can


class RecordForm(RememberingForm):
    """What the owner saw, asks for or praises."""

    file = forms.FileField(
        label=_("File (.pdf, .docx, .xlsx)"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".pdf,.docx,.xlsx"}),
        help_text=_("Up to 10 MB, without macros."),
    )

    class Meta:
        model = CampaignRecord
        fields = ("campaign", "kind", "unit", "day", "text", "due_on", "file")
        widgets = {"text": UnfoldAdminTextareaWidget(attrs={"rows": 5})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The page links to the file; the box takes another one. Its own link would name the path
        # on the disk, and its "clear" would promise what nobody does: a paper is replaced.
        if self.initial.pop("file", None):
            self.fields["file"].help_text = _(
                "Up to 10 MB, without macros. It replaces the file that is there."
            )


@admin.register(CampaignRecord)
class CampaignRecordAdmin(ScopedModelAdmin):
    """Records of units in the viewer's scope; the owner of the campaign writes them."""

    form = RecordForm
    view_permission = "campaigns.view"
    change_permission = "campaigns.change"
    list_display = ("kind_label", "unit_name", "campaign_name", "day", "shortened", "task_state")
    list_filter = ("kind",)
    list_select_related = ("unit", "campaign__owner")
    search_fields = ("unit__name", "campaign__name")
    search_help_text = _("Name of the unit or the campaign")
    ordering = ("-day", "-id")
    sortable_by = ("day",)
    autocomplete_fields = ("campaign", "unit")
    fields = ("campaign", "unit", ("kind", "day"), "text", "due_on", "file")
    change_form_outer_before_template = "admin/campaigns/record.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may change the campaign."""
        union = obj.campaign.owner if obj is not None else None
        return can(actor_of(request), "campaigns.change", union)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whoever only reads has the link to the file above."""
        fields = super().get_fields(request, obj)
        may = obj is None or self.has_change_permission(request, obj)
        return fields if may else [name for name in fields if name != "file"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Mostly it was today."""
        return {"day": local_today(), **super().get_changeform_initial_data(request)}

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> CampaignRecord:
        """Record."""
        return save_record(None, actor=actor_of(request), **values)

    def update_record(
        self, request: HttpRequest, record: CampaignRecord, changes: dict[str, Any]
    ) -> None:
        """Mend."""
        names = ("campaign", "kind", "unit", "day", "text", "due_on")
        stored = CampaignRecord.objects.select_related("campaign", "unit").get(pk=record.pk)
        values = {name: getattr(stored, name) for name in names} | changes
        file = values.pop("file", None)
        sent = file if isinstance(file, UploadedFile) else None
        save_record(stored, file=sent, actor=actor_of(request), **values)

    def get_urls(self) -> list[URLPattern]:
        """Also the file, and finishing a task."""
        own = self.act_urls(file=self.file_view, done=self.done_view)
        return [*own, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With whether the viewer may say that the task is done."""
        context: dict[str, Any] = {**(extra_context or {})}
        record = self.get_object(request, unquote(object_id))
        if isinstance(record, CampaignRecord):
            context["is_open_task"] = record.kind == RecordKind.TASK and record.done_on is None
            context["may_finish"] = can(actor_of(request), SEND, record.unit)
        return super().change_view(request, object_id, form_url, context)

    def file_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The file of a record, for whoever sees the record."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        record = self._fetch(request, object_id, "campaigns.view")
        return paper_response(record.file, f"record-{record.pk}")

    def done_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The task is done."""
        if not can(actor_of(request), SEND):
            raise PermissionDenied
        record = self._fetch(request, object_id, SEND)
        if request.method != "POST":
            return self.only_by_button(request, record.pk)
        try:
            finish_task(record, actor=actor_of(request))
        except RuleViolation as refusal:
            self.message_user(request, str(refusal.message), messages.ERROR)
        else:
            self.message_user(request, gettext("The task is done."), messages.SUCCESS)
        address = reverse("admin:campaigns_campaignrecord_change", args=[record.pk])
        return HttpResponseRedirect(address)

    def _fetch(self, request: HttpRequest, object_id: str, permission: str) -> CampaignRecord:
        rows = CampaignRecord.objects.select_related("unit", "campaign__owner")
        return access(rows, unquote(object_id), actor=actor_of(request), permission=permission)

    @admin.display(description=_("kind"), ordering="kind")
    def kind_label(self, record: CampaignRecord) -> str:
        """In words."""
        return record.get_kind_display()

    @admin.display(description=pgettext_lazy("organisation", "unit"))
    def unit_name(self, record: CampaignRecord) -> str:
        """Of whom."""
        return record.unit.name

    @admin.display(description=_("campaign"))
    def campaign_name(self, record: CampaignRecord) -> str:
        """In which campaign."""
        return record.campaign.name

    @admin.display(description=_("text"))
    def shortened(self, record: CampaignRecord) -> str:
        """The beginning."""
        return record.text if len(record.text) <= 60 else f"{record.text[:60]}…"

    @admin.display(description=_("task"))
    def task_state(self, record: CampaignRecord) -> str:
        """Done, due, or late."""
        if record.kind != RecordKind.TASK:
            return "—"
        if record.done_on:
            return gettext("done on %(day)s") % {"day": record.done_on}
        if record.due_on is None:
            return pgettext("task", "open")
        late = record.due_on < local_today()
        look = "rejected" if late else "waiting"
        text = gettext("late, was due on %(day)s") if late else gettext("due on %(day)s")
        return format_html(
            '<span class="portal-chip portal-chip-{}">{}</span>',
            look,
            text % {"day": record.due_on},
        )


@admin.register(GoodPractice)
class GoodPracticeAdmin(ScopedModelAdmin):
    """Good practice of campaigns whose owner the viewer sees."""

    form = RememberingForm
    view_permission = "campaigns.view"
    change_permission = "campaigns.change"
    list_display = ("title", "campaign_name", "unit_name", "published_on")
    list_select_related = ("unit", "campaign__owner")
    search_fields = ("title", "campaign__name", "unit__name")
    ordering = ("-published_on", "-id")
    sortable_by = ("published_on",)
    autocomplete_fields = ("campaign", "unit")
    fields = ("campaign", "unit", "title", "text", "published_on")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Room for the text."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "text":
            field.widget = UnfoldAdminTextareaWidget(attrs={"rows": 8})
        if db_field.name == "published_on":
            field.help_text = gettext("On the public page from this day on; empty: not shown.")
        return field

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> GoodPractice:
        """Write down."""
        return save_practice(None, actor=actor_of(request), **values)

    def update_record(
        self, request: HttpRequest, record: GoodPractice, changes: dict[str, Any]
    ) -> None:
        """Change."""
        names = ("campaign", "title", "text", "unit", "published_on")
        stored = GoodPractice.objects.select_related("campaign", "unit").get(pk=record.pk)
        values = {name: getattr(stored, name) for name in names} | changes
        save_practice(stored, actor=actor_of(request), **values)

    @admin.display(description=_("campaign"))
    def campaign_name(self, practice: GoodPractice) -> str:
        """Of which."""
        return practice.campaign.name

    @admin.display(description=pgettext_lazy("organisation", "unit"))
    def unit_name(self, practice: GoodPractice) -> str:
        """Whose."""
        return practice.unit.name
