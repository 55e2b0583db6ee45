"""Typed columns of an imported or exported table.

Each is a widget of django-import-export: ``clean`` makes a value of a cell or raises ValueError
with a sentence for the official, ``render`` makes a cell of a value. What ``render`` writes,
``clean`` reads.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _, override
from import_export.widgets import Widget

from core.normalising import normalise_identifier, normalise_text
from reference.enums import RegionLevel
from reference.models import GroupSet, Region
from unions.models import Union
from unions.scope import Actor

LANGUAGES = ("zh-hans", "en")
_DATE_FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d", "%d/%m/%Y")
_MOST_DIGITS = 40
_SHOWN = 200  # characters
_MOST_LISTED = 10
_LIST_SEPARATORS = re.compile("[、，,;；|]")


class Column(Widget):
    """Plain text."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        """One clean line; numbers that a spreadsheet made of codes become text again."""
        return cell_text(value)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        """As it is."""
        return "" if value is None else value


class CodeColumn(Column):
    """An identifier: half-width, upper case, without blanks."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        """The normal form."""
        return normalise_identifier(cell_text(value))


class WholeNumber(Column):
    """A count; thousands separators are forgiven."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int | None:
        """The number, None for an empty cell."""
        number = _decimal(value)
        if number is None:
            return None
        if number != number.to_integral_value():
            raise ValueError(_("Enter a whole number."))
        return int(number)


class DecimalNumber(Column):
    """A figure; 12.5% means 0.125."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Decimal | None:
        """The number, None for an empty cell."""
        return _decimal(value)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        """A number in the sheet, without trailing zeros."""
        return "" if value is None else (int(value) if value == int(value) else float(value))


class DateColumn(Column):
    """A day, as Excel keeps it or as people write it."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> dt.date | None:
        """The day, None for an empty cell."""
        if isinstance(value, dt.datetime):
            return value.date()
        if isinstance(value, dt.date):
            return value
        text = cell_text(value).split(" ")[0].replace("／", "/").replace("．", ".")
        if not text:
            return None
        for form in _DATE_FORMS:
            try:
                return dt.datetime.strptime(text, form).date()  # noqa: DTZ007 -- a day, no instant
            except ValueError:
                continue
        raise ValueError(_("Enter a date such as 2023-09-06."))

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        """As text: 2023-09-06 reads the same in every spreadsheet."""
        return value.isoformat() if value else ""


class YesNo(Column):
    """是 or 否."""

    _YES = frozenset({"是", "有", "y", "yes", "true", "1", "√", "✓"})
    _NO = frozenset({"", "否", "无", "n", "no", "false", "0", "×"})

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool:
        """An empty cell means no."""
        if isinstance(value, bool):
            return value
        text = cell_text(value).lower()
        if text in self._YES:
            return True
        if text in self._NO:
            return False
        raise ValueError(_("Enter yes or no."))

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """In words."""
        return _("Yes") if value else _("No")


class Choice(Column):
    """One value of a fixed code list, by its label in either language or its code."""

    def __init__(self, choices: type[models.TextChoices], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = choices

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        """The code; empty stays empty."""
        text = cell_text(value)
        if not text:
            return ""
        for member in self.choices:
            if text in (member.value, *labels_in_all_languages(member.label)):
                return member.value
        allowed = "、".join(str(member.label) for member in self.choices)
        raise ValueError(_("Enter one of: %(choices)s.") % {"choices": allowed})

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """The label in the active language."""
        return str(self.choices(value).label) if value else ""


class NamedCode(Column):
    """A row of an editable code list, by code or by its name in either language."""

    def __init__(self, model: type[models.Model], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model = model
        self._known: dict[str, models.Model] | None = None

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        """The row, None for an empty cell."""
        text = cell_text(value)
        if not text:
            return None
        if self._known is None:
            self._known = {}
            for entry in self.rows():
                for key in self.keys_of(entry):
                    self._known.setdefault(key, entry)
        if text not in self._known:
            raise ValueError(_("“%(value)s” is not in the list.") % {"value": shortened(text)})
        return self._known[text]

    def rows(self) -> Iterable[Any]:
        """All rows; the first of those that share a name is the one meant."""
        return self.model._default_manager.all()

    def keys_of(self, entry: Any) -> tuple[str, ...]:
        """What an entry may be called."""
        return (str(entry.pk), entry.name_zh, entry.name_en)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """The name in the active language."""
        return value.name if value is not None else ""


class GroupSetColumn(NamedCode):
    """A group set by code or name: its newest version, or "set4:1"."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(GroupSet, **kwargs)

    def rows(self) -> Iterable[GroupSet]:
        """Newest version first."""
        return GroupSet.objects.order_by("code", "-version")

    def keys_of(self, entry: GroupSet) -> tuple[str, ...]:
        """Also the code with its version."""
        return (f"{entry.code}:{entry.version}", entry.code, entry.name_zh, entry.name_en)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """Code and version: exact."""
        return f"{value.code}:{value.version}" if value is not None else ""


class NamedCodes(NamedCode):
    """Several rows of a code list, separated by commas."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> list[Any]:
        """The rows in the order given."""
        parts = [part.strip() for part in _LIST_SEPARATORS.split(cell_text(value))]
        return [super(NamedCodes, self).clean(part) for part in parts if part]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """Names in the active language."""
        return "、".join(entry.name for entry in value.all()) if value is not None else ""


class RegionColumn(Column):
    """A region by its code, its full name, or a name that only one region bears."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._found: dict[str, Region] = {}

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Region | None:
        """The region, None for an empty cell."""
        text = cell_text(value).replace(" ", "")
        if not text:
            return None
        if text not in self._found:
            self._found[text] = self._find(text)
        return self._found[text]

    def _find(self, text: str) -> Region:
        if text[0].isascii():
            code = text.upper()
            matches = list(Region.objects.filter(Q(code=code) | Q(gb_code=code)).order_by("level"))
            # 370000 is both the national code of a province and of nothing below it.
            return self._only(matches[:1])
        rows = Region.objects.filter(level__lte=RegionLevel.TOWNSHIP)
        return self._only(list(rows.filter(full_name=text)[:2]) or list(rows.filter(name=text)[:2]))

    def _only(self, matches: list[Region]) -> Region:
        if not matches:
            raise ValueError(_("No region of this code or name."))
        if len(matches) > 1:
            raise ValueError(_("Several regions bear this name: enter the code."))
        return matches[0]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """The code: exact."""
        return value.pk if value is not None else ""


class UnionColumn(Column):
    """A union by its code, or by a name that only one union in the actor's scope bears.

    A union out of scope is refused in the very words for one that does not exist.
    """

    def __init__(self, permission: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.permission = permission
        self.actor: Actor = None
        self._found: dict[str, Union] = {}

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Union | None:
        """The union, None for an empty cell."""
        text = cell_text(value)
        if not text:
            return None
        if text not in self._found:
            self._found[text] = self._find(text)
        return self._found[text]

    def _find(self, text: str) -> Union:
        rows = Union.objects.visible_to(self.actor, self.permission).select_related("kind")
        matches = list(rows.filter(code=text)[:1]) or list(rows.filter(name=text)[:2])
        if not matches:
            raise ValueError(_("No union of this code or name."))
        if len(matches) > 1:
            raise ValueError(_("Several unions bear this name: enter the code."))
        return matches[0]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """The code where there is one."""
        return (value.code or value.name) if value is not None else ""


def cell_text(value: Any) -> str:
    """What stands in a cell, as one clean line."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()[:10]
    return normalise_text(str(value))


def shortened(text: str) -> str:
    """As much of a cell as a page shows: the rest is in the file."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def listed(names: Sequence[str]) -> str:
    """Names out of a file as a sentence has room for them: the first few, none of them whole
    pages long."""
    shown = "、".join(shortened(name) for name in names[:_MOST_LISTED])
    return shown if len(names) <= _MOST_LISTED else f"{shown}…"


def labels_in_all_languages(label: Any) -> set[str]:
    """A translatable label in every language of the interface."""
    found = set()
    for language in LANGUAGES:
        with override(language):
            found.add(normalise_text(str(label)))
    return found


def _decimal(value: Any) -> Decimal | None:
    text = cell_text(value).replace(",", "").replace("，", "")
    if not text:
        return None
    percent = text.endswith(("%", "％"))
    try:
        number = Decimal(text.rstrip("%％"))
    except InvalidOperation:
        raise ValueError(_("Enter a number.")) from None
    if not number.is_finite():
        raise ValueError(_("Enter a number."))
    # 1e999999 is short to write; to write it out takes minutes.
    if abs(number.adjusted()) > _MOST_DIGITS:
        raise ValueError(_("This number is too large."))
    return number / 100 if percent else number
