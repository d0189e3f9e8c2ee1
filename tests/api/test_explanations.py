"""An accrual is told as one sentence, from what was stored with it: to organisers, and to the volunteer."""

from datetime import timedelta
from typing import Any

from app.core.ids import format_id
from app.security.actors import ActorKind
from tests.support.back_tests import back_tested
from tests.support.calls import Json, an_admin
from tests.support.city_rows import REGION
from tests.support.sites import Site


async def _verified(site: Site, minutes: int, **more: Any) -> str:  # noqa: ANN401 - JSON
    """Enter service as one, verify it as another; the record's id."""
    ended = site.clock.now - timedelta(days=40)
    body = {
        "volunteer_id": format_id("vol", site.city.volunteers[0]),
        "team_id": format_id("tea", site.city.team),
        "evidence": "imported",
        "activity": "文明劝导",
        "started_at": (ended - timedelta(minutes=minutes)).isoformat(),
        "ended_at": ended.isoformat(),
        "minutes": minutes,
        **more,
    }
    entered = await an_admin(site).post("/v1/service-records", body, 201)
    await an_admin(site).post(f"/v1/service-records/{entered['id']}/verify")
    return str(entered["id"])


async def _mine(site: Site, target: str, language: str) -> Json:
    headers = await site.headers(ActorKind.VOLUNTEER, volunteer=site.city.volunteers[0])
    answer = await site.client.get(target, headers=headers | {"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told


async def test_an_accrual_is_told_in_both_languages(site: Site) -> None:
    """The formula with its figures; the version, the inputs and the steps stand beside it."""
    record = await _verified(site, 200, level=2)
    told = await an_admin(site).get(f"/v1/service-records/{record}/explanation")
    assert told["sentence_zh"] == "3 小时 20 分 × 60 分/小时 × 1.2 = 240 分"
    assert told["sentence_en"] == "3 h 20 min × 60 points/h × 1.2 = 240 points"
    assert (told["policy_version"], told["points"], told["counted_minutes"]) == ("2020-1", 240, 200)
    assert (told["inputs"]["service"]["minutes"], told["inputs"]["service"]["level"]) == (200, 2)
    assert [step["kind"] for step in told["steps"]] == ["minutes", "rate", "level", "earned"]
    assert await _mine(site, f"/v1/me/service-records/{record}/explanation", "zh") == told


async def test_the_statement_tells_how_hours_became_points(site: Site) -> None:
    """In the reader's language, on the lines that are accruals and on no other."""
    await _verified(site, 200, level=2)
    for language, sentence in (("zh", "3 小时 20 分 × 60 分/小时 × 1.2 = 240 分"), ("en", "3 h 20 min")):
        [newest, *_] = (await _mine(site, "/v1/me/statement", language))["lines"]
        assert newest["explanation"].startswith(sentence)
    await site.redeem("A-1", await site.pay_code(), 10)
    [newest, *_] = (await _mine(site, "/v1/me/statement", "zh"))["lines"]
    assert newest["explanation"] is None


async def test_a_record_that_earned_nothing_is_told_so(site: Site) -> None:
    """Honour hours: a sentence without a version. Not verified, somebody else's, unknown: 404."""
    record = await _verified(site, 60, evidence="attested")
    told = await an_admin(site).get(f"/v1/service-records/{record}/explanation")
    assert (told["policy_version"], told["points"], told["inputs"]) == (None, 0, None)
    assert told["sentence_zh"] == "荣誉时数只计时长，不计积分"
    other = await site.headers(ActorKind.VOLUNTEER, volunteer=site.city.volunteers[1])
    refused = await site.client.get(f"/v1/me/service-records/{record}/explanation", headers=other)
    assert refused.status_code == 404
    await an_admin(site).get(f"/v1/service-records/rec_{'0' * 32}/explanation", 404)


async def test_a_published_policy_prices_with_all_it_says(site: Site) -> None:
    """From draft to points: the cap of the day, the category and the town's overlay are in the sentence."""
    author, second = an_admin(site), an_admin(site)
    day = (site.clock.now + timedelta(days=1)).date()
    body = {
        "version": "2026-2",
        "effective_from": day.isoformat(),
        "rate_per_hour": 10,
        "category_bp": {"垃圾分类": 5_000},
        "caps": {"day_minutes": 120},
        "overlays": [{"region_code": REGION, "extra_bp": 10_000, "year_budget": 12}],
        "notice_days": 3,
        "expiry": {"kind": "rolling_months", "months": 36},
    }
    await author.post("/v1/accrual-policies", body, 201)
    await back_tested(author, "2026-2")
    for name, revision in (("review", 1), ("publish", 2)):
        await second.send("POST", f"/v1/accrual-policies/2026-2/{name}", None, 200, If_Match=f'"{revision}"')
    site.clock.now += timedelta(days=60)
    for number, sentence in enumerate(
        (
            "3 小时（单日上限 2 小时，计 2 小时） × 10 分/小时 × 0.5（垃圾分类） × 2（330282 镇（街道）加成） = 20 分",
            "1 小时（单日上限 2 小时，计 0 分） × 10 分/小时 × 0.5（垃圾分类） × 2（330282 镇（街道）加成） = 0 分",
        )
    ):
        ended = site.clock.now - timedelta(days=10) + timedelta(hours=2 * number)
        minutes = 180 - 120 * number
        times = {
            "started_at": (ended - timedelta(minutes=minutes)).isoformat(),
            "ended_at": ended.isoformat(),
        }
        record = await _verified(site, minutes, category="垃圾分类", place_region_code=REGION, **times)
        told = await author.get(f"/v1/service-records/{record}/explanation")
        assert told["sentence_zh"] == sentence
        kept = await author.get(f"/v1/service-records/{record}")
        assert (kept["pending_points"], kept["policy_version"]) == (20 - 20 * number, "2026-2")
