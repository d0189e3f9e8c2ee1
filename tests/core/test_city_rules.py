"""The rules of real cities (DOMAIN.md 2), encoded as data: each gives the figures that its source gives."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.core.bonuses import BonusKind, tell_bonus
from app.core.policies import Service, Standing, price, tell
from app.core.quantities import Minutes
from app.store.policy_bodies import decode_policy, encode_policy
from tests.core.builders import a_book
from tests.core.granting import a_grant, grant

Json = dict[str, Any]

RULES = sorted((Path(__file__).parent / "city_rules").glob("*.json"))
DAY = date(2026, 3, 1)


def _read(path: Path) -> Json:
    rule: Json = json.loads(path.read_text(encoding="utf-8"))
    return rule


def _service(given: Json) -> Service:
    return Service(**{"level": 1, "day": DAY, **given, "minutes": Minutes(given["minutes"])})


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_a_citys_rule_gives_the_figures_of_its_source(path: Path) -> None:
    """Points of each case, and where the fixture says it, the sentence by which they are told."""
    rule = _read(path)
    policy = decode_policy(json.dumps(rule["policy"]))
    for case in rule["cases"]:
        standing = Standing(**{"first": False, **case.get("standing", {})})
        priced = price(policy, _service(case["service"]), standing)
        assert priced.points == case["points"], case
        told = {"zh": tell(priced.steps, english=False), "en": tell(priced.steps, english=True)}
        assert {language: told[language] for language in told if language in case} == {
            language: case[language] for language in told if language in case
        }


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_a_citys_bonuses_are_those_of_its_source(path: Path) -> None:
    """What registration, referral and honours bring beside the hours, decided and told; nothing where none is said."""
    rule = _read(path)
    policy = decode_policy(json.dumps(rule["policy"]))
    said = policy.bonuses
    assert bool(said.start_grant or said.referral or said.honour) is ("bonuses" in rule)
    for case in rule.get("bonuses", ()):
        book = replace(a_book(policies=(policy,)), bonuses={})
        command = a_grant(BonusKind(case["kind"]), level=case.get("level"))
        granted = grant(book, command)
        assert granted.points == case["points"], case
        told = {"zh": tell_bonus(granted, english=False), "en": tell_bonus(granted, english=True)}
        assert all(told[language] == case[language] for language in told if language in case)


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_a_citys_points_live_as_long_as_its_source_says(path: Path) -> None:
    """The last day of points earned on a day, where the source says one."""
    rule = _read(path)
    policy = decode_policy(json.dumps(rule["policy"]))
    assert bool(policy.expiry) is ("expiry" in rule)
    for earned_on, last_day in rule.get("expiry", ()):
        assert policy.expiry is not None
        assert policy.expiry.last_day(date.fromisoformat(earned_on)) == date.fromisoformat(last_day)


def test_at_least_ten_cities_are_encoded_each_with_its_source() -> None:
    """Place, rule, paragraph and confidence are said; nothing in a body is misspelt, so all of it comes back."""
    assert len(RULES) >= 10
    for rule in map(_read, RULES):
        assert rule["source"].startswith("DOMAIN.md ")
        assert rule["confidence"] in {"H", "M", "L", "DESIGN"}
        assert rule["cases"]
        assert _within(rule["policy"], json.loads(encode_policy(decode_policy(json.dumps(rule["policy"])))))


def _within(part: object, whole: object) -> bool:
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and _within(value, whole[name]) for name, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(_within, part, whole))
    return part == whole
