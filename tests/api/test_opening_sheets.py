"""Opening balances over HTTP: entered by one, approved by another, brought over once with their own days (case 18)."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.ids import format_id
from tests.support.calls import an_admin
from tests.support.openings import SHEETS, a_line, a_sheet, an_approved_sheet, bring_sheets_over, make_relative
from tests.support.service_calls import a_volunteer
from tests.support.service_calls import an_admin as the_admin
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound


async def test_balances_come_over_dated_with_their_own_last_day_and_once(site: Site) -> None:
    """Case 18: nothing before the approval; then statement, as-of and lot say it; a second sheet adds nothing."""
    drafter, approver, volunteer = an_admin(site), an_admin(site), a_volunteer(site)
    before = await volunteer.get("/v1/me/wallet")
    lines = [a_line(site, 0), a_line(site, 1, points=0, expires_on=None), a_line(site, 2, minutes=0)]
    sheet = await drafter.post(SHEETS, a_sheet(*lines), 201)
    assert (sheet["state"], sheet["lines"], sheet["points"], sheet["minutes"]) == ("draft", 3, 600, 12_000)
    assert await bring_sheets_over(site) == 0
    assert await volunteer.get("/v1/me/wallet") == before
    approved = await approver.post(f"{SHEETS}/{sheet['id']}/approve")
    assert (approved["state"], approved["progress"]["pending"]) == ("executing", 3)
    assert await bring_sheets_over(site) == 1
    done = await drafter.get(f"{SHEETS}/{sheet['id']}")
    assert (done["state"], done["progress"]) == ("done", {"pending": 0, "added": 3, "known": 0, "refused": 0})
    after = await volunteer.get("/v1/me/wallet")
    assert after["available"] == before["available"] + 300
    assert {"expires_on": lines[0]["expires_on"], "points": 300} in after["lots"]
    [told, *_] = (await volunteer.get("/v1/me/statement"))["lines"]
    assert (told["kind"], told["points"], told["minutes"]) == ("open.v1", 300, 6_000)
    dated_on = site.clock.now.date() - timedelta(days=100)
    then = await volunteer.get(f"/v1/me/wallet?as_of={dated_on}")
    assert (then["available"], then["minutes"]) == (300, 6_000)
    earlier = await volunteer.get(f"/v1/me/wallet?as_of={dated_on - timedelta(days=1)}")
    assert (earlier["available"], earlier["minutes"]) == (0, 0)
    again = await an_approved_sheet(approver, drafter, *lines)
    assert await bring_sheets_over(site) == 1
    assert (await drafter.get(f"{SHEETS}/{again['id']}"))["progress"]["known"] == 3
    assert await volunteer.get("/v1/me/wallet") == after
    await assert_all_sound(site.database, site.city)


async def test_each_line_has_its_outcome(site: Site) -> None:
    """Added, known, refused with its code; paged, and by state."""
    drafter, approver = an_admin(site), an_admin(site)
    await an_approved_sheet(drafter, approver, a_line(site, 0), a_line(site, 1))
    await bring_sheets_over(site)
    lines = [a_line(site, 0), a_line(site, 1, minutes=1), a_line(site, 2, expires_on=None, never_expires=True)]
    sheet = await an_approved_sheet(drafter, approver, *lines)
    await bring_sheets_over(site)
    target = f"{SHEETS}/{sheet['id']}/lines"
    first = await drafter.get(f"{target}?limit=2")
    second = await drafter.get(f"{target}?limit=2&after={first['next']}")
    found = first["lines"] + second["lines"]
    assert [(line["state"], line["code"]) for line in found] == [
        ("known", None),
        ("refused", "EXTERNAL_NO_USED"),
        ("added", None),
    ]
    assert [bool(line["opening_balance_id"]) for line in found] == [True, False, True]
    assert [line["never_expires"] for line in found] == [False, False, True]
    assert second["next"] is None
    [refused] = (await drafter.get(f"{target}?state=refused"))["lines"]
    assert refused["external_no"] == "B-1"
    await assert_all_sound(site.database, site.city)


async def test_nobody_approves_their_own_sheet_or_balance(site: Site) -> None:
    """SELF_REVIEW for the drafter, for whose balance is in it, and for a relative; the sheet stays a draft."""
    drafter = an_admin(site)
    sheet = await drafter.post(SHEETS, a_sheet(a_line(site)), 201)
    target, volunteer = f"{SHEETS}/{sheet['id']}/approve", site.city.volunteers[0]
    assert (await drafter.post(target, None, 409))["code"] == "SELF_REVIEW"
    headers = await the_admin(site).site.headers(drafter.kind, volunteer=volunteer)
    answer = await site.client.post(target, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "SELF_REVIEW")
    other = an_admin(site)
    await make_relative(site, other, volunteer)
    assert (await other.post(target, None, 409))["code"] == "SELF_REVIEW"
    assert (await drafter.get(f"{SHEETS}/{sheet['id']}"))["state"] == "draft"


@pytest.mark.parametrize("by_the_drafter", [True, False])
async def test_a_draft_is_withdrawn_by_either(site: Site, *, by_the_drafter: bool) -> None:
    """Then nobody approves it, and it cannot be withdrawn again; one under way cannot be withdrawn either."""
    drafter, other = an_admin(site), an_admin(site)
    sheet = await drafter.post(SHEETS, a_sheet(a_line(site)), 201)
    target = f"{SHEETS}/{sheet['id']}"
    withdrawn = await (drafter if by_the_drafter else other).post(f"{target}/withdraw")
    assert withdrawn["state"] == "withdrawn"
    for step in ("approve", "withdraw"):
        assert (await other.post(f"{target}/{step}", None, 409))["code"] == "STATE_CONFLICT"
    assert (await drafter.get(f"{target}/impact", 409))["code"] == "STATE_CONFLICT"
    under_way = await an_approved_sheet(drafter, other, a_line(site))
    assert (await other.post(f"{SHEETS}/{under_way['id']}/withdraw", None, 409))["code"] == "STATE_CONFLICT"
    assert await bring_sheets_over(site) == 1


async def test_the_impact_is_told_before_and_changes_nothing(site: Site) -> None:
    """What would come, of whom, with how many stars risen; a line of a number that says something else is refused."""
    drafter, approver = an_admin(site), an_admin(site)
    await an_approved_sheet(drafter, approver, a_line(site, 0))
    await bring_sheets_over(site)
    body = a_sheet(a_line(site, 0, points=1), a_line(site, 1), a_line(site, 2, minutes=10))
    sheet = await drafter.post(SHEETS, body, 201)
    wallet = await a_volunteer(site, 1).get("/v1/me/wallet")
    told = await drafter.get(f"{SHEETS}/{sheet['id']}/impact")
    assert told == {
        "added": 2,
        "known": 0,
        "refused": [{"line_no": 1, "code": "EXTERNAL_NO_USED"}],
        "points_given": 600,
        "debt_repaid": 0,
        "minutes_given": 6_010,
        "people": 2,
        "stars_risen": 1,
    }
    assert await a_volunteer(site, 1).get("/v1/me/wallet") == wallet


async def test_lines_that_can_never_be_balances_are_all_told(site: Site) -> None:
    """A pointer to each field; nothing is drafted, neither of them nor of those that are sound."""
    drafter = an_admin(site)
    tomorrow = (site.clock.now.date() + timedelta(days=2)).isoformat()
    body = a_sheet(
        a_line(site, 0),
        a_line(site, 1, dated_on=tomorrow),
        a_line(site, 2, expires_on=None),
        a_line(site, 0),
        a_line(site, 4, points=0, minutes=0, expires_on=None),
    )
    refused = await drafter.post(SHEETS, body, 400)
    assert refused["code"] == "PARAM_ERROR"
    assert [(each["pointer"], each["detail"]) for each in refused["errors"]] == [
        ("/lines/0/external_no", "twice"),
        ("/lines/1/dated_on", "in-the-future"),
        ("/lines/2/expires_on", "with-points-only"),
        ("/lines/3/external_no", "twice"),
        ("/lines/4/points", "nothing"),
    ]
    both = await drafter.post(SHEETS, a_sheet(a_line(site, never_expires=True)), 400)
    assert both["errors"][0]["pointer"] == "/lines/0/never_expires"
    for lines in ([], [a_line(site, number) for number in range(1_001)]):
        answer = await drafter.post(SHEETS, a_sheet(*lines), 400)
        assert answer["code"] == "PARAM_ERROR"
    assert (await drafter.get(SHEETS))["sheets"] == []


async def test_a_line_of_nobody_is_named(site: Site) -> None:
    """404 with the number of the line; a sheet that does not exist, or of another kind, is 404 as well."""
    drafter = an_admin(site)
    nobody = format_id("vol", drafter.subject)
    refused = await drafter.post(SHEETS, a_sheet(a_line(site, 0), a_line(site, 1, volunteer_id=nobody)), 404)
    assert (refused["code"], refused["figures"]["line_no"]) == ("NOT_FOUND", 2)
    for missing in (format_id("ops", drafter.subject), format_id("cor", drafter.subject), "ops_x"):
        for step in ("", "/lines", "/impact"):
            assert (await drafter.get(f"{SHEETS}/{missing}{step}", 404))["code"] == "NOT_FOUND"
        for step in ("approve", "withdraw"):
            assert (await drafter.post(f"{SHEETS}/{missing}/{step}", None, 404))["code"] == "NOT_FOUND"


async def test_a_thousand_lines_are_one_sheet(site: Site) -> None:
    """The most that fits: drafted in one request, brought over, and each line accounted."""
    drafter, approver = an_admin(site), an_admin(site)
    lines = [a_line(site, number, points=1, minutes=1) for number in range(1_000)]
    sheet = await an_approved_sheet(drafter, approver, *lines)
    assert (sheet["lines"], sheet["points"]) == (1_000, 1_000)
    assert await bring_sheets_over(site) == 1
    assert (await drafter.get(f"{SHEETS}/{sheet['id']}"))["progress"]["added"] == 1_000
    async with site.database.read() as reader:
        told = await reader.execute(
            text("SELECT action FROM audit_rows WHERE action LIKE 'opening-sheet%' ORDER BY id")
        )
        assert [row[0] for row in told] == ["opening-sheet.draft", "opening-sheet.approve", "opening-sheet.done"]
    await assert_all_sound(site.database, site.city)


async def test_sheets_are_listed_in_pages_and_by_state(site: Site) -> None:
    """In the order they were drafted, with sums; auditors read them too."""
    drafter = an_admin(site)
    made = [(await drafter.post(SHEETS, a_sheet(a_line(site, number)), 201))["id"] for number in range(3)]
    await drafter.post(f"{SHEETS}/{made[1]}/withdraw")
    first = await drafter.get(f"{SHEETS}?limit=2")
    second = await drafter.get(f"{SHEETS}?limit=2&after={first['next']}")
    assert [sheet["id"] for sheet in first["sheets"] + second["sheets"]] == made
    drafts = await drafter.get(f"{SHEETS}?state=draft")
    assert [sheet["id"] for sheet in drafts["sheets"]] == [made[0], made[2]]
    repeated = await drafter.headers()
    answers = [await site.client.post(SHEETS, json=a_sheet(a_line(site, 9)), headers=repeated) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotency-Replayed"] == "true"
