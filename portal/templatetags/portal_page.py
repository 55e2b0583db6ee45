"""What the head of every page asks of the portal."""

from __future__ import annotations

from django import template
from django.http import HttpRequest

from portal.admin_site import may_work as _may_work

register = template.Library()


@register.filter
def may_work(request: HttpRequest) -> bool:
    """Is there a workspace for who looks? Leaders read figures and have none."""
    return _may_work(request)
