"""Settings as the documents say: every variable listed, production strict, secrets kept."""

import ast
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal import addresses
from portal.secrets import MAKERS, read_secret

READERS = {"env_str", "env_bool", "env_int", "env_list", "env_choice", "env_secret", "read_secret"}


def variables_read() -> set[str]:
    """The names that the settings and gunicorn's configuration read, secrets also as files."""
    names = set()
    for module in ("settings.py", "gunicorn.py"):
        source = (settings.BASE_DIR / "portal" / module).read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in READERS and isinstance(node.args[0], ast.Constant):
                name = str(node.args[0].value)
                names.add(name)
                if node.func.id in {"env_secret", "read_secret"}:
                    names.add(f"{name}_FILE")
    return names


def test_env_example_lists_exactly_what_is_read():
    text = (settings.BASE_DIR / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)) == variables_read()


def test_production_without_variables_names_the_first_missing_one(tmp_path: Path):
    environment = {
        "PATH": os.environ["PATH"],
        "PORTAL_ENV": "production",
        "PORTAL_ENV_FILE": "no-such-file",
        "PORTAL_LOCAL_DIR": str(tmp_path / "local"),
        "PUBLIC_BASE_URL": "https://portal.example.org",
    }
    result = subprocess.run(
        [sys.executable, "-c", "import portal.settings"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        "django.core.exceptions.ImproperlyConfigured: Set the environment variable SECRET_KEY."
    )
    assert not (tmp_path / "local").exists()


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_trial_makes_its_secret_once_and_keeps_it_private(monkeypatch, tmp_path: Path, name):
    monkeypatch.delenv(name, raising=False)
    first = read_secret(name, local_dir=tmp_path, production=False)
    assert read_secret(name, local_dir=tmp_path, production=False) == first
    path = tmp_path / "secrets" / name.lower()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [name.lower()]
    with pytest.raises(ImproperlyConfigured, match=f"Set the environment variable {name}"):
        read_secret(name, local_dir=tmp_path, production=True)


def test_database_url_with_a_password_and_options():
    parsed = addresses.parse_database_url(
        "postgresql://us%40er:p%2Fw@db.example.org:6432/portal?sslmode=require"
    )
    assert parsed == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "portal",
        "USER": "us@er",
        "PASSWORD": "p/w",
        "HOST": "db.example.org",
        "PORT": "6432",
        "OPTIONS": {"connect_timeout": "5", "sslmode": "require"},
    }


def test_database_url_with_a_socket_folder():
    parsed = addresses.parse_database_url("postgresql://portal@/portal?host=/run/postgres")
    assert (parsed["HOST"], parsed["PORT"], parsed["NAME"]) == ("/run/postgres", "", "portal")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:///file", "DATABASE_URL must begin with postgresql://."),
        ("postgresql://user@host/", "DATABASE_URL names no database."),
        ("postgresql://user@host/db?sslmod=x", "DATABASE_URL: unknown option sslmod."),
        ("postgresql://user@host:port/db", "DATABASE_URL is not an address."),
    ],
)
def test_database_url_is_read_strictly(url, message):
    with pytest.raises(ImproperlyConfigured) as caught:
        addresses.parse_database_url(url)
    assert str(caught.value) == message


def test_sockets_of_a_deep_folder_lie_in_a_short_private_one(tmp_path: Path):
    shallow, deep = Path("/srv/portal/.local"), tmp_path / ("d" * 100)
    assert addresses.socket_directory(shallow) == shallow / "run"
    elsewhere = addresses.socket_directory(deep)
    assert elsewhere == addresses.socket_directory(deep)
    assert elsewhere != addresses.socket_directory(deep / "other")
    assert len(str(elsewhere / "postgres" / ".s.PGSQL.5432.lock")) < 104


def test_celery_speaks_to_the_same_socket_as_redis():
    assert addresses.broker_url("unix:///run/v.sock?db=0") == (
        "redis+socket:///run/v.sock?virtual_host=0"
    )
    assert addresses.broker_url("redis://queue:6379/0") == "redis://queue:6379/0"


def test_nightly_is_scheduled_at_two_in_the_morning_in_shanghai():
    entry = settings.CELERY_BEAT_SCHEDULE["nightly"]
    assert (entry["task"], entry["schedule"].hour, entry["schedule"].minute) == (
        "reports.run_nightly",
        {2},
        {0},
    )
    assert settings.CELERY_TIMEZONE == "Asia/Shanghai"
