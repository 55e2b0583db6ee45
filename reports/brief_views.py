"""The own subscriptions to morning briefs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from core.client_address import client_block
from core.errors import RuleViolation
from members.code_form import CodeForm
from members.services.codes import code_to_show
from reports.brief_subscriptions import (
    end_brief,
    phone_of,
    prove_brief_phone,
    resend_brief_code,
    shown_target,
    subscribe_to_brief,
)
from reports.models import BriefSubscription
from reports.selectors.scope import PERMISSION, home_unions
from unions.models import Union
from unions.scope import access

Channel = BriefSubscription.Channel


class SubscribeForm(forms.Form):
    """Which union, and how. Which unions are offered, the page says."""

    union = forms.ChoiceField(label=gettext_lazy("Union"))
    channel = forms.ChoiceField(
        label=gettext_lazy("By"), choices=Channel.choices, widget=forms.RadioSelect
    )
    phone = forms.CharField(
        label=gettext_lazy("Mobile number"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )

    def __init__(self, *args: Any, unions: list[Union], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["union"].choices = [  # type: ignore[attr-defined]
            (str(union.pk), union.name) for union in unions
        ]


@never_cache
@sensitive_post_parameters("phone")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def brief(request: HttpRequest) -> HttpResponse:
    """What the viewer has subscribed to, and a form for more. ``?union=`` is offered first."""
    user = _user(request)
    offered = home_unions(user)
    if not offered:
        return render(request, "reports/no_union.html", status=403)
    asked = request.POST.get("union") if request.method == "POST" else request.GET.get("union")
    if asked and asked not in {str(union.pk) for union in offered}:
        offered = [access(Union.objects.all(), asked, actor=user, permission=PERMISSION), *offered]
    begun: dict[str, Any] = {"channel": Channel.EMAIL if user.email else Channel.SMS}
    if asked:
        begun["union"] = asked
    form = SubscribeForm(request.POST or None, unions=offered, initial=begun)
    if request.method == "POST" and form.is_valid():
        try:
            subscribe_to_brief(
                next(one for one in offered if str(one.pk) == form.cleaned_data["union"]),
                channel=form.cleaned_data["channel"],
                phone=form.cleaned_data["phone"],
                address=client_block(request),
                actor=user,
            )
        except RuleViolation as refusal:
            form.add_error(refusal.field, str(refusal.message))
        else:
            messages.success(request, _("Subscribed."))
            return redirect("reports:brief")
    return _page(request, user, form)


@sensitive_post_parameters("code")
@require_POST
@login_required
def prove(request: HttpRequest, pk: int) -> HttpResponse:
    """The code that was sent to the phone of a subscription."""
    user = _user(request)
    subscription = _own(user, pk)
    form = CodeForm(request.POST)
    if form.is_valid():
        try:
            prove_brief_phone(subscription, code=form.cleaned_data["code"], actor=user)
        except RuleViolation as refusal:
            form.add_error("code", str(refusal.message))
        else:
            messages.success(request, _("The phone is proven. The first brief comes tomorrow."))
            return redirect("reports:brief")
    offered = home_unions(user)
    return _page(request, user, SubscribeForm(unions=offered), proving=pk, code_form=form)


@require_POST
@login_required
def send_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Another code to the phone of a subscription."""
    user = _user(request)
    subscription = _own(user, pk)
    form = CodeForm({"code": ""})
    try:
        resend_brief_code(subscription, address=client_block(request), actor=user)
    except RuleViolation as refusal:
        if subscription.is_proven:  # its form is gone
            messages.warning(request, str(refusal.message))
            return redirect("reports:brief")
        form.errors.clear()
        form.add_error("code", str(refusal.message))
    else:
        messages.success(request, _("Another code is on its way."))
        return redirect("reports:brief")
    offered = home_unions(user)
    return _page(request, user, SubscribeForm(unions=offered), proving=pk, code_form=form)


@require_POST
@login_required
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a subscription."""
    user = _user(request)
    end_brief(_own(user, pk), actor=user)
    messages.success(request, _("The subscription has ended."))
    return redirect("reports:brief")


def _page(
    request: HttpRequest,
    user: User,
    form: SubscribeForm,
    *,
    proving: int | None = None,
    code_form: CodeForm | None = None,
) -> HttpResponse:
    rows = BriefSubscription.objects.filter(user=user, ended_at__isnull=True)
    shown = [
        {
            "row": row,
            "target": shown_target(row),
            "form": code_form if code_form and row.pk == proving else CodeForm(),
            "code": "" if row.is_proven else code_to_show(phone_of(row) or ""),
        }
        for row in rows.select_related("union", "user")
    ]
    return render(request, "reports/brief.html", {"form": form, "rows": shown, "channels": Channel})


def _own(user: User, pk: int) -> BriefSubscription:
    rows = BriefSubscription.objects.select_related("union", "user")
    return get_object_or_404(rows, pk=pk, user=user, ended_at__isnull=True)


def _user(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user
