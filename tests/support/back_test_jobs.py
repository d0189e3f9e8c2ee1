"""Back-tests without HTTP: drafted and asked for as the actions do it, and read back from the tables."""

from datetime import date

from uuid_utils.compat import uuid7

from app.actions.accrual_policies import draft_policy
from app.actions.back_tests import ask_for_back_test
from app.core.codes import Rejected
from app.core.ids import BackTestId, UserId
from app.core.policies import AccrualPolicy
from app.store.back_tests import BackTest, fetch_back_test
from app.store.database import Database
from tests.support.city_rows import City
from tests.support.clocks import Clock


def a_draft(**more: object) -> AccrualPolicy:
    """Half of the rate in force, and what is said."""
    policy = {"version": "d", "effective_from": date(2027, 1, 1), "rate_per_hour": 30}
    return AccrualPolicy(**{**policy, "coefficients_bp": {1: 10_000, 2: 12_000, 3: 15_000}, **more})  # type: ignore[arg-type] # as the test names them


async def ask(database: Database, city: City, clock: Clock, draft: AccrualPolicy | None = None) -> BackTestId:
    """Ask for a back-test of a new draft over everything."""
    author, back_test = UserId(uuid7()), BackTestId(uuid7())
    policy = draft or a_draft()
    async with database.begin() as tx:
        await draft_policy(tx, city.programme, policy, author, clock.now)
        asked = await ask_for_back_test(
            tx,
            city.programme,
            policy.version,
            back_test,
            since=date(2020, 1, 1),
            until=clock.now.date(),
            by=author,
            at=clock.now,
        )
    assert not isinstance(asked, Rejected)
    return back_test


async def found(database: Database, city: City, back_test: BackTestId) -> BackTest:
    """The back-test as it is now."""
    async with database.read() as reader:
        one = await fetch_back_test(reader, city.programme, back_test)
    assert one is not None
    return one
