"""What the pages beside a member's own have in common: whose they are, and the way there."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils.html import format_html

from members.models import Member
from unions.scope import Actor, access, can


def member_to_change(object_id: str, actor: Actor) -> Member:
    """The member of a page's address. Raises Http404 out of scope, PermissionDenied without the
    right to change members there."""
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
    return member


def link_for_changers(member: Any, page: str, words: str) -> str:
    """The way to ``page`` of ``member``; a dash for whoever may not change the member, and for a
    frozen record, which holds no number."""
    viewer = getattr(member, "viewer", None)
    if not member.pk or member.frozen_at is not None:
        return "—"
    if not can(viewer, "members.change", member.home_union):
        return "—"
    address = reverse(f"admin:members_member_{page}", args=[member.pk])
    return format_html('<a class="portal-link" href="{}">{}</a>', address, words)
