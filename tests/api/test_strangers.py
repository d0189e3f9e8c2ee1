"""Whoever names what is beside their part learns nothing: what is there and what is not are answered alike.

Every operation that takes an id, in its path, its query or its body, as every kind of actor that may call it: from
another programme, another town, another team, another merchant, and as another volunteer. Nothing changes by it.
"""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from app.actions.keys import rotate_signing_key
from app.core.ids import OrderId, TeamId
from app.security.actors import ActorKind, StaffRole
from app.security.vouchers import derive_voucher_code
from app.store.database import Database
from tests.api.test_access import read_table
from tests.support.applications import TOWNS
from tests.support.calls import Json, an_admin
from tests.support.cities import a_city
from tests.support.clocks import Clock
from tests.support.ledgers import fetch_tables
from tests.support.log_ins import a_registered_client
from tests.support.sampled_bodies import ids_in, with_ids
from tests.support.sites import a_site, seal_secret
from tests.support.strangers import KEYS, Stranger, Two, told, unknown, values_for
from tests.support.till_calls import call
from tests.support.whole_cities import fill

EMPTY = {
    "getMerchantTotals": "a day's sums: of nothing they are none",
    "getMerchantBill": "a day's lines: of nothing there are none",
    "listMerchantOffers": "a list of what hangs on an id: of nothing it is empty",
    "listAgreements": "a list of what hangs on an id: of nothing it is empty",
    "listStaff": "a list of what hangs on an id: of nothing it is empty",
    "listStores": "a list of what hangs on an id: of nothing it is empty",
    "listTerminals": "a list of what hangs on an id: of nothing it is empty",
    "listRelatives": "a list of what hangs on an id: of nothing it is empty",
}
"""What is answered with 200 for what is not there. Also that says nothing: it is answered alike."""
SHARED = {
    "getAccrualPolicy": "the rules of a programme are everybody's who works in it",
    "getTeam": "the tree of teams is known to all organisers: people serve in other towns too",
    "getHonour": "honours are public (表彰)",
    "getBenefit": "what a city offers is known to all who work for it",
    "getRound": "events are announced to all",
    "getOwnOffer": "the catalogue is every volunteer's",
    "getOwnBenefit": "what a city offers is every volunteer's to read",
    "claimPlace": "an event is open to every volunteer",
}
"""What everybody of the programme who may call at all may know of."""


@pytest.fixture
async def two(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Two]:
    """A service with two whole cities."""
    async with a_site(database, clock, tmp_path) as here:
        built = await a_city(database, clock, programme="other", sealed_secret=seal_secret)
        async with database.begin() as tx:
            await rotate_signing_key(tx, here.services.cabinet, built.programme, clock)
        there = replace(here, city=built)
        yield Two(here, await fill(here), there, await fill(there))


async def strangers_of_another_programme(two: Two) -> list[Stranger]:
    """One of each kind, with all that the kind may do there."""
    site, own = two.there, two.there.city.volunteers[0]
    client = await a_registered_client(site)
    more: dict[ActorKind, dict[str, object]] = {
        ActorKind.MERCHANT_STAFF: {"merchant": site.city.tills[0].merchant, "role": StaffRole.MANAGER},
        ActorKind.VOLUNTEER: {"volunteer": own, "subject": own},
        ActorKind.SYSTEM_CLIENT: {"subject": client},
    }
    kinds = (ActorKind.ADMIN, ActorKind.AUDITOR, ActorKind.ORGANISER, *more)
    return [Stranger(kind.value, kind, site, more.get(kind, {})) for kind in kinds]


async def strangers_nearby(two: Two) -> list[Stranger]:
    """Of another town, another team, another merchant; and another volunteer."""
    site = two.here
    team: Json = {"name": "别镇大队", "kind": "general", "tier": 2, "region_code": TOWNS[1]}
    made = await an_admin(site).post("/v1/teams", {**team, "parent_id": f"tea_{site.city.team.hex}"}, 201)
    other = site.city.volunteers[1]
    return [
        Stranger("another town", ActorKind.ORGANISER, site, {"region": TOWNS[1]}),
        Stranger("another team", ActorKind.ORGANISER, site, {"team": TeamId(UUID(hex=made["id"][4:]))}),
        Stranger(
            "another merchant",
            ActorKind.MERCHANT_STAFF,
            site,
            {"merchant": site.city.tills[1].merchant, "role": StaffRole.MANAGER},
        ),
        Stranger("another volunteer", ActorKind.VOLUNTEER, site, {"volunteer": other, "subject": other}),
    ]


UNTOLD = ("answers", "clients", "terminals")
"""A refusal is an answer that is kept; when a client or a till was seen last is written beside."""


async def everything(two: Two) -> Mapping[str, list[str]]:
    """All rows of the first city that anybody could have changed."""
    tables = await fetch_tables(two.here.database, UNTOLD)
    begin = f"({two.here.city.programme},"
    return {name: [row for row in rows if row.startswith(begin)] for name, rows in tables.items()}


async def test_another_programmes_rows_are_nothing_here(two: Two) -> None:
    """Each id of a path by itself, the others one's own: 404, or an empty list, word for word as for no row at all."""
    table, strangers = read_table(), await strangers_of_another_programme(two)
    calls, leaks = 0, []
    before = await everything(two)
    for operation in two.operations():
        for stranger in strangers:
            if stranger.kind.value not in table[operation.id]:
                continue
            own, theirs = values_for(operation, two.beside), values_for(operation, two.rows)
            for slot in operation.slots:
                real, none = own | {slot: theirs[slot]}, own | {slot: unknown(theirs[slot], slot)}
                answers = [
                    told(await stranger.ask(operation, each, two.body(operation, each, two.there)), each[slot])
                    for each in (real, none)
                ]
                expected = 200 if operation.id in EMPTY and stranger.kind is not ActorKind.MERCHANT_STAFF else 404
                calls += 1
                if answers[0] != answers[1] or answers[0][0] != expected:
                    leaks.append((operation.id, stranger.name, slot, *answers))
    assert leaks == []
    assert calls > 250
    assert await everything(two) == before


async def test_what_is_beside_ones_part_is_nothing_either(two: Two) -> None:
    """All ids of a path at once: 404, word for word as for no row at all, but for what everybody may know."""
    table, strangers = read_table(), await strangers_nearby(two)
    calls, leaks = 0, []
    before = await everything(two)
    for operation in two.operations():
        for stranger in strangers:
            if stranger.kind.value not in table[operation.id] or not operation.slots or operation.id in SHARED:
                continue
            real = values_for(operation, two.rows)
            none = {slot: unknown(value, slot) if slot in operation.slots else value for slot, value in real.items()}
            answers = [
                told(await stranger.ask(operation, each, two.body(operation, each, two.here)), *each.values())
                for each in (real, none)
            ]
            calls += 1
            if answers[0] != answers[1] or answers[0][0] != 404:
                leaks.append((operation.id, stranger.name, *answers))
    assert leaks == []
    assert calls > 150
    assert await everything(two) == before


async def test_an_id_in_a_body_or_a_query_says_no_more(two: Two) -> None:
    """As the administrators, organisers, volunteers and systems of another programme; each id by itself."""
    table, strangers = read_table(), await strangers_of_another_programme(two)
    named, leaks = set(), []
    before = await everything(two)
    own = {letters: two.beside[key] for letters, key in KEYS.items()}
    for operation in two.operations():
        values = values_for(operation, two.beside)
        for stranger in strangers:
            if stranger.kind.value not in table[operation.id]:
                continue
            for body in two.bodies(operation, two.there):
                for letters in {found[:3] for found in ids_in(body)}:
                    theirs = two.rows[KEYS[letters]]
                    answers = [
                        told(await stranger.ask(operation, values, with_ids(body, own | {letters: each})), each)
                        for each in (theirs, unknown(theirs))
                    ]
                    named.add((operation.id, letters))
                    if answers[0] != answers[1]:
                        leaks.append((operation.id, stranger.name, letters, *answers))
            for query in operation.queries:
                letters = str(operation.said["parameters"]).partition("^")[2][:3]
                theirs = two.rows[KEYS[letters]]
                answers = [
                    told(await stranger.ask(operation, values, None, {query: each}), each)
                    for each in (theirs, unknown(theirs))
                ]
                named.add((operation.id, query))
                if answers[0] != answers[1]:
                    leaks.append((operation.id, stranger.name, query, *answers))
    assert leaks == []
    assert len(named) > 30
    assert await everything(two) == before


ELSEWHERE = {
    "getDraw": "of a lottery: tests/api/test_lotteries.py",
    "getOwnDraw": "of a lottery: tests/api/test_lotteries.py",
    "drawLots": "of a lottery: tests/api/test_lotteries.py",
    "issueFamilyPayCode": "once it was accepted: tests/api/test_my_family.py",
    "placeFamilyOrder": "once it was accepted: tests/api/test_family_orders.py",
    "downloadOwnMaterial": "of a file: tests/api/test_application_files.py",
    "readMaterial": "of a file: tests/api/test_application_files.py",
    "clearMark": "of a mark: tests/api/test_marks.py",
    "objectToPublicNotice": "while points wait: tests/api/test_public_notice.py",
    "objectToApplication": "while it is under notice: tests/api/test_publicity.py",
    "uploadEnteredMaterial": "by whoever entered it: tests/api/test_application_people.py",
    "submitEnteredApplication": "by whoever entered it: tests/api/test_application_people.py",
    "supplyEnteredMaterial": "by whoever entered it: tests/api/test_application_people.py",
}
"""What needs more than the row to be there, and where it is shown to be found."""


def people_at_home(two: Two) -> list[Stranger]:
    """Those to whom the first city's rows belong, and who work there."""
    site, (own, _, member, *_) = two.here, two.here.city.volunteers
    user = UUID(hex=two.rows["user_id"][4:])
    return [
        Stranger("admin", ActorKind.ADMIN, site, {}),
        Stranger("user", ActorKind.ADMIN, site, {"subject": user}),
        Stranger("organiser", ActorKind.ORGANISER, site, {}),
        Stranger("manager", ActorKind.MERCHANT_STAFF, site, {"merchant": site.city.tills[0].merchant}),
        Stranger("volunteer", ActorKind.VOLUNTEER, site, {"volunteer": own, "subject": own}),
        Stranger("member", ActorKind.VOLUNTEER, site, {"volunteer": member, "subject": member}),
    ]


async def test_the_same_ids_are_there_for_whoever_they_belong_to(two: Two) -> None:
    """The proof that the others were refused for what they are: each operation finds its row for somebody at home."""
    table, missing = read_table(), []
    mine = {letters: two.rows[key] for letters, key in KEYS.items()}
    ending = re.compile("/end$|/erasures|/disable$|/password$")
    for operation in sorted(
        two.operations(),
        key=lambda each: (each.method != "GET", "/auth/" not in each.path, bool(ending.search(each.path))),
    ):
        if not operation.slots or operation.id in ELSEWHERE:
            continue
        values, found = values_for(operation, two.rows), []
        for who in people_at_home(two):
            if who.kind.value in table[operation.id]:
                body = with_ids(two.body(operation, values, two.here), mine)
                found.append((await who.ask(operation, values, body)).status_code)
        if set(found) == {404}:
            missing.append(operation.id)
    assert missing == []


TILL_CALLS = (
    ("GET", "/v1/pos/redemptions/{number}", None),
    ("POST", "/v1/pos/redemptions/{number}/refunds", {"out_refund_no": "R", "points": 1}),
    ("GET", "/v1/pos/redemptions/{number}/refunds/R-0", None),
    ("GET", "/v1/pos/vouchers/{code}", None),
    ("POST", "/v1/pos/vouchers/{code}/use", {"use_request_no": "U"}),
    ("POST", "/v1/pos/vouchers/{code}/return", {"return_request_no": "B", "reason": "拿错了"}),
)
"""What a till asks about a sale or a voucher. A reversal is of one's own numbers only: it always leaves its mark."""


async def test_a_till_learns_nothing_of_other_merchants_sales(two: Two) -> None:
    """Neither of another merchant's nor of another programme's: their numbers and codes are as good as made up."""
    vouchers, order = two.here.services.cabinet.vouchers, OrderId(UUID(hex=two.rows["order_id"][4:]))
    real = {"number": two.rows["trade_no"], "code": derive_voucher_code(vouchers, two.here.city.programme, order)}
    none = {"number": "A-9", "code": "97000000000000000000"}
    assert (await call(two.here, "GET", f"/v1/pos/redemptions/{real['number']}")).status_code == 200
    for site, till in ((two.here, two.here.city.tills[1]), (two.there, two.there.city.tills[0])):
        for method, path, body in TILL_CALLS:
            answers = []
            for number, each in enumerate((real, none)):  # a request number of its own each: a refusal is kept under it
                sent = body and {name: f"{value}-{number}" if "_no" in name else value for name, value in body.items()}
                asked = await call(site, method, path.format(**each), sent, till=till)
                answers.append(told(asked, *each.values()))
            assert answers[0] == answers[1], (site.city.programme, path)
            assert answers[0][0] == 404, (site.city.programme, path, answers[0])
