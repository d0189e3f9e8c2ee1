"""Back-tests over HTTP: asked for, waited for, read."""

import asyncio

from tests.support.calls import Caller, Json

POLICIES = "/v1/accrual-policies"
_LOOKS_MAX = 1_500


async def ask(caller: Caller, version: str, since: str = "2020-01-01", until: str = "2026-03-02") -> Json:
    """Ask for a back-test of a draft."""
    return await caller.post(f"{POLICIES}/{version}/back-tests", {"since": since, "until": until}, 202)


async def ended(caller: Caller, asked: Json) -> Json:
    """The back-test once it has ended."""
    for _ in range(_LOOKS_MAX):
        found = await caller.get(f"{POLICIES}/{asked['version']}/back-tests/{asked['id']}")
        if found["state"] not in {"queued", "running"}:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("the back-test does not come to an end")


async def back_tested(caller: Caller, version: str, since: str = "2020-01-01", until: str = "2026-03-02") -> Json:
    """A draft's back-test, asked for and done."""
    found = await ended(caller, await ask(caller, version, since, until))
    assert found["state"] == "done"
    return found
