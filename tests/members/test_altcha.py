"""Proof of work: who brings one may send more forms from one address."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import altcha as library
import pytest
from django.conf import settings as portal_settings
from django.test import Client, RequestFactory

from members import altcha, limits
from members.models import Application
from tests.members.joining import code as code, send, union as union

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _easy(settings):
    settings.ALTCHA_MAX_NUMBER = 1000


def challenge(client: Client) -> dict[str, Any]:
    response = client.get("/join/challenge/")
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    return response.json()


def payload(given: dict[str, Any], **changes: Any) -> str:
    """What the page script would put into the form."""
    number = next(
        number
        for number in range(given["maxnumber"] + 1)
        if hashlib.sha256(f"{given['salt']}{number}".encode()).hexdigest() == given["challenge"]
    )
    names = ("algorithm", "challenge", "salt", "signature")
    solution = {"number": number, **{name: given[name] for name in names}, **changes}
    return base64.b64encode(json.dumps(solution).encode()).decode()


def test_a_solved_challenge_is_a_proof_once(client):
    solved = payload(challenge(client))
    request = RequestFactory().post("/", {"altcha": solved})
    assert limits.has_proof(request) is True
    assert limits.has_proof(request) is False


def test_two_challenges_differ(client):
    assert challenge(client)["challenge"] != challenge(client)["challenge"]


def test_a_proof_runs_out(client, monkeypatch):
    solved = payload(challenge(client))
    assert altcha.read_proof(solved) is not None
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 20 * 60 - 5)
    assert altcha.read_proof(solved) is not None
    monkeypatch.setattr(time, "time", lambda: now + 20 * 60 + 5)
    assert altcha.read_proof(solved) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 1001},
        {"number": "7"},
        {"number": True},
        {"number": None},
        {"signature": "0" * 64},
        {"signature": "é"},
        {"signature": None},
        {"salt": "00?expires=9999999999&"},
        {"salt": ["x"]},
        {"algorithm": "SHA-1"},
        {"algorithm": "MD5"},
        {"challenge": "0" * 64},
        {"challenge": 7},
    ],
)
def test_forged_solutions_are_none(client, changes):
    assert altcha.read_proof(payload(challenge(client), **changes)) is None


def test_a_challenge_made_with_another_key_is_none():
    options = library.ChallengeOptions(
        max_number=10,
        hmac_key="guessed",
        expires=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1),
    )
    made = library.create_challenge(options)
    given = {**made.to_dict(), "maxnumber": 10}
    assert altcha.read_proof(payload(given)) is None


@pytest.mark.parametrize(
    "text",
    ["", "x", "e30=", "bnVsbA==", "W10=", "\x00", "é", "A" * 3000,
     base64.b64encode(b"[" * 1400).decode(), base64.b64encode(b"\xff{").decode()],
)  # fmt: skip
def test_what_is_no_payload_is_none(text):
    assert altcha.read_proof(text) is None


def test_with_a_proof_more_forms_come_through(client, code, settings):
    settings.JOIN_LIMIT_PER_IP_WITHOUT_PROOF = 1
    settings.JOIN_LIMIT_PER_IP = 3

    def answer(number: int, proof: str = "") -> int:
        phone = f"1290000{number:04d}"
        return send(client, code, phone=phone, altcha=proof).status_code

    assert [answer(1), answer(2)] == [302, 429]
    used = payload(challenge(client))
    assert answer(3, used) == 302
    assert answer(4, used) == 429  # replayed: counts as a form without a proof
    solved = [payload(challenge(client)) for _ in range(3)]
    assert [answer(5 + n, proof) for n, proof in enumerate(solved)] == [302, 302, 429]
    assert Application.objects.count() == 4


def test_codes_can_be_asked_for_more_often_with_a_proof(client, settings):
    settings.CODE_CALLS_PER_IP_WITHOUT_PROOF = 1
    settings.CODE_CALLS_PER_IP = 2

    def may(proof: str = "") -> bool:
        return limits.may_send_code_from(RequestFactory().post("/", {"altcha": proof}))

    assert [may(), may()] == [True, False]
    solved = [payload(challenge(client)) for _ in range(3)]
    assert [may(proof) for proof in solved] == [True, True, False]


@pytest.mark.parametrize("salt", ["ab?expires=1&", "x" * 54 + "&", "y" * 120 + "&"])
def test_the_page_script_finds_the_number(salt):
    script = portal_settings.BASE_DIR / "static" / "members" / "proof-of-work-worker.js"
    wanted = hashlib.sha256(f"{salt}977".encode()).hexdigest()
    given = {"algorithm": "SHA-256", "salt": salt, "challenge": wanted, "maxnumber": 1000}
    run = (
        "globalThis.onmessage = null; globalThis.postMessage = n => console.log(n);"
        "(0, eval)(require('fs').readFileSync(process.argv[1], 'utf8'));"
        "globalThis.onmessage({data: JSON.parse(process.argv[2])});"
    )
    found = subprocess.run(
        [str(Path(sys.executable).parent / "node"), "-e", run, str(script), json.dumps(given)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert found.stdout.strip() == "977"
