"""A pointer names a query parameter in one way, whoever found the fault; every parameter of the contract has a text."""

import pytest

from app.api.openapi import build_contract
from tests.support.sites import Site


@pytest.mark.parametrize(
    "asked, pointer",
    [
        ("statement?limit=9999", "/limit"),
        ("statement?after=zzz", "/after"),
        ("wallet?as_of=tomorrow", "/as_of"),
        ("wallet?known_at=2026-01-01", "/known_at"),
    ],
)
async def test_a_query_parameter_is_pointed_to_by_its_name(site: Site, asked: str, pointer: str) -> None:
    """Of the wrong type or range, as the framework finds it, or wrong by our own rules."""
    answer = await site.client.get(f"/v1/me/{asked}", headers=await site.volunteer_headers())
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_every_parameter_says_what_it_is(site: Site) -> None:
    """In the path, the query and the headers of every operation."""
    told = [
        (path, parameter["name"])
        for path, methods in build_contract(site.app)["paths"].items()
        for operation in methods.values()
        for parameter in operation.get("parameters", [])
        if "$ref" not in parameter and not parameter.get("description")
    ]
    assert told == []
