"""A page that makes a join code for something above: a campaign, a station."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.sites import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy as _

from core.errors import RuleViolation
from members.models import JoinCode
from unions.admin.forms import RecordSelect, actor_of
from unions.enums import UnionStatus
from unions.models import Union


class UnionChoiceForm(forms.Form):
    """Which union people join through the code."""

    union = forms.ModelChoiceField(Union.objects.none(), label=_("Union"))

    def __init__(self, *args: Any, request: HttpRequest, site: AdminSite, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["union"]
        field.queryset = Union.objects.visible_to(actor_of(request), "join_codes.change").filter(
            kind__enrols_members=True, status=UnionStatus.ACTIVE
        )
        widget = RecordSelect(JoinCode._meta.get_field("union"), site)
        widget.choices = field.widget.choices
        field.widget = widget


def linked_code_page(
    request: HttpRequest,
    *,
    admin_site: AdminSite,
    record: Any,
    make_code: Callable[[Union], JoinCode],
    initial: int | None = None,
) -> HttpResponse:
    """Ask for the union, make the code by ``make_code``, and show it to be printed."""
    form = UnionChoiceForm(
        request.POST or None, request=request, site=admin_site, initial={"union": initial}
    )
    if request.method == "POST" and form.is_valid():
        try:
            code = make_code(form.cleaned_data["union"])
        except RuleViolation as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(
                request,
                gettext("The code %(code)s is ready to be printed.") % {"code": code.code},
            )
            return HttpResponseRedirect(reverse("admin:members_joincode_change", args=[code.pk]))
    return TemplateResponse(
        request,
        "admin/members/linked_code.html",
        {
            **admin_site.each_context(request),
            "title": gettext("New join code"),
            "subtitle": str(record),
            "opts": record._meta,
            "original": record,
            "form": form,
            "media": form.media,
        },
    )
