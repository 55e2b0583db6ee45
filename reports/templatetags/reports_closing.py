"""What stays with a union that ends, for pages of the apps below, which cannot ask themselves."""

from __future__ import annotations

from django import template

from reports.selectors.staying import Staying, staying_with
from unions.models import Union

register = template.Library()


@register.simple_tag
def staying(union: Union) -> Staying:
    """What hangs at ``union`` and is not carried over."""
    return staying_with(union)
