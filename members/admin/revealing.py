"""The page on which an official sees a member's full numbers, for a reason."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _

from core.errors import RuleViolation
from members.admin.queue import RevealForm
from members.models import Member
from members.services.revealing import reveal_member
from unions.admin.forms import actor_of
from unions.scope import access, can


class RevealMixin:
    """Adds ``<pk>/reveal/`` to the member's page; numbers appear only in the answer to a POST."""

    def get_urls(self) -> list[URLPattern]:
        """With the page."""
        page = path(
            "<path:object_id>/reveal/",
            self.admin_site.admin_view(self.reveal_view),  # type: ignore[attr-defined]
            name="members_member_reveal",
        )
        return [page, *super().get_urls()]  # type: ignore[misc]

    def reveal_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the reason, then show the numbers once."""
        actor = actor_of(request)
        if not can(actor, "members.view"):
            raise PermissionDenied
        member = access(
            Member.objects.select_related("home_union"),
            unquote(object_id),
            actor=actor,
            permission="members.view",
        )
        if not can(actor, "members.change", member.home_union):
            raise PermissionDenied
        form = RevealForm(request.POST if request.method == "POST" else None)
        revealed: dict[str, str] | None = None
        if form.is_valid():
            try:
                revealed = reveal_member(member, reason=form.cleaned_data["reason"], actor=actor)
            except RuleViolation as refusal:
                form.add_error("reason", str(refusal.message))
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": gettext("Full numbers"),
            "opts": Member._meta,
            "original": member,
            "member": member,
            "reveal_form": form,
            "revealed": revealed,
            "back": reverse("admin:members_member_change", args=[member.pk]),
        }
        return TemplateResponse(request, "admin/members/reveal.html", context)

    def reveal_link(self, member: Any) -> str:
        """The way to the page, for who may use it."""
        if not member.pk or not can(
            getattr(member, "viewer", None), "members.change", member.home_union
        ):
            return "—"
        return format_html(
            '<a class="portal-link" href="{}">{}</a>',
            reverse("admin:members_member_reveal", args=[member.pk]),
            gettext("Show ID number and phone…"),
        )

    reveal_link.short_description = _("full numbers")  # type: ignore[attr-defined]
