"""A sample for inspection: random, the same for the same seed, out of what the caller may see."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.ids import format_id
from tests.support.bulk_calls import enter_rows
from tests.support.calls import Json
from tests.support.service_calls import RECORDS, Person, a_record, a_tree, an_admin, person
from tests.support.sites import Site


async def sampled(who: Person, seed: str = "2026-Q1", status: int = 200, **query: Any) -> Json:  # noqa: ANN401 - a query
    """A sample of what was entered within the last day, unless said otherwise."""
    now = who.site.clock.now
    asked = {
        "seed": seed,
        "size": 5,
        "since": (now - timedelta(hours=1)).isoformat(),
        "until": now.isoformat(),
        **query,
    }
    headers = await who.site.headers(who.kind, subject=who.subject, team=who.team)
    answer = await who.site.client.get(f"{RECORDS}/sample", params=asked, headers=headers)
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


async def entered(site: Site, count: int, **changed: object) -> list[str]:
    """Records that were entered half an hour ago, long after those that the city began with."""
    site.clock.move(timedelta(hours=2))
    rows = [
        a_record(site, minutes=30, ended_ago=timedelta(days=1, hours=number // 3), number=number % 3, **changed)
        for number in range(count)
    ]
    made = await enter_rows(person(site, "organiser"), rows)
    site.clock.move(timedelta(minutes=30))
    return [row["id"] for row in made["rows"]]


def ids_of(sample: Json) -> list[str]:
    """The records drawn, in order."""
    return [record["id"] for record in sample["records"]]


async def test_the_same_seed_draws_the_same_records(site: Site) -> None:
    """Whoever asks, and also after records were verified and more were entered; another seed draws others."""
    ids = await entered(site, 30)
    admin = an_admin(site)
    asked: dict[str, Any] = {
        "until": site.clock.now.isoformat(),
        "since": (site.clock.now - timedelta(hours=1)).isoformat(),
    }
    first = await sampled(admin, **asked)
    drawn = ids_of(first)
    assert (len(set(drawn)), len(drawn)) == (5, 5)
    assert set(drawn) <= set(ids)
    assert drawn != ids[:5]
    for name in drawn:
        await admin.verify({"id": name})
    site.clock.move(timedelta(days=1))
    await entered(site, 3, activity="后来的")
    assert ids_of(await sampled(an_admin(site, "another"), **asked)) == drawn
    assert ids_of(await sampled(admin, size=3, **asked)) == drawn[:3]
    assert ids_of(await sampled(admin, "2026-Q2", **asked)) != drawn
    assert (await sampled(admin, **asked))["population"] == first["population"]


async def test_every_record_can_be_drawn(site: Site) -> None:
    """Over many seeds each of six records comes first about as often as any other."""
    ids = await entered(site, 6)
    admin, firsts = an_admin(site), []
    since = (site.clock.now - timedelta(minutes=31)).isoformat()
    for seed in range(120):
        sample = await sampled(admin, f"s{seed}", size=1, since=since)
        firsts += [name for name in ids_of(sample) if name in ids]
    assert all(firsts.count(name) >= 5 for name in ids)


async def test_an_organisers_sample_is_of_their_part(site: Site) -> None:
    """Population and records are those of the own teams."""
    tree = await a_tree(site)
    inside = await entered(site, 6, team_id=format_id("tea", tree.small[0]))
    await entered(site, 6, team_id=format_id("tea", tree.small[1]))
    since = (site.clock.now - timedelta(days=1)).isoformat()
    sample = await sampled(person(site, "leader", team=tree.middle[0]), size=200, since=since)
    assert set(ids_of(sample)) == set(inside)
    assert sample["population"] == 6


@pytest.mark.parametrize(
    "query",
    [
        {"until": "2100-01-01T00:00:00Z"},
        {"since": "2026-03-02T02:00:00Z", "until": "2026-03-02T01:00:00Z"},
        {"size": 0},
        {"size": 201},
        {"seed": ""},
        {"seed": "种子"},
        {"since": "yesterday"},
    ],
)
async def test_what_cannot_be_drawn_is_refused(site: Site, query: dict[str, object]) -> None:
    """A period that is not over, or backwards; sizes and seeds beyond their limits."""
    asked: dict[str, object] = {"seed": "2026-Q1", **query}
    refused = await sampled(an_admin(site), str(asked.pop("seed")), 400, **asked)
    assert refused["code"] == "PARAM_ERROR"
