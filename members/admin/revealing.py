"""The page on which an official sees a member's full numbers, for a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.translation import gettext, gettext_lazy as _

from core.errors import RuleViolation
from members.admin.member_pages import link_for_changers, member_to_change
from members.admin.queue import RevealForm
from members.models import Member
from members.services.revealing import reveal_member
from unions.admin.forms import actor_of

if TYPE_CHECKING:
    from unions.admin.base import ReadOnlyAdmin as Base
else:
    Base = object


class RevealMixin(Base):
    """Adds ``<pk>/reveal/`` to the member's page; numbers appear only in the answer to a POST."""

    def get_urls(self) -> list[URLPattern]:
        """With the page."""
        return [*self.act_urls(reveal=self.reveal_view), *super().get_urls()]

    def reveal_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the reason, then show the numbers once."""
        actor = actor_of(request)
        member = member_to_change(object_id, actor)
        form = RevealForm(request.POST if request.method == "POST" else None)
        revealed: dict[str, str] | None = None
        if form.is_valid():
            try:
                revealed = reveal_member(member, reason=form.cleaned_data["reason"], actor=actor)
            except RuleViolation as refusal:
                form.add_error("reason", str(refusal.message))
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": gettext("Full numbers"),
            "opts": Member._meta,
            "original": member,
            "member": member,
            "reveal_form": form,
            "revealed": revealed,
            "back": reverse("admin:members_member_change", args=[member.pk]),
        }
        return TemplateResponse(request, "admin/members/reveal.html", context)

    @admin.display(description=_("full numbers"))
    def reveal_link(self, member: Any) -> str:
        """The way to the page, for who may use it."""
        return link_for_changers(member, "reveal", gettext("Show ID number and phone…"))
