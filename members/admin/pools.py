"""Moving members from a holding pool to their union, several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext, gettext_lazy as _, ngettext

from core.errors import RuleViolation
from members.models import Membership, MobileWindow
from members.services.transfer import move_from_pool
from unions.admin.forms import UnionForMembersSelect, actor_of
from unions.kinds import HOLDING_POOL
from unions.models import Union
from unions.scope import can

if TYPE_CHECKING:
    from unions.admin.base import ScopedModelAdmin as Base
else:
    Base = object

MOST_AT_ONCE = 200
PERMISSION = "transfers.decide"


class TargetForm(forms.Form):
    """Which union they move to."""

    to_union = forms.ModelChoiceField(Union.objects.none(), label=_("Move to"))

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to_union"]
        field.queryset = Union.objects.visible_to(actor_of(request), PERMISSION).for_members()
        widget = UnionForMembersSelect(MobileWindow._meta.get_field("union"), admin.site)
        widget.choices = field.widget.choices
        field.widget = widget


class PoolMovesMixin(Base):
    """Adds the act to the admin of memberships."""

    def has_move_permission(self, request: HttpRequest) -> bool:
        """May the viewer decide on transfers anywhere?"""
        return can(actor_of(request), PERMISSION)

    @admin.action(description=_("Move from the pool to a union…"), permissions=["move"])
    def move_from_pool_selected(
        self, request: HttpRequest, queryset: QuerySet[Membership]
    ) -> HttpResponse | None:
        """Ask for the union; move when confirmed. No new application is needed."""
        chosen = list(queryset.select_related("member", "union")[: MOST_AT_ONCE + 1])
        if len(chosen) > MOST_AT_ONCE:
            self.message_user(
                request,
                gettext("At most %(limit)d members can be moved together.")
                % {"limit": MOST_AT_ONCE},
                messages.ERROR,
            )
            return None
        movable = sum(row.union.kind_id == HOLDING_POOL for row in chosen)
        if chosen and not movable:
            self.message_user(
                request, gettext("None of those chosen is in a holding pool."), messages.ERROR
            )
            return None
        confirmed = "confirmed" in request.POST
        form = TargetForm(request.POST if confirmed else None, request=request)
        if confirmed and form.is_valid():
            self._move(request, chosen, form.cleaned_data["to_union"])
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Move from the pool to a union"),
            "opts": self.opts,
            "form": form,
            "media": form.media,
            "chosen": chosen,
            "movable": movable,
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/members/move_from_pool.html", context)

    def _move(self, request: HttpRequest, chosen: list[Membership], target: Union) -> None:
        done = 0
        for membership in chosen:
            try:
                move_from_pool(membership, to_union=target, actor=actor_of(request))
                done += 1
            except RuleViolation as refusal:
                text = f"{membership.member.masked_name}: {refusal.message}"
                self.message_user(request, text, messages.ERROR)
            except Http404:
                text = f"{membership.member.masked_name}: {gettext('It is not in your scope.')}"
                self.message_user(request, text, messages.ERROR)
        if done:
            text = ngettext(
                "%(n)d member moves to %(union)s.", "%(n)d members move to %(union)s.", done
            )
            self.message_user(request, text % {"n": done, "union": target}, messages.SUCCESS)
