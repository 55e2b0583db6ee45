"""The compose file: valid by its own schema, and complete by our rules."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

COMPOSE = settings.BASE_DIR / "docker-compose.yml"
PORTAL_PROCESSES = ("migrate", "web", "worker", "beat")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return loaded


def test_is_valid_by_the_compose_schema():
    result = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", str(COMPOSE)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, "ok -- validation done\n")


def test_has_every_part(compose):
    assert set(compose["services"]) == {"database", "queue", "proxy", *PORTAL_PROCESSES}


def test_everything_that_stays_has_a_health_check(compose):
    lasting = {name: part for name, part in compose["services"].items() if name != "migrate"}
    assert [name for name, part in lasting.items() if "test" not in part["healthcheck"]] == []


def test_the_portal_runs_without_rights_and_only_the_proxy_is_reachable(compose):
    for name in PORTAL_PROCESSES:
        part = compose["services"][name]
        assert (part["read_only"], part["cap_drop"]) == (True, ["ALL"]), name
    assert [name for name, part in compose["services"].items() if "ports" in part] == ["proxy"]
    assert compose["networks"]["inside"] == {"internal": True}


def test_secrets_come_from_files_that_are_made_and_declared(compose):
    made = (settings.BASE_DIR / "deploy" / "make-secrets").read_text(encoding="utf-8")
    for name, source in compose["secrets"].items():
        assert source == {"file": f"./deploy/secrets/{name}"}
        assert f"\nkeep {name} " in made
    for name in PORTAL_PROCESSES:
        part = compose["services"][name]
        files = {v for k, v in part["environment"].items() if k.endswith("_FILE")}
        assert files == {f"/run/secrets/{secret}" for secret in part["secrets"]}, name
    assert "database_password" not in compose["services"]["web"]["secrets"]


def test_its_variables_are_read_by_the_settings(compose):
    text = (settings.BASE_DIR / ".env.example").read_text(encoding="utf-8")
    for name in PORTAL_PROCESSES:
        for variable in compose["services"][name]["environment"]:
            assert f"\n#{variable}=" in text, variable


def test_waits_for_what_it_needs(compose):
    after = compose["services"]["web"]["depends_on"]
    assert after["migrate"] == {"condition": "service_completed_successfully"}
    migrate = compose["services"]["migrate"]["depends_on"]
    assert migrate == {"database": {"condition": "service_healthy"}}


def test_files_that_the_image_names_exist():
    text = (settings.BASE_DIR / "Dockerfile").read_text(encoding="utf-8")
    for name in ("requirements/runtime.txt", "package-lock.json", ".npmrc", "tools/keep-data"):
        assert name in text
        assert (settings.BASE_DIR / name).is_file()
    probe: Path = settings.BASE_DIR / "deploy" / "probe.py"
    assert ast.parse(probe.read_text(encoding="utf-8"))
    assert "\nUSER portal\n" in text
