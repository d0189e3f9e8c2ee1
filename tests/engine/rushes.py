"""A rush at one till: everybody has a code, all redemptions are submitted at once."""

import asyncio
from collections.abc import Sequence

from app.core.redemptions import Redeem
from app.engine.batch import Outcome
from app.engine.committer import Committer
from tests.support.city_rows import City
from tests.support.commands import a_pay_code, a_redeem, accepted, at_till

POINTS = 10
PATIENCE_S = 30


async def issue_codes(committer: Committer, city: City) -> Sequence[Redeem]:
    """A redemption for each volunteer at the first till, with a code that has been issued."""
    codes = [await a_pay_code(committer, volunteer) for volunteer in city.volunteers]
    return [a_redeem(city.tills[0], code, POINTS, f"A-{number}") for number, code in enumerate(codes)]


async def submit_all(committer: Committer, city: City, commands: Sequence[Redeem]) -> list[Outcome | BaseException]:
    """Submit all at once; what is raised comes back in its place."""
    submissions = [at_till(city.tills[0], command) for command in commands]
    async with asyncio.timeout(PATIENCE_S):
        return await asyncio.gather(*map(committer.submit, submissions), return_exceptions=True)


async def wait_for_queue(committer: Committer, length: int) -> None:
    """Wait until as many commands are queued."""
    async with asyncio.timeout(PATIENCE_S):
        while len(committer._queue) != length:  # noqa: ASYNC110 - the committer tells nobody how long its queue is
            await asyncio.sleep(0.01)


def answered(outcomes: Sequence[Outcome | BaseException]) -> list[Outcome]:
    """The outcomes, none of which may be an error or a refusal."""
    good = [outcome for outcome in outcomes if isinstance(outcome, Outcome)]
    assert len(good) == len(outcomes), outcomes
    for outcome in good:
        accepted(outcome)
    return good
