"""The rules of the city: a record through its tiers, an accrual told, a policy by two people, a debt repaid."""

import secrets
import time
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from app.demo.client import Person
from app.demo.main_job import log_in
from app.demo.staff import act_as, enter, hire, register
from app.demo.steps import CheckFailed, Steps, equal, expect, expect_answer
from app.till.client import Till

_ZONE = ZoneInfo("Asia/Shanghai")
_BACK_TEST_S = 120
_JOB_S = 120


def run_rules_job(client: httpx.Client, described: dict[str, Any], steps: Steps) -> None:
    """Walk the rules."""
    admin = log_in(client, described, "admin")
    organiser = log_in(client, described, "organiser")
    squad = expect(admin.get("/v1/teams?limit=200"), 200)["teams"][-1]
    _tiers(client, described, squad, steps)
    _policy(client, described, steps)
    given = described["terminals"][0]
    till = Till(client, given["terminal"], given["secret"])
    second = hire(client, described, admin, "admin")
    _debt(client, till, (organiser, admin, second), squad["id"], steps)


def _tiers(client: httpx.Client, described: dict[str, Any], squad: dict[str, Any], steps: Steps) -> None:
    """Nine hours on one day: the squad may not verify them, the brigade above it may."""
    admin = log_in(client, described, "admin")
    enters, checks = (hire(client, described, admin, "organiser", team_id=squad["id"]) for _ in range(2))
    above = hire(client, described, admin, "organiser", team_id=squad["parent_id"])
    yesterday = datetime.now(_ZONE).date() - timedelta(days=1)
    began = datetime.combine(yesterday, time_of_day(8), _ZONE)
    record = enter(enters, register(enters, "李四光"), squad["id"], began, 9 * 60)
    refused = expect(checks.post(f"/v1/service-records/{record}/verify"), 409)
    equal((refused["code"], refused["figures"]["level"]), ("REVIEW_LEVEL", "parent"), "the squad's verification")
    expect(above.post(f"/v1/service-records/{record}/verify"), 200)
    steps.done(f"nine hours on one day are not for the squad: {refused['detail']}; the brigade above verifies")
    told = expect(above.get(f"/v1/service-records/{record}/explanation"), 200)
    steps.done(f"the accrual is told: {told['sentence_zh']} · {told['sentence_en']}")


def _policy(client: httpx.Client, described: dict[str, Any], steps: Steps) -> None:
    """A draft with a slip is sent back with line and column; back-tested, it is reviewed by a second person."""
    author = log_in(client, described, "admin")
    version = f"check-{secrets.token_hex(4)}"
    tomorrow = datetime.now(_ZONE).date() + timedelta(days=1)
    rule: dict[str, Any] = {"name": "夜间巡逻", "when": "category == 1", "coefficient_bp": 15_000}
    body = {"version": version, "effective_from": tomorrow.isoformat(), "rate_per_hour": 10, "rules": [rule]}
    slip = expect(author.post("/v1/accrual-policies", body), 400)["errors"][0]
    rule["when"] = 'category == "平安夜巡"'
    draft = expect(author.post("/v1/accrual-policies", body), 201)
    match = {"If-Match": f'"{draft["revision"]}"'}
    alone = expect(author.post(f"/v1/accrual-policies/{version}/review", None, **match), 409)
    equal(alone["code"], "SELF_REVIEW", "reviewing one's own draft")
    second = hire(client, described, author, "admin")
    reviewed = expect(second.post(f"/v1/accrual-policies/{version}/review", None, **match), 200)
    match = {"If-Match": f'"{reviewed["revision"]}"'}
    untried = expect(second.post(f"/v1/accrual-policies/{version}/publish", None, **match), 409)
    equal(untried["code"], "BACK_TEST_MISSING", "publishing what was not back-tested")
    _back_test(author, version, steps)
    published = expect(second.post(f"/v1/accrual-policies/{version}/publish", None, **match), 200)
    equal(published["state"], "published", "the policy")
    steps.done(f"a draft's slip is told at {slip['detail'].partition(':')[0]}; two people publish it for {tomorrow}")


def _back_test(author: Person, version: str, steps: Steps) -> None:
    """The draft over the last two years of service, beside what was credited: a report that adds up."""
    path, today = f"/v1/accrual-policies/{version}/back-tests", datetime.now(_ZONE).date()
    period = {"since": (today - timedelta(days=730)).isoformat(), "until": today.isoformat()}
    asked = expect(author.post(path, period), 202)
    deadline = time.monotonic() + _BACK_TEST_S
    while (found := expect(author.get(f"{path}/{asked['id']}"), 200))["state"] in {"queued", "running"}:
        if time.monotonic() > deadline:
            raise CheckFailed("the back-test does not come to an end")
        time.sleep(0.1)
    equal(found["state"], "done", "the back-test")
    report = found["report"]
    for heading in ("by_month", "by_town", "by_category", "by_level", "by_stars", "by_version"):
        points = {rule: sum(line[rule] for line in report[heading]) for rule in ("in_force", "draft")}
        equal(points, report["points"], f"the sum {heading}")
    changes = report["changes"]
    steps.done(
        f"back-tested over {report['records']} records: {report['points']['in_force']} points in force, "
        f"{report['points']['draft']} with the draft; {changes['more']} volunteers get more, {changes['less']} less"
    )


def _debt(client: httpx.Client, till: Till, people: tuple[Person, Person, Person], team: str, steps: Steps) -> None:
    """Hours are corrected when their points are spent: what is left goes, the rest is owed, new hours repay it."""
    organiser, admin, second = people
    volunteer = register(organiser, "王二小")
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=420)
    record = enter(organiser, volunteer, team, began, 200)
    expect(admin.post(f"/v1/service-records/{record}/verify"), 200)
    person = act_as(client, admin, volunteer)
    code = expect(person.post("/v1/me/pay-code"), 200)["code"]
    expect_answer(till.redeem(f"CHECK-30-{secrets.token_hex(4)}", code, 31), 201)
    _correct(admin, second, record, steps)
    wallet = expect(person.get("/v1/me/wallet"), 200)
    equal((wallet["available"], wallet["debt"], wallet["minutes"]), (0, 31, 0), "the wallet after the correction")
    again = enter(organiser, volunteer, team, began + timedelta(minutes=210), 200)
    expect(admin.post(f"/v1/service-records/{again}/verify"), 200)
    wallet = expect(person.get("/v1/me/wallet"), 200)
    equal((wallet["available"], wallet["debt"]), (9, 0), "the wallet after the next accrual")
    steps.done("31 of the 40 points were spent before: 31 are owed, and the next 40 repay them first")


def _correct(author: Person, second: Person, record: str, steps: Steps) -> None:
    """An order to withdraw a record: previewed, approved by a second person as previewed, carried out by the job."""
    body = {"scope": {"record_id": record}, "reason": "签到设备时间错误", "evidence": "doc-2026-0312"}
    order = expect(author.post("/v1/corrections", body), 201)
    path = f"/v1/corrections/{order['id']}"
    order = expect(author.post(f"{path}/preview"), 200)
    match = {"If-Match": f'"{order["revision"]}"'}
    alone = expect(author.post(f"{path}/approve", None, **match), 409)
    equal(alone["code"], "SELF_REVIEW", "approving one's own correction")
    expect(second.post(f"{path}/approve", None, **match), 200)
    deadline = time.monotonic() + _JOB_S
    while (found := expect(author.get(path), 200))["state"] != "done":
        if time.monotonic() > deadline:
            raise CheckFailed("the correction is not carried out")
        time.sleep(0.2)
    equal(len(found["report"]["done"]), 1, "the records corrected")
    impact = order["impact"]
    steps.done(
        f"a correction is previewed ({impact['points_taken']} points taken, {impact['debt_made']} become a debt), "
        "approved by a second person and carried out"
    )
