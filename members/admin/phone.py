"""The page on which an official enters the new phone of a member who lost the old one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _

from core.errors import RuleViolation
from members.forms import MobileNumberField
from members.models import Member
from members.services.data_requests import NOTE_LENGTH, correct_phone
from unions.admin.forms import actor_of
from unions.scope import access, can


class NewPhoneForm(forms.Form):
    """The new number, and what the official has checked."""

    phone = MobileNumberField()
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Such as: lost the old number, identity card shown."),
        max_length=NOTE_LENGTH,
    )


class PhoneMixin:
    """Adds ``<pk>/phone/`` to the member's page."""

    def get_urls(self) -> list[URLPattern]:
        """With the page."""
        page = path(
            "<path:object_id>/phone/",
            self.admin_site.admin_view(self.phone_view),  # type: ignore[attr-defined]
            name="members_member_phone",
        )
        return [page, *super().get_urls()]  # type: ignore[misc]

    def phone_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the number and the reason; change it."""
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
        back = reverse("admin:members_member_change", args=[member.pk])
        form = NewPhoneForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                correct_phone(member, actor=actor, **form.cleaned_data)
            except RuleViolation as refusal:
                field = refusal.field if refusal.field in form.fields else None
                form.add_error(field, str(refusal.message))
            else:
                messages.success(
                    request, gettext("The mobile number is changed. The old one was told.")
                )
                return HttpResponseRedirect(back)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": gettext("New mobile number"),
            "opts": Member._meta,
            "original": member,
            "member": member,
            "form": form,
            "back": back,
        }
        return TemplateResponse(request, "admin/members/phone.html", context)

    def phone_link(self, member: Any) -> str:
        """The way to the page, for who may use it."""
        if not member.pk or not can(
            getattr(member, "viewer", None), "members.change", member.home_union
        ):
            return "—"
        return format_html(
            '<a class="portal-link" href="{}">{}</a>',
            reverse("admin:members_member_phone", args=[member.pk]),
            gettext("Change the mobile number…"),
        )

    phone_link.short_description = _("log-in")  # type: ignore[attr-defined]
