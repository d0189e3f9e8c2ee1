"""What auditors and other systems read."""

from datetime import timedelta
from typing import Any

from app.core.ids import format_id
from app.security.actors import ActorKind
from tests.support.sites import Site


async def _get(site: Site, target: str, **params: Any) -> Any:  # noqa: ANN401 - JSON
    headers = await site.headers(ActorKind.AUDITOR)
    answer = await site.client.get(target, params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _wallet(site: Site) -> str:
    return f"/v1/ledger/accounts/wallet.{format_id('vol', site.city.volunteers[0])}.2028-12-31"


async def test_a_balance_is_told_as_of_any_transaction(site: Site) -> None:
    """After each sequence number what stood then, also between the account's own entries."""
    for number in range(3):
        await site.redeem(f"A-{number}", await site.pay_code(), 100)
    entries = (await _get(site, f"{_wallet(site)}/entries"))["entries"]
    assert [entry["balance"] for entry in entries] == [500, 400, 300, 200]
    assert [entry["side"] for entry in entries] == ["credit", "debit", "debit", "debit"]
    for entry in entries:
        told = await _get(site, _wallet(site), as_of_seq=entry["seq"])
        assert told["balance"] == entry["balance"]
    assert (await _get(site, _wallet(site), as_of_seq=entries[0]["seq"] - 1))["balance"] == 0
    assert (await _get(site, _wallet(site), as_of_seq=10**12))["balance"] == 200
    assert (await _get(site, _wallet(site)))["balance"] == 200


async def test_a_late_record_changes_what_was_effective_but_not_what_was_known(site: Site) -> None:
    """Hours of January verified in March: effective in January as known now, absent as known then."""
    hours = f"/v1/ledger/accounts/hours.{format_id('vol', site.city.volunteers[0])}"
    known_then = site.clock.now.isoformat()
    site.clock.move(timedelta(hours=1))
    ended = site.clock.now - timedelta(days=40)
    body = {
        "volunteer_id": format_id("vol", site.city.volunteers[0]),
        "team_id": format_id("tea", site.city.team),
        "evidence": "imported",
        "activity": "文明劝导",
        "started_at": (ended - timedelta(minutes=60)).isoformat(),
        "ended_at": ended.isoformat(),
        "minutes": 60,
    }
    admin = await site.headers(ActorKind.ADMIN)
    record = (await site.client.post("/v1/service-records", json=body, headers=admin)).json()
    other = await site.headers(ActorKind.ADMIN)
    await site.client.post(f"/v1/service-records/{record['id']}/verify", headers=other)
    day = ended.date().isoformat()
    before = (ended - timedelta(days=1)).date().isoformat()
    assert (await _get(site, hours, effective_on=day))["balance"] == 60
    assert (await _get(site, hours, effective_on=before))["balance"] == 0
    assert (await _get(site, hours, effective_on=day, known_at=known_then))["balance"] == 0
    assert (await _get(site, hours))["balance"] == 560


async def test_both_sides_of_the_money_agree(site: Site) -> None:
    """What the fund gave is what the merchants are owed; debit accounts are told on their own side."""
    await site.redeem("A-1", await site.pay_code(), 100)
    payable = f"/v1/ledger/accounts/payable.{format_id('mer', site.city.tills[0].merchant)}"
    fund = f"/v1/ledger/accounts/fund.{format_id('fun', site.city.fund)}"
    donations = await _get(site, f"/v1/ledger/accounts/donations.{format_id('fun', site.city.fund)}")
    assert (await _get(site, payable))["balance"] == 300
    assert donations["balance"] - (await _get(site, fund))["balance"] == 300
    assert donations["normal_side"] == "debit"
    tomorrow = (site.clock.now + timedelta(days=1)).date().isoformat()
    told = await _get(site, f"/v1/ledger/accounts/{donations['path']}", effective_on=tomorrow)
    assert told["balance"] == donations["balance"]


async def test_the_event_feed_has_every_transaction_once_and_in_order(site: Site) -> None:
    """A reader that keeps its cursor misses nothing that comes later."""
    seen: list[int] = []
    cursor = "0"
    for number in range(3):
        await site.redeem(f"A-{number}", await site.pay_code(), 1)
        while True:
            page = await _get(site, "/v1/events", after=cursor, limit=2)
            cursor = page["next"]
            if not page["events"]:
                break
            seen += [event["seq"] for event in page["events"]]
    head = (await _get(site, "/v1/ledger/head"))["seq"]
    assert seen == list(range(1, head + 1))


async def test_accounts_are_listed_by_owner_and_kind(site: Site) -> None:
    """An auditor finds all accounts of one volunteer, and all of one kind."""
    owner = format_id("vol", site.city.volunteers[0])
    owned = (await _get(site, "/v1/ledger/accounts", owner=owner))["accounts"]
    assert {account["path"].split(".")[0] for account in owned} == {"hours", "wallet"}
    wallets = (await _get(site, "/v1/ledger/accounts", kind="wallet"))["accounts"]
    assert len(wallets) == 3
