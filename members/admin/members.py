"""The register: people, their memberships, and the ledger. Read only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, gettext_lazy as _, pgettext_lazy

from core.encryption import blind_index
from core.errors import RuleViolation
from core.normalising import normalise_identifier, normalise_text
from core.phone import normalise_phone
from members.admin.membership_acts import AnnouncementFilter, MembershipActs, ProposalFilter
from members.admin.phone import PhoneMixin
from members.admin.pools import PoolMovesMixin
from members.admin.revealing import RevealMixin
from members.admin.viewing import LogsViews
from members.models import Member, Membership, MembershipEvent
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT
from unions.admin.base import ReadOnlyAdmin
from unions.admin.forms import actor_of


def person_condition(term: str, *, prefix: str = "") -> Q:
    """People by the beginning of their name, or by a whole phone or ID number."""
    number = normalise_identifier(term)
    found = Q(**{f"{prefix}name__startswith": term})
    if number.isascii():
        found |= Q(**{f"{prefix}id_number_hash": blind_index(number, context=ID_NUMBER_CONTEXT)})
        try:
            phone = normalise_phone(number)
        except RuleViolation:
            return found
        found |= Q(**{f"{prefix}phone_hash": blind_index(phone, context=PHONE_CONTEXT)})
    return found


@admin.register(Member)
class MemberAdmin(LogsViews, PhoneMixin, RevealMixin, ReadOnlyAdmin):
    """People whose present or last union is in the viewer's scope."""

    view_permission = "members.view"
    list_display = ("name", "id_shown", "phone_shown", "sex_label", "birth_date", "home_union")
    list_select_related = ("home_union",)
    search_fields = ("name__startswith",)
    search_help_text = _("Beginning of the name, or whole phone or ID number")
    ordering = ("-id",)
    sortable_by = ()  # the register is searched; sorting millions of rows helps nobody
    fieldsets = (
        (
            _("Person"),
            {
                "fields": (
                    ("name", "home_union"),
                    ("id_type", "id_shown"),
                    ("phone_shown", "birth_date"),
                    ("reveal_link", "phone_link"),
                )
            },
        ),
        (_("Memberships and events"), {"fields": ("trail",)}),
    )
    readonly_fields = ("id_shown", "phone_shown", "reveal_link", "phone_link", "trail")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Records merged into another one are not listed."""
        return super().get_queryset(request).filter(merged_into=None)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Member], search_term: str
    ) -> tuple[QuerySet[Member], bool]:
        """Numbers only as a whole, by their hash."""
        term = normalise_text(search_term)
        return (queryset.filter(person_condition(term)) if term else queryset), False

    @admin.display(description=_("ID number"))
    def id_shown(self, member: Member) -> str:
        """Masked."""
        return member.masked_id_number

    @admin.display(description=_("phone"))
    def phone_shown(self, member: Member) -> str:
        """Masked."""
        return member.masked_phone

    @admin.display(description=_("sex"))
    def sex_label(self, member: Member) -> str:
        """GB/T 2261.1."""
        return {"1": gettext("male"), "2": gettext("female")}.get(member.sex, "—")

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """With what the trail needs to know about the viewer."""
        member = super().get_object(request, object_id, from_field)
        if member is not None:
            member.viewer = actor_of(request)
        return member

    @admin.display(description=_("ledger"))
    def trail(self, member: Any) -> str:
        """What happened, newest first, as far as it is in the viewer's scope."""
        events = (
            MembershipEvent.objects.visible_to(member.viewer, "members.view")
            .filter(membership__member=member)
            .select_related("union", "counterpart", "worker_group", "actor")
            .order_by("-effective_on", "-id")
        )
        rows = format_html_join(
            "",
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            (
                (
                    event.effective_on.isoformat(),
                    event.get_type_display(),
                    event.union,
                    event.worker_group,
                    event.get_channel_display(),
                    event.actor or "—",
                )
                for event in events
            ),
        )
        heads = format_html_join(
            "",
            "<th>{}</th>",
            (
                (title,)
                for title in (
                    gettext("Date"), gettext("Event"), gettext("Union"), gettext("Worker group"),
                    gettext("Way of joining"), gettext("Done by"),
                )
            ),
        )  # fmt: skip
        return format_html(
            '<div class="portal-scroll" tabindex="0" role="region" aria-label="{}">'
            '<table class="portal-table"><thead><tr>{}</tr></thead>'
            "<tbody>{}</tbody></table></div>",
            gettext("ledger"),
            heads,
            rows,
        )


@admin.register(Membership)
class MembershipAdmin(LogsViews, PoolMovesMixin, MembershipActs, ReadOnlyAdmin):
    """Spells of membership at unions in the viewer's scope."""

    view_permission = "members.view"
    list_display = (
        "person", "union", "worker_group", "status_label", "channel_label", "started_on",
        "ended_on",
    )  # fmt: skip
    list_filter = (ProposalFilter, AnnouncementFilter, "status", "worker_group", "channel")
    actions = (*MembershipActs.actions, "move_from_pool_selected")
    list_select_related = ("member", "union", "worker_group")
    search_fields = ("member__name__startswith",)
    search_help_text = _("Beginning of the name, or whole phone or ID number")
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        ("person", "union"), ("worker_group", "employer_name"), ("status", "channel"),
        ("started_on", "ended_on"),
    )  # fmt: skip
    readonly_fields = ("person",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Membership], search_term: str
    ) -> tuple[QuerySet[Membership], bool]:
        """Numbers only as a whole, by their hash."""
        term = normalise_text(search_term)
        if not term:
            return queryset, False
        return queryset.filter(person_condition(term, prefix="member__")), False

    @admin.display(description=pgettext_lazy("person", "name"), ordering="member__name")
    def person(self, membership: Membership) -> str:
        """The member's name."""
        return membership.member.name

    @admin.display(description=_("status"), ordering="status")
    def status_label(self, membership: Membership) -> str:
        """In words."""
        return membership.get_status_display()

    @admin.display(description=_("way of joining"), ordering="channel")
    def channel_label(self, membership: Membership) -> str:
        """In words."""
        return membership.get_channel_display()
