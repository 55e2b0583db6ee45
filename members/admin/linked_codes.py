"""A page that makes or ties a join code for something above: a campaign, a station."""

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
from members.models import JoinCode, MobileWindow
from unions.admin.forms import RecordSelect, actor_of
from unions.enums import UnionStatus
from unions.models import Union

# In the address of a search for codes: see UnusedCodeSelect.
UNUSED_BELOW = "unused_below"


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


class UnusedCodeSelect(RecordSelect):
    """A code to be tied: the search leaves out those that are used, closed or not ``below``."""

    below: Union | None = None

    def get_url(self) -> str:
        """The search, told so."""
        return f"{super().get_url()}?{UNUSED_BELOW}={self.below.pk if self.below else ''}"


class UnionOrCodeForm(UnionChoiceForm):
    """A new code of a union, or one that there is already; one of the two."""

    join_code = forms.ModelChoiceField(
        JoinCode.objects.none(),
        label=_("Or an existing code"),
        required=False,
        help_text=_(
            "Of a station, a window, a list or a platform, if nobody has applied through it yet."
        ),
    )

    def __init__(
        self, *args: Any, request: HttpRequest, site: AdminSite, below: Union, **kwargs: Any
    ) -> None:
        super().__init__(*args, request=request, site=site, **kwargs)
        self.fields["union"].required = False
        field: Any = self.fields["join_code"]
        field.queryset = JoinCode.objects.visible_to(
            actor_of(request), "join_codes.change"
        ).select_related("union")
        # Both relations lead to codes; this one is known here.
        widget = UnusedCodeSelect(MobileWindow._meta.get_field("join_code"), site)
        widget.below = below
        widget.choices = field.widget.choices
        field.widget = widget

    def clean(self) -> dict[str, Any]:
        """Neither is nothing to do; both would be two codes."""
        values: dict[str, Any] = super().clean() or {}
        if not self.errors and bool(values.get("union")) == bool(values.get("join_code")):
            self.add_error("union", gettext("Choose the union of a new code, or an existing code."))
        return values


def linked_code_page(
    request: HttpRequest,
    *,
    admin_site: AdminSite,
    record: Any,
    make_code: Callable[[Union], JoinCode],
    tie_code: Callable[[JoinCode], JoinCode] | None = None,
    below: Union | None = None,
    initial: int | None = None,
) -> HttpResponse:
    """Ask for the union, make the code by ``make_code``, and show it to be printed.

    With ``tie_code`` and ``below`` a code of a union below may be chosen instead.
    """
    given: dict[str, Any] = {"request": request, "site": admin_site, "initial": {"union": initial}}
    form = (
        UnionOrCodeForm(request.POST or None, below=below, **given)
        if tie_code is not None and below is not None
        else UnionChoiceForm(request.POST or None, **given)
    )
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data.get("join_code")
        try:
            if chosen is not None and tie_code is not None:
                code = tie_code(chosen)
                said = gettext("From now on whoever joins through %(code)s is counted here.")
            else:
                code = make_code(form.cleaned_data["union"])
                said = gettext("The code %(code)s is ready to be printed.")
        except RuleViolation as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, said % {"code": code.code})
            return HttpResponseRedirect(reverse("admin:members_joincode_change", args=[code.pk]))
    return TemplateResponse(
        request,
        "admin/members/linked_code.html",
        {
            **admin_site.each_context(request),
            "title": gettext("Join code") if tie_code else gettext("New join code"),
            "subtitle": str(record),
            "opts": record._meta,
            "original": record,
            "form": form,
            "media": form.media,
        },
    )
