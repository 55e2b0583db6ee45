"""Typed readers for environment variables that fail loudly.

Every reader raises `ImproperlyConfigured` naming the variable when its value makes no sense;
a value is never repeated in the message, for it may be a secret.
"""

import os
import re
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off"})

_ASSIGNMENT = re.compile(r"^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$")


def load_env_file(path: Path) -> None:
    """Put the `NAME=value` lines of `path` into the environment; what is set already wins.

    A missing file is no error. A line that is neither empty, a comment nor an assignment is.
    """
    if not path.is_file():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _ASSIGNMENT.match(text)
        if match is None:
            raise ImproperlyConfigured(f"{path.name}, line {number}: expected NAME=value.")
        name, value = match.group(1), match.group(2).strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        os.environ.setdefault(name, value)


def env_str(name: str, default: str | None = None) -> str:
    """The text of `name`, stripped; without a default the variable must be set and not empty."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"Set the environment variable {name}.")
    return default


def env_bool(name: str, default: bool) -> bool:
    """The truth of `name`: 1/true/yes/on or 0/false/no/off, in any case."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in TRUE_WORDS:
        return True
    if value in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name} must be one of true, false, yes, no, on, off, 1, 0.")


def env_int(
    name: str, default: int, *, minimum: int | None = None, maximum: int | None = None
) -> int:
    """The whole number of `name`, within the given bounds."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    try:
        number = int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number.") from error
    if minimum is not None and number < minimum:
        raise ImproperlyConfigured(f"{name} must be at least {minimum}.")
    if maximum is not None and number > maximum:
        raise ImproperlyConfigured(f"{name} must be at most {maximum}.")
    return number


def env_list(name: str, default: tuple[str, ...] | None = None) -> list[str]:
    """The comma-separated entries of `name`, stripped; without a default there must be one."""
    value = os.environ.get(name, "")
    entries = [entry.strip() for entry in value.split(",") if entry.strip()]
    if not entries and default is None:
        raise ImproperlyConfigured(f"Set the environment variable {name}.")
    return entries or list(default or ())


def env_choice(name: str, choices: tuple[str, ...], default: str) -> str:
    """One of `choices`."""
    value = os.environ.get(name, "").strip() or default
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}.")
    return value


def env_secret(name: str, default: str | None = None) -> str:
    """A secret from `NAME`, or from the file that `NAME_FILE` points at; not both.

    Without a default, a missing or empty secret is an error.
    """
    file_variable = f"{name}_FILE"
    file_name = os.environ.get(file_variable, "").strip()
    if not file_name:
        return env_str(name, default)
    if os.environ.get(name, "").strip():
        raise ImproperlyConfigured(f"Set either {name} or {file_variable}, not both.")
    try:
        value = Path(file_name).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The file named by {file_variable} cannot be read: {error.strerror}."
        ) from error
    if not value:
        raise ImproperlyConfigured(f"The file named by {file_variable} is empty.")
    return value
