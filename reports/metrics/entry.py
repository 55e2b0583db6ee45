"""What the registry says about a metric."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from django.utils import translation
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Text: TypeAlias = "str | _StrPromise"

# A name after a single colon; `::date` is a cast.
_PLACEHOLDER = re.compile(r"(?<!:):([a-z_]+)")

SECTIONS: dict[str, Text] = {
    "people": _("Members and enrolment"),
    "units": _("Unions and units"),
    "services": _("Services and duties"),
    "targets": _("Targets and pace"),
}


@dataclass(frozen=True)
class Metric:
    """One figure: its meaning, and how anybody can compute it again.

    ``sql`` gives the figure as it is known now and takes what ``parameters`` lists; it is empty for
    what has no records here yet (``is_awaited``), and where a calendar is needed that is no table.
    ``numerator`` and ``denominator`` are empty for what is no ratio. ``version`` rises when the
    meaning changes, never with the wording.
    ``is_public``: may stand on public pages, small cells suppressed.
    """

    code: str
    section: str
    name: Text
    unit: Text
    formula: Text
    source: Text
    sql: str = ""
    numerator: Text = ""
    denominator: Text = ""
    version: int = 1
    is_public: bool = False
    is_awaited: bool = False

    @property
    def anchor(self) -> str:
        """Where it stands on the page 指标口径."""
        return f"metric-{self.code}"

    @property
    def parameters(self) -> list[str]:
        """The placeholders of ``sql``, each once, in their order."""
        return list(dict.fromkeys(_PLACEHOLDER.findall(self.sql)))

    @property
    def statement(self) -> str:
        """``sql`` as a database driver takes it: ``%(union_path)s`` for ``:union_path``."""
        return _PLACEHOLDER.sub(r"%(\1)s", self.sql.replace("%", "%%"))

    def name_in(self, language: str) -> str:
        """The name in a language, whatever the active one."""
        with translation.override(language):
            return str(self.name)
