"""Records that may be one person: found, put side by side, merged, and parted again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, gettext_lazy as _, pgettext_lazy

from accounts.models import User
from core.errors import RuleViolation
from members.likely_twins import mergeable, twins_in_scope
from members.models import Member, MemberMerge
from members.services.merging import (
    ABSORBED,
    KEPT,
    PERMISSION,
    MergeChoice,
    merge_members,
    undo_merge,
)
from members.services.viewing import log_view
from unions.admin.base import ReadOnlyAdmin
from unions.admin.forms import actor_of
from unions.admin.pages import LookedAtOnly
from unions.scope import access, can

SEX = {"1": _("male"), "2": _("female")}
SIDES = ((KEPT, _("left")), (ABSORBED, _("right")))


class MergeForm(forms.Form):
    """From which of the two each value is taken."""

    name = forms.ChoiceField(label=pgettext_lazy("person", "Name"), choices=SIDES, initial=KEPT)
    document = forms.ChoiceField(label=_("Document"), choices=SIDES, initial=KEPT)
    phone = forms.ChoiceField(label=_("Phone (opens the own page)"), choices=SIDES, initial=KEPT)
    birth = forms.ChoiceField(label=_("Date of birth, sex"), choices=SIDES, initial=KEPT)
    spell = forms.ChoiceField(label=_("Membership that goes on"), choices=SIDES, initial=KEPT)


@admin.register(MemberMerge)
class MemberMergeAdmin(LookedAtOnly, ReadOnlyAdmin):
    """Merges of records in the viewer's scope; undone here."""

    view_permission = PERMISSION
    scope_path = "kept__home_union__path"
    list_display = ("pair", "union", "merged_by", "merged_at", "undone_by", "undone_at")
    list_select_related = ("kept__home_union", "absorbed", "merged_by", "undone_by")
    sortable_by = ()
    list_before_template = "admin/members/merge_links.html"

    @admin.display(description=_("records"))
    def pair(self, merge: MemberMerge) -> str:
        """By number and masked name."""
        return f"{merge.kept_id} {merge.kept.masked_name} ← {merge.absorbed_id}"

    @admin.display(description=_("union"))
    def union(self, merge: MemberMerge) -> str:
        """Where the record is."""
        return str(merge.kept.home_union)

    def get_urls(self) -> list[URLPattern]:
        """With the pages of merging."""
        wrap = self.admin_site.admin_view
        own = [
            path("candidates/", wrap(self.candidates_view), name="members_membermerge_candidates"),
            path(
                "compare/<int:kept_id>/<int:absorbed_id>/",
                wrap(self.compare_view),
                name="members_membermerge_compare",
            ),
            path("<path:object_id>/undo/", wrap(self.undo_view), name="members_membermerge_undo"),
        ]
        return [*own, *super().get_urls()]

    def candidates_view(self, request: HttpRequest) -> HttpResponse:
        """Pairs that share the phone, or name and date of birth."""
        self._require(request)
        actor = actor_of(request)
        number = request.GET.get("member", "")
        of = None
        if number:
            of = access(Member.objects.all(), number, actor=actor, permission=PERMISSION)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Possible duplicates"),
            "opts": self.opts,
            "pairs": twins_in_scope(actor, of=of),
            "of": of,
        }
        return TemplateResponse(request, "admin/members/merge_candidates.html", context)

    def compare_view(self, request: HttpRequest, kept_id: int, absorbed_id: int) -> HttpResponse:
        """Side by side; choose; see what will be; merge."""
        self._require(request)
        actor = actor_of(request)
        assert isinstance(actor, User)
        kept, absorbed = (
            access(mergeable(actor), pk, actor=actor, permission=PERMISSION)
            for pk in (kept_id, absorbed_id)
        )
        form = MergeForm(request.POST if request.method == "POST" else None)
        preview = None
        if request.method == "POST" and form.is_valid():
            choice = MergeChoice(**form.cleaned_data)
            if "confirmed" not in request.POST:
                preview = choice
            else:
                try:
                    merge = merge_members(kept, absorbed, choice=choice, actor=actor)
                except RuleViolation as refusal:
                    form.add_error(None, str(refusal.message))
                else:
                    self.message_user(
                        request,
                        gettext("The two records are one. Both phones are being told."),
                        messages.SUCCESS,
                    )
                    return self._back(merge)
        return self._compare(request, kept, absorbed, form, preview)

    def _page(self, request: HttpRequest, merge: MemberMerge) -> HttpResponse:
        """One merge, and the way back."""
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Merge of two records"),
            "opts": self.opts,
            "original": merge,
            "merge": merge,
        }
        return TemplateResponse(request, "admin/members/merge.html", context)

    def undo_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Part them again."""
        merge = self._fetch(request, object_id)
        if request.method != "POST":
            return self.only_by_button(request, merge.pk)
        actor = actor_of(request)
        assert isinstance(actor, User)
        try:
            undo_merge(merge, actor=actor)
        except RuleViolation as refusal:
            self.message_user(request, str(refusal.message), messages.ERROR)
        else:
            self.message_user(request, gettext("Both records are as they were."), messages.SUCCESS)
        return self._back(merge)

    def _require(self, request: HttpRequest) -> None:
        if not can(actor_of(request), PERMISSION):
            raise PermissionDenied

    def _fetch(self, request: HttpRequest, object_id: str) -> MemberMerge:
        """A merge whose records are both in scope."""
        self._require(request)
        merge = self.get_object(request, unquote(object_id))
        if merge is None:
            self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        for pk in (merge.kept_id, merge.absorbed_id):
            access(Member.objects.all(), pk, actor=actor_of(request), permission=PERMISSION)
        return merge

    def _back(self, merge: MemberMerge) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:members_membermerge_change", args=[merge.pk]))

    def _compare(
        self,
        request: HttpRequest,
        kept: Member,
        absorbed: Member,
        form: MergeForm,
        preview: MergeChoice | None,
    ) -> HttpResponse:
        for record in (kept, absorbed):
            log_view(record, "member.viewed", union=record.home_union, actor=actor_of(request))
        left, right = _shown(kept), _shown(absorbed)
        both_open = left["spell"] != "—" and right["spell"] != "—"
        taken = asdict(preview) if preview is not None else {}
        chosen = {name: (right if side == ABSORBED else left)[name] for name, side in taken.items()}
        rows = [
            {
                "field": field,
                "left": left[field.name],
                "right": right[field.name],
                "result": chosen.get(field.name, ""),
            }
            for field in form
            if field.name != "spell" or both_open
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Are these one person?"),
            "opts": self.opts,
            "kept": kept,
            "absorbed": absorbed,
            "form": form,
            "rows": rows,
            "preview": preview,
            "both_open": both_open,
            "spells": [*_spells(kept), *_spells(absorbed)],
            "phone_changes": preview is not None and preview.phone == ABSORBED
            and bytes(kept.phone_hash) != bytes(absorbed.phone_hash),
        }  # fmt: skip
        return TemplateResponse(request, "admin/members/merge_compare.html", context)


def _shown(member: Member) -> dict[str, str]:
    """The record's values as they may stand on a screen."""
    spell = member.memberships.filter(ended_on=None).select_related("union").first()
    return {
        "name": member.name,
        "document": f"{member.get_id_type_display()} {member.masked_id_number}",
        "phone": member.masked_phone,
        "birth": f"{member.birth_date or '—'} {SEX.get(member.sex, '')}",
        "spell": f"{spell.union} · {spell.started_on}" if spell else "—",
    }


def _spells(member: Member) -> list[Any]:
    return list(member.memberships.select_related("union", "worker_group").order_by("started_on"))
