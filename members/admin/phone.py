"""The page on which an official enters the new phone of a member who lost the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.translation import gettext, gettext_lazy as _

from core.errors import RuleViolation
from members.admin.member_pages import link_for_changers, member_to_change
from members.forms import MobileNumberField
from members.models import Member
from members.services.data_requests import NOTE_LENGTH, correct_phone
from unions.admin.forms import actor_of

if TYPE_CHECKING:
    from unions.admin.base import ReadOnlyAdmin as Base
else:
    Base = object


class NewPhoneForm(forms.Form):
    """The new number, and what the official has checked."""

    phone = MobileNumberField()
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Such as: lost the old number, identity card shown."),
        max_length=NOTE_LENGTH,
    )


class PhoneMixin(Base):
    """Adds ``<pk>/phone/`` to the member's page."""

    def get_urls(self) -> list[URLPattern]:
        """With the page."""
        return [*self.act_urls(phone=self.phone_view), *super().get_urls()]

    def phone_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the number and the reason; change it."""
        actor = actor_of(request)
        member = member_to_change(object_id, actor)
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
            **self.admin_site.each_context(request),
            "title": gettext("New mobile number"),
            "opts": Member._meta,
            "original": member,
            "member": member,
            "form": form,
            "back": back,
        }
        return TemplateResponse(request, "admin/members/phone.html", context)

    @admin.display(description=_("log-in"))
    def phone_link(self, member: Any) -> str:
        """The way to the page, for who may use it."""
        return link_for_changers(member, "phone", gettext("Change the mobile number…"))
