"""The care of people's data: an answer under a consent that is taken back, and an erasure; the ledger still proves."""

import base64
import json
import os
import subprocess
import sys
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from app.demo.client import Person
from app.demo.main_job import log_in
from app.demo.staff import act_as, hire, register
from app.demo.steps import CheckFailed, Steps, equal, expect
from app.settings import Settings

_ZONE = ZoneInfo("Asia/Shanghai")
_VERIFY = "/v1/predicates/verify"


def run_care_job(client: httpx.Client, described: dict[str, Any], settings: Settings, steps: Steps) -> None:
    """Walk it."""
    admin = log_in(client, described, "admin")
    second = hire(client, described, admin, "admin")
    organiser = log_in(client, described, "organiser")
    consent = {"version": "2026-1", "channel": "paper"}
    volunteer = register(organiser, "周知秋", born_on="1990-05-17", phone="13800138000", consent=consent)
    who = act_as(client, admin, volunteer)
    _answer(client, admin, who, volunteer, steps)
    _erase(admin, second, who, volunteer, steps)
    _verify(settings, steps)


def _claims(signed: str) -> dict[str, Any]:
    payload = signed.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def _office(client: httpx.Client, admin: Person) -> tuple[Person, str]:
    """Another system with a token of its own, and its name."""
    made = expect(admin.post("/v1/clients", {"name": "市教育局", "scopes": ["predicates:verify"]}), 201)
    name = made["client"]["id"]
    form = {"grant_type": "client_credentials"}
    token = client.post("/v1/auth/oauth/token", data=form, auth=(name, made["client_secret"]))
    return Person(client, expect(token, 200)["access_token"]), name


def _answer(client: httpx.Client, admin: Person, who: Person, volunteer: str, steps: Steps) -> None:
    """A signed no and nothing else; nothing at all once the consent is taken back."""
    office, name = _office(client, admin)
    question = {
        "volunteer_id": volunteer,
        "on": datetime.now(_ZONE).date().isoformat(),
        "predicates": [{"kind": "stars_at_least", "stars": 3}],
        "nonce": "check-0123456789",
    }
    equal(expect(office.post(_VERIFY, question), 404)["code"], "NOT_FOUND", "a question without consent")
    expect(who.post("/v1/me/consents", {"purpose": "predicate_answer", "version": "2026-1"}), 201)
    expect(who.post("/v1/me/predicate-permits", {"client_id": name, "kinds": ["stars_at_least"], "days": 1}), 201)
    claims = _claims(expect(office.post(_VERIFY, question), 201)["jws"])
    equal((claims["answer"], claims["nonce"]), (False, question["nonce"]), "the answer")
    [asked] = expect(who.get("/v1/me/predicate-answers"), 200)["answers"]
    steps.done(f"{asked['client_name']} asks for three stars and gets a signed no; the volunteer reads that it asked")
    expect(who.post("/v1/me/consents/withdraw", {"purpose": "predicate_answer"}), 201)
    equal(expect(office.post(_VERIFY, question), 404)["code"], "NOT_FOUND", "a question after the withdrawal")
    steps.done("the consent is taken back: the same question is answered as if there were nobody")


def _erase(admin: Person, second: Person, who: Person, volunteer: str, steps: Steps) -> None:
    """Asked for by the person, approved by another, done for good."""
    seen = expect(admin.post(f"/v1/volunteers/{volunteer}/unmask", {"fields": ["phone"], "reason": "电话回访"}), 200)
    equal("13800138000" in json.dumps(seen), 1, "the phone that was unmasked with a reason")
    asked = expect(who.post("/v1/me/erasures", {"reason": "本人申请注销"}), 201)
    expect(second.post(f"/v1/erasures/{asked['id']}/approve"), 200)
    again = admin.post(f"/v1/volunteers/{volunteer}/unmask", {"fields": ["phone"], "reason": "电话回访"})
    equal(expect(again, 410)["code"], "DATA_ERASED", "what is left of the phone")
    trail = expect(admin.get(f"/v1/audit-trail?subject={volunteer}&limit=200"), 200)["rows"]
    noted = list(dict.fromkeys(row["action"] for row in trail))
    steps.done(f"unmasked with a reason, erased by two people; the trail has it all, {noted[0]} to {noted[-1]}")


def _verify(settings: Settings, steps: Steps) -> None:
    """`liyu verify` on the database as it is now."""
    environment = {
        **os.environ,
        "LIYU_DATABASE_URL": str(settings.database_url),
        "LIYU_DATA_DIR": str(settings.data_dir),
    }
    verified = subprocess.run(
        [sys.executable, "-m", "app", "verify"], env=environment, capture_output=True, text=True, check=False
    )
    if verified.returncode:
        raise CheckFailed(f"liyu verify: {verified.stdout}{verified.stderr}")
    steps.done("liyu verify: every invariant of ledger and trail holds after the erasure")
