"""Benefits over HTTP: bodies that can be drafted, and the steps by which two people publish one."""

from tests.support.calls import Caller, Json, an_admin
from tests.support.sites import Site

BENEFITS = "/v1/benefits"

THREE_STARS: Json = {
    "code": "stars",
    "name": "三星级以上",
    "name_en": "Three stars or more",
    "required": [{"fact": "stars", "operator": "at_least", "value": 3}],
}
HUNDRED_HOURS: Json = {
    "code": "hours",
    "name": "近一年服务满 100 小时",
    "name_en": "A hundred hours in a year",
    "required": [{"fact": "window_minutes", "operator": "at_least", "value": 6000}],
}


def says_benefit(code: str = "priority", version: str = "2026-1", **more: object) -> Json:
    """A body that drafts a version which may be published."""
    return {
        "code": code,
        "version": version,
        "effective_from": "2026-01-01",
        "kind": "priority",
        "owner": {"code": "publicity", "name": "宣传部", "name_en": "Publicity Department"},
        "name": "优先",
        "name_en": "Priority",
        "criteria": [THREE_STARS, HUNDRED_HOURS],
        "levels": ["city"],
        "window_months": 12,
        **more,
    }


def path_of(body: Json) -> str:
    """Where a version is."""
    return f"{BENEFITS}/{body['code']}/versions/{body['version']}"


async def step(caller: Caller, body: Json, name: str, revision: int, status: int = 200) -> Json:
    """Review, publish or discard a draft."""
    return await caller.send("POST", f"{path_of(body)}/{name}", None, status, If_Match=f'"{revision}"')


async def publish(site: Site, body: Json) -> Json:
    """A version, published by two administrators."""
    author, reviewer = an_admin(site), an_admin(site)
    await author.post(BENEFITS, body, 201)
    await step(reviewer, body, "review", 1)
    return await step(author, body, "publish", 2)
