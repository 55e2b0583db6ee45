"""Writing regions by hand. Loading them from the package is in `reference.loading`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import RuleViolation
from core.locks import advisory_lock
from core.normalising import normalise_text
from reference.codes import own_area_code
from reference.enums import RegionKind, RegionLevel
from reference.models import Region

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

MOST_OWN_AREAS = 99


@transaction.atomic
def add_functional_area(parent: Region, *, name: str, actor: AbstractBaseUser | None) -> Region:
    """Add an area that the statistics do not know, one level below `parent`, with the next free
    code `<parent>F01` to `F99`.

    This app lies below the audit log: a caller that lets `actor` do this records it, in the same
    transaction. Raises RuleViolation for a parent that can have no areas (village, own area), an
    empty name or a name already there, and when all codes are used.
    """
    name = normalise_text(name)
    if not name:
        raise RuleViolation(_("Enter a name."), field="name", code="region_name")
    if parent.level == RegionLevel.VILLAGE or parent.is_own_area:
        raise RuleViolation(
            _("This region cannot have functional areas."), field="parent", code="region_parent"
        )
    # Two officials at once would draw the same number.
    advisory_lock(f"reference.functional_areas.{parent.pk}")
    siblings = Region.objects.filter(parent=parent)
    if siblings.filter(name=name).exists():
        raise RuleViolation(
            _("A region of this name is already there."), field="name", code="region_duplicate"
        )
    taken = siblings.filter(code__startswith=f"{parent.pk}F").values_list("code", flat=True)
    number = max((int(code[-2:]) for code in taken), default=0) + 1
    if number > MOST_OWN_AREAS:
        raise RuleViolation(
            _("All codes for functional areas of this region are used."),
            field="parent",
            code="region_codes_used",
        )
    code = own_area_code(parent.pk, number)
    return Region.objects.create(
        code=code,
        gb_code=code,
        name=name,
        full_name=parent.full_name + name,
        level=parent.level + 1,
        kind=RegionKind.FUNCTIONAL_AREA,
        parent=parent,
    )
