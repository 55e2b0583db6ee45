"""Reads are kept for a few seconds, and never what was not there."""

from __future__ import annotations

from typing import Any

from core.remembering import remembered


def test_a_read_is_kept_by_its_arguments(settings: Any) -> None:
    settings.REFERENCE_CACHE_SECONDS = 60
    calls: list[str] = []

    @remembered
    def read(code: str) -> str:
        calls.append(code)
        return code.lower()

    assert [read("A"), read("A"), read("B"), read("A")] == ["a", "a", "b", "a"]
    assert calls == ["A", "B"]


def test_what_is_not_there_is_asked_again(settings: Any) -> None:
    settings.REFERENCE_CACHE_SECONDS = 60
    found: list[str | None] = [None, "now it is there"]

    @remembered
    def read() -> str | None:
        return found.pop(0)

    assert [read(), read(), read()] == [None, "now it is there", "now it is there"]


def test_nothing_is_kept_where_the_setting_is_zero(settings: Any) -> None:
    settings.REFERENCE_CACHE_SECONDS = 0
    counted = iter(range(10))

    @remembered
    def read() -> int:
        return next(counted) + 1

    assert [read(), read()] == [1, 2]


def test_what_was_read_grows_old(settings: Any) -> None:
    settings.REFERENCE_CACHE_SECONDS = -1  # older than any moment
    counted = iter(range(10))

    @remembered
    def read() -> int:
        return next(counted) + 1

    assert [read(), read()] == [1, 2]
