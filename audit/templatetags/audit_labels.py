"""Template tags that put entries of the trail into words."""

from __future__ import annotations

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from audit import labels
from audit.models import AuditEntry

register = template.Library()


@register.filter
def action_label(action: str) -> str:
    """The action in words."""
    return labels.action_label(action)


@register.filter
def record_label(object_type: str) -> str:
    """The kind of record in words."""
    return labels.record_label(object_type)


@register.simple_tag
def audit_details(entry: AuditEntry) -> SafeString:
    """The details, one a line: a value, or old → new."""
    subject = labels.subject_of(entry.action, entry.object_type)
    lines = []
    for name, value in entry.data.items():
        parts = value if isinstance(value, list) else [value]
        words = [labels.detail_value(subject, name, part) for part in parts]
        shown = " → ".join(words) if len(words) == 2 else ", ".join(words)
        lines.append((labels.detail_label(subject, name), shown))
    return format_html_join("", '<div class="portal-detail"><b>{}</b> {}</div>', lines)
