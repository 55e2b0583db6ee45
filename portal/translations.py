"""Translations without the system's gettext: collect, compile and check them with Babel.

English is the source; `locale/zh_Hans` holds the Chinese. The .po file carries neither line
numbers nor dates, so that it changes only where a text changes; .mo files are built, not kept.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

BASE_DIR = Path(__file__).resolve().parent.parent
LOCALE = "zh_Hans"
DOMAIN = "django"
TEMPLATE_SUFFIXES = frozenset({".html", ".txt", ".xml", ".svg"})

# Django's functions: which argument is the text, the plural, the context ("c").
_SINGLE: tuple[int, ...] = (1,)
_KEYWORDS: dict[str, tuple[int | tuple[int, str], ...]] = {
    "_": _SINGLE,
    "gettext": _SINGLE,
    "gettext_lazy": _SINGLE,
    "gettext_noop": _SINGLE,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_COMMENT_TAGS = ("Translators:",)
_HEADER = """\
# Chinese texts of the union membership portal.
# Kept by `manage.py translations extract`; fill in msgstr, then `manage.py translations check`.
msgid ""
msgstr ""
"Language: zh_Hans\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""
_PLACEHOLDER = re.compile(r"%\(\w+\)[sdf]|%[sdf]|\{\w*\}")

Key = tuple[str, str | None]


@dataclass
class Problems:
    """What keeps a translation from being complete: texts as a person would look for them."""

    missing: list[str] = field(default_factory=list)
    fuzzy: list[str] = field(default_factory=list)
    obsolete: list[str] = field(default_factory=list)
    placeholders: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.missing or self.fuzzy or self.obsolete or self.placeholders)


@dataclass(frozen=True)
class Update:
    """The outcome of bringing a .po file in line with the source."""

    total: int
    added: int
    removed: int
    untranslated: int


def po_path(base: Path = BASE_DIR) -> Path:
    """The file that people edit."""
    return base / "locale" / LOCALE / "LC_MESSAGES" / f"{DOMAIN}.po"


def extract_messages(base: Path = BASE_DIR) -> Catalog:
    """Every text that the apps' Python modules and the templates mark for translation."""
    catalog = Catalog(locale=LOCALE)
    for path in _python_files(base):
        _add(catalog, path.read_bytes())
    for path in _template_files(base):
        _add(catalog, _as_python(path))
    return catalog


def read_catalog(path: Path) -> Catalog:
    """The translations in a .po file; an empty catalog where there is no file yet."""
    if not path.is_file():
        return Catalog(locale=LOCALE)
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE, abort_invalid=True)


def update_catalog(path: Path, source: Catalog) -> Update:
    """Rewrite the .po file with exactly the texts of `source`, keeping what is translated.

    Texts that are gone are dropped: the version history has them.
    """
    known = _by_key(read_catalog(path))
    merged = Catalog(locale=LOCALE)
    added = untranslated = 0
    for message in _messages(source):
        before = known.pop(_key(message), None)
        text = before.string if before is not None else None
        if isinstance(text, tuple) and not message.pluralizable:
            text = text[0]
        elif isinstance(text, str) and message.pluralizable:
            text = (text,)
        merged.add(
            message.id,
            text,
            context=message.context,
            flags=before.flags & {"fuzzy"} if before is not None else (),
            auto_comments=message.auto_comments,
            user_comments=before.user_comments if before is not None else (),
        )
        added += before is None
        untranslated += not _is_translated(text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_as_po(merged), encoding="utf-8")
    return Update(total=len(merged), added=added, removed=len(known), untranslated=untranslated)


def compile_catalog(path: Path) -> int:
    """Build the .mo file beside a .po file. Returns the number of translated texts.

    Raises FileNotFoundError if there is no .po file.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    catalog = read_catalog(path)
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    # At once, for a server that starts at this moment.
    building = path.with_suffix(".mo.part")
    building.write_bytes(buffer.getvalue())
    building.replace(path.with_suffix(".mo"))
    return sum(_is_translated(m.string) and not m.fuzzy for m in _messages(catalog))


def find_problems(source: Catalog, translated: Catalog) -> Problems:
    """Compare the texts in the source with their translations."""
    problems = Problems()
    known = _by_key(translated)
    for message in _messages(source):
        translation = known.pop(_key(message), None)
        label = _label(message)
        if translation is None or not _is_translated(translation.string):
            problems.missing.append(label)
        elif translation.fuzzy:
            problems.fuzzy.append(label)
        elif any(
            _placeholders(text) != _placeholders(_longest_id(message))
            for text in _strings(translation.string)
        ):
            problems.placeholders.append(label)
    problems.obsolete.extend(_label(message) for message in known.values())
    return problems


def _python_files(base: Path) -> Iterator[Path]:
    for app in _apps(base):
        for path in sorted(app.rglob("*.py")):
            if "migrations" not in path.relative_to(base).parts:
                yield path


def _template_files(base: Path) -> Iterator[Path]:
    folders = [base / "templates", *(app / "templates" for app in _apps(base))]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in TEMPLATE_SUFFIXES and path.is_file():
                yield path


def _apps(base: Path) -> list[Path]:
    return sorted(path.parent for path in base.glob("*/apps.py"))


def _as_python(template: Path) -> bytes:
    """A template as gettext calls that Babel's Python reader understands."""
    calls = templatize(template.read_text(encoding="utf-8"), origin=str(template))
    # The template's indentation means nothing, but Python's tokenizer would stumble over it.
    return "\n".join(line.strip() for line in calls.splitlines()).encode()


def _add(catalog: Catalog, python: bytes) -> None:
    found = extract("python", io.BytesIO(python), _KEYWORDS, _COMMENT_TAGS)
    for _line, text, comments, context in found:
        catalog.add(text, context=context, auto_comments=comments)


def _messages(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def _key(message: Message) -> Key:
    """The singular alone, as in gettext: a text and its plural form are one entry."""
    text = message.id[0] if message.pluralizable else message.id
    return str(text), message.context


def _by_key(catalog: Catalog) -> dict[Key, Message]:
    return {_key(message): message for message in _messages(catalog)}


def _label(message: Message) -> str:
    text, context = _key(message)
    return f"{text} [{context}]" if context else text


def _strings(string: object) -> tuple[str, ...]:
    return tuple(string) if isinstance(string, list | tuple) else (str(string or ""),)


def _is_translated(string: object) -> bool:
    return all(text.strip() for text in _strings(string))


def _longest_id(message: Message) -> str:
    """The plural where there is one: a singular may spell the number out."""
    return str(message.id[1]) if message.pluralizable else str(message.id)


def _placeholders(text: str) -> Iterable[str]:
    return sorted(set(_PLACEHOLDER.findall(text.replace("%%", ""))))


def _as_po(catalog: Catalog) -> str:
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=0, no_location=True, omit_header=True, sort_output=True)
    return _HEADER + buffer.getvalue().decode().strip() + "\n"
