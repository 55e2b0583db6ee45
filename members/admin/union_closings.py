"""Moving, merging and dissolving a union: what would happen, in figures; then how it goes.

The acts are linked from the page of the union. They stand here because they say what becomes of
its members.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _

from core.clock import local_today
from core.errors import RuleViolation
from members.models import MobileWindow
from members.services.closing_checks import (
    PERMISSION,
    check_dissolution,
    check_merger,
    extent_of,
    open_at,
)
from members.services.union_closing import (
    AT_ONCE,
    run_closing,
    start_dissolution,
    start_merger,
)
from unions.admin.base import ReadOnlyAdmin
from unions.admin.forms import RecordSelect, actor_of
from unions.admin.pages import LookedAtOnly
from unions.enums import ClosingStatus, UnionStatus
from unions.models import Union, UnionClosing
from unions.scope import Actor, access, can
from unions.services import move_union
from unions.services.rights import clean_reason, may_close, may_rearrange
from unions.services.unions import check_move

SECONDS_HERE = 5


def union_field(label: Any, *, required: bool = True, help_text: Any = "") -> Any:
    """A union to be looked up; its choices are set for the viewer."""
    return forms.ModelChoiceField(
        Union.objects.none(), label=label, required=required, help_text=help_text
    )


class RearrangingForm(forms.Form):
    """What an act asks for. ``check`` raises RuleViolation, ``run`` does it."""

    reason = forms.CharField(
        label=_("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 2})
    )
    # Which of the viewer's unions may be chosen, by permission, and a field like it to look up by.
    choices: ClassVar[dict[str, tuple[str, type[Model], str]]] = {}

    def __init__(self, *args: Any, union: Union, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.union, self.actor = union, actor
        for name, (permission, model, column) in self.choices.items():
            field: Any = self.fields[name]
            rows = Union.objects.visible_to(actor, permission).exclude(pk=union.pk)
            field.queryset = rows.filter(status=UnionStatus.ACTIVE)
            widget = RecordSelect(model._meta.get_field(column), admin.site)
            widget.choices = field.widget.choices
            field.widget = widget

    def clean_reason(self) -> str:
        """Not blank."""
        try:
            return clean_reason(self.cleaned_data["reason"])
        except RuleViolation as refusal:
            raise forms.ValidationError(str(refusal.message)) from refusal

    def check(self) -> None:
        """Raise RuleViolation if the service would."""
        raise NotImplementedError

    def run(self) -> UnionClosing | None:
        """Do it."""
        raise NotImplementedError


class MoveForm(RearrangingForm):
    """Under which union it stands from today on."""

    parent = union_field(_("New parent union"))
    choices = {"parent": ("unions.change", Union, "parent")}
    field_order = ("parent", "reason")

    def check(self) -> None:
        """As ``move_union``."""
        check_move(self.union, self.cleaned_data["parent"], actor=self.actor)

    def run(self) -> None:
        """Move."""
        data = self.cleaned_data
        move_union(self.union, to_parent=data["parent"], reason=data["reason"], actor=self.actor)


class MergeForm(RearrangingForm):
    """Into which union."""

    into = union_field(_("Merge into"))
    decision_number = forms.CharField(
        label=_("Number of the decision"), max_length=60, required=False
    )
    choices = {"into": ("unions.change", MobileWindow, "union")}
    field_order = ("into", "reason", "decision_number")

    def check(self) -> None:
        """As ``start_merger``."""
        check_merger(self.union, self.cleaned_data["into"], actor=self.actor)

    def run(self) -> UnionClosing:
        """Merge."""
        return start_merger(self.union, actor=self.actor, **self.cleaned_data)


class DissolveForm(RearrangingForm):
    """Where members go, and from when on it no longer stands."""

    memberships_to = union_field(
        _("Memberships go to"),
        required=False,
        help_text=_("Needed while there are members or applications."),
    )
    retains_members = forms.BooleanField(
        label=_("They are retained there"),
        required=False,
        help_text=_("Trade Union Law art. 13: the union above keeps the memberships, without dues "
                    "and vote, until the members have a union again."),
    )  # fmt: skip
    closed_on = forms.DateField(
        label=_("Dissolved on"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("The first day on which it no longer stands. Left open: tomorrow if somebody "
                    "is a member today, else today."),
    )  # fmt: skip
    decision_number = forms.CharField(
        label=_("Number of the decision"), max_length=60, required=False
    )
    choices = {"memberships_to": (PERMISSION, MobileWindow, "union")}
    field_order = (
        "memberships_to", "retains_members", "closed_on", "reason", "decision_number",
    )  # fmt: skip

    def check(self) -> None:
        """As ``start_dissolution``."""
        data = self.cleaned_data
        check_dissolution(
            self.union, data["memberships_to"], closed_on=data["closed_on"], actor=self.actor
        )

    def run(self) -> UnionClosing:
        """Dissolve."""
        return start_dissolution(self.union, actor=self.actor, **self.cleaned_data)


# The form of each act, its title, what it does in words, and who may.
ACTS: dict[str, tuple[type[RearrangingForm], Any, Any, Callable[[Actor, Union], bool]]] = {
    "move": (
        MoveForm,
        _("Move in the tree"),
        _("The union stands under another from today on, with everything below it. Past days keep "
          "their tree: what was published stays."),
        may_rearrange,
    ),
    "merge": (
        MergeForm,
        _("Merge into another union"),
        _("Members, applications, join codes and the unions below go over to the other union; this "
          "one is dissolved. Its members count here today and there from tomorrow."),
        lambda actor, union: can(actor, "unions.change", union),
    ),
    "dissolve": (
        DissolveForm,
        _("Dissolve the union"),
        _("By decision of its congress and with the approval of the union above (Trade Union Law "
          "art. 13). Join codes are closed, appointments end. Its past stays."),
        may_close,
    ),
}  # fmt: skip


@admin.register(UnionClosing)
class UnionClosingAdmin(LookedAtOnly, ReadOnlyAdmin):
    """Mergers and dissolutions in the viewer's scope, and the pages of the acts."""

    view_permission = "unions.view"
    list_display = ("union", "kind", "into", "asked_on", "closed_on", "status_chip")
    list_filter = ("kind", "status")
    list_select_related = ("union", "into")
    ordering = ("-id",)
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        """A page for each act on a union, and one to go on with what is under way."""
        wrap = self.admin_site.admin_view
        own = [
            path(
                f"{slug}/<path:union_id>/",
                wrap(self.act_view),
                {"slug": slug},
                name=f"unions_unionclosing_{slug}",
            )
            for slug in ACTS
        ]
        return [*own, *self.act_urls(go_on=self.go_on_view), *super().get_urls()]

    # -- columns ------------------------------------------------------------------------------

    @admin.display(description=_("asked"), ordering="asked_at")
    def asked_on(self, closing: UnionClosing) -> str:
        """The day."""
        return f"{closing.asked_at:%Y-%m-%d}"

    @admin.display(description=_("status"))
    def status_chip(self, closing: UnionClosing) -> str:
        """In words and colour."""
        colour = {"open": "waiting", "done": "approved"}.get(closing.status, "rejected")
        return format_html(
            '<span class="portal-chip portal-chip-{}">{}</span>',
            colour,
            closing.get_status_display(),
        )

    # -- pages --------------------------------------------------------------------------------

    def act_view(self, request: HttpRequest, union_id: str, slug: str) -> HttpResponse:
        """Ask; show what would happen; do it when that is confirmed."""
        actor = actor_of(request)
        if not can(actor, "unions.change"):
            raise PermissionDenied
        rows = Union.objects.select_related("kind", "parent")
        union = access(rows, union_id, actor=actor, permission="unions.change")
        form_class, title, hint, may = ACTS[slug]
        if union.status == UnionStatus.DISSOLVED:
            self.message_user(request, gettext("This union has been dissolved."), messages.ERROR)
            return self._to(union)
        if not may(actor, union):
            raise PermissionDenied
        sent = request.method == "POST"
        form = form_class(request.POST if sent else None, union=union, actor=actor)
        confirmed = "confirmed" in request.POST
        act = form.run if confirmed else form.check
        is_sound = sent and form.is_valid() and self._try(form, act)
        if is_sound and confirmed:
            return self._done(request, form, slug)
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": str(union),
            "opts": self.opts,
            "union": union,
            "slug": slug,
            "hint": hint,
            "form": form,
            "media": form.media,
            "extent": extent_of(union),
            "preview": form.cleaned_data if is_sound else None,
            "target": self._target(form) if is_sound else None,
            "at_once": AT_ONCE,
        }
        return TemplateResponse(request, "admin/members/union_act.html", context)

    def _try(self, form: RearrangingForm, act: Callable[[], Any]) -> bool:
        try:
            form.result = act()  # type: ignore[attr-defined]
        except RuleViolation as refusal:
            field = refusal.field if refusal.field in form.fields else None
            form.add_error(field, str(refusal.message))
            return False
        return True

    def _target(self, form: RearrangingForm) -> Union | None:
        data = form.cleaned_data
        return data.get("parent") or data.get("into") or data.get("memberships_to")

    def _done(self, request: HttpRequest, form: RearrangingForm, slug: str) -> HttpResponse:
        closing: UnionClosing | None = form.result  # type: ignore[attr-defined]
        if closing is None:
            self.message_user(request, gettext("The union has been moved."), messages.SUCCESS)
            return self._to(form.union)
        if closing.status == ClosingStatus.DONE:
            said = (
                gettext("The union has been merged.")
                if slug == "merge"
                else gettext("The union has been dissolved.")
            )
            self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:unions_unionclosing_change", args=[closing.pk]))

    def _to(self, union: Union) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:unions_union_change", args=[union.pk]))

    def _page(self, request: HttpRequest, closing: UnionClosing) -> HttpResponse:
        """How far it is, or what came of it."""
        left = open_at(closing.union) if closing.status == ClosingStatus.OPEN else 0
        total = max(closing.memberships, left)
        actor = actor_of(request)
        context = {
            **self.admin_site.each_context(request),
            "title": closing.get_kind_display(),
            "subtitle": str(closing.union),
            "opts": self.opts,
            "original": closing,
            "closing": closing,
            "left": left,
            "total": total,
            "carried": total - left,
            "is_open": closing.status == ClosingStatus.OPEN,
            "is_refused": closing.status == ClosingStatus.REFUSED,
            "may_go_on": can(actor, "unions.change", closing.union),
            "knows_into": closing.into is not None
            and can(actor, self.view_permission, closing.into),
            "today": local_today(),
        }
        return TemplateResponse(request, "admin/members/union_closing.html", context)

    def go_on_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Carry some over here and now, where no worker does."""
        closing = self._fetch(request, object_id)
        if not can(actor_of(request), "unions.change", closing.union):
            raise PermissionDenied
        if request.method != "POST":
            return self.only_by_button(request, closing.pk)
        run_closing(closing.pk, seconds=SECONDS_HERE)
        return HttpResponseRedirect(reverse("admin:unions_unionclosing_change", args=[closing.pk]))

    def _fetch(self, request: HttpRequest, object_id: str) -> UnionClosing:
        actor = actor_of(request)
        if not can(actor, self.view_permission):
            raise PermissionDenied
        rows: QuerySet[UnionClosing] = UnionClosing.objects.select_related(
            "union", "into", "asked_by"
        )
        return access(rows, unquote(object_id), actor=actor, permission=self.view_permission)  # type: ignore[arg-type]
