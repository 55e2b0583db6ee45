"""The owner's page of a paper: who has handed it in, who is late, and reminding them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.translation import gettext, gettext_lazy as _, ngettext, pgettext_lazy

from campaigns.models import Requirement
from campaigns.selectors.hand_ins import standing_of, tallies
from campaigns.services.reminders import out_of_reach, remind_now
from core.clock import local_today
from core.errors import RuleViolation
from core.pagination import BoundedPaginator
from unions.admin.base import ReadOnlyAdmin
from unions.admin.forms import actor_of
from unions.scope import access, can

PAGE_SIZE = 100
# So many units are named in a message; the list below marks them all.
NAMED = 200


@admin.register(Requirement)
class RequirementAdmin(ReadOnlyAdmin):
    """Papers that owners in the viewer's scope ask for; changed on the campaign's page."""

    view_permission = "campaigns.view"
    list_display = ("__str__", "owner", "due_on", "required_of_label", "standing")
    list_filter = ("kind",)
    list_select_related = ("campaign__owner",)
    search_fields = ("campaign__name",)
    ordering = ("-due_on", "-id")
    sortable_by = ("due_on",)
    fields = ("campaign_name", ("kind", "due_on"), "required_of", "instructions")
    readonly_fields = ("campaign_name",)
    change_form_outer_before_template = "admin/campaigns/requirement.html"

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With how far each is, for the rows of the page."""
        page = super().get_changelist_instance(request)
        counted = tallies(page.result_list)
        for requirement in page.result_list:
            requirement.tally = counted[requirement.pk]
        return page

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With every unit that owes the paper."""
        context: dict[str, Any] = {**(extra_context or {})}
        requirement = self.get_object(request, unquote(object_id))
        if isinstance(requirement, Requirement) and request.method == "GET":
            rows = standing_of(requirement, local_today())
            page = BoundedPaginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
            owner = requirement.campaign.owner
            reminders = requirement.reminders.told().filter(unit__in=[row.unit for row in page])
            last = dict(reminders.order_by().values_list("unit").annotate(last=Max("at")))
            deaf = {unit.pk for unit in out_of_reach(requirement)}
            context |= {
                "units_page": page,
                "unit_rows": [(row, last.get(row.unit.pk), row.unit.pk in deaf) for row in page],
                "tally": tallies([requirement])[requirement.pk],
                "late_count": sum(row.is_open and row.is_late for row in rows),
                "may_decide": can(actor_of(request), "campaigns.change", owner),
            }
        return super().change_view(request, object_id, form_url, context)

    def get_urls(self) -> list[URLPattern]:
        """Also reminding now."""
        return [*self.act_urls(remind=self.remind_view), *super().get_urls()]

    def remind_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send a letter to every unit that still owes the paper."""
        actor = actor_of(request)
        if not can(actor, "campaigns.change"):
            raise PermissionDenied
        rows = Requirement.objects.select_related("campaign__owner")
        requirement = access(rows, unquote(object_id), actor=actor, permission="campaigns.change")
        if request.method != "POST":
            return self.only_by_button(request, requirement.pk)
        try:
            outcome = remind_now(requirement, actor=actor)
        except RuleViolation as refusal:
            self.message_user(request, str(refusal.message), messages.ERROR)
        else:
            deaf = out_of_reach(requirement)
            if n := len(outcome.reached):
                text = ngettext("A letter went to %d unit.", "A letter went to %d units.", n)
                self.message_user(request, text % n, messages.SUCCESS)
            elif outcome.unreached:
                self.message_user(request, gettext("Nobody was reached."), messages.ERROR)
            else:
                none = gettext("Whom a letter can reach has been reminded today.")
                self.message_user(request, none, messages.INFO)
            without = {unit.pk for unit in deaf}
            if refused := [unit for unit in outcome.unreached if unit.pk not in without]:
                names = "、".join(unit.name for unit in refused[:NAMED])
                warning = gettext("The mail server takes no address of: %(names)s")
                self.message_user(request, warning % {"names": names}, messages.WARNING)
            if deaf:
                names = "、".join(unit.name for unit in deaf[:NAMED])
                warning = ngettext(
                    "No letter to %(n)d unit, which has no official with an e-mail address; ring "
                    "it: %(names)s",
                    "No letter to %(n)d units, which have no official with an e-mail address; ring "
                    "them: %(names)s",
                    len(deaf),
                )
                values = {"n": len(deaf), "names": names + ("…" if len(deaf) > NAMED else "")}
                self.message_user(request, warning % values, messages.WARNING)
        address = reverse("admin:campaigns_requirement_change", args=[requirement.pk])
        return HttpResponseRedirect(address)

    @admin.display(description=_("owner union"))
    def owner(self, requirement: Requirement) -> str:
        """Who asks."""
        return requirement.campaign.owner.name

    @admin.display(description=_("campaign"))
    def campaign_name(self, requirement: Requirement) -> str:
        """Whose paper."""
        return requirement.campaign.name

    @admin.display(description=pgettext_lazy("to hand in", "from"))
    def required_of_label(self, requirement: Requirement) -> str:
        """Which units."""
        return requirement.get_required_of_display()

    @admin.display(description=_("handed in"))
    def standing(self, requirement: Any) -> str:
        """Done of all, and those that wait for the owner."""
        tally = requirement.tally
        done = tally.waiting + tally.accepted
        waiting = gettext("%d to look at") % tally.waiting
        return f"{done} / {tally.units}" + (f" · {waiting}" if tally.waiting else "")
