"""A city with something of everything in its ledger, ways to damage it, and the verification of it."""

from dataclasses import replace

from sqlalchemy import text

from app.jobs.verifying import SPAN, VerifyReport, run_verify
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.clocks import Clock
from tests.support.commands import a_committer, a_pay_code, a_redeem, accepted, at_till, pay
from tests.support.offers import a_reimbursed, agree, an_offer, cancel_order, place_order, use_voucher


async def a_busy_city(database: Database, clock: Clock) -> City:
    """A city with orders in every state, a redemption that waits, one of an offer, and a few plain ones at the end."""
    built = await a_city(database, clock, confirm_points=100)
    till, volunteers = built.tills[0], built.volunteers
    offer = await an_offer(database, built, till.merchant, a_reimbursed(built, 20, 500), stock=9)
    await agree(database, built, till.merchant, monthly_points=5_000)
    async with a_committer(database, built.programme, clock) as committer:
        for number, volunteer in enumerate((volunteers[0], volunteers[0], volunteers[1])):
            order = await place_order(committer, volunteer, offer, 1 + number)
            if number == 1:
                accepted(await committer.submit(use_voucher(till, order.code)))
            if number == 2:
                accepted(await committer.submit(cancel_order(order.id, volunteer)))
        accepted(await pay(committer, till, volunteers[2], 150, "W-1"))
        redeem = replace(a_redeem(till, await a_pay_code(committer, volunteers[2]), 1, "O-1"), points=None)
        accepted(await committer.submit(at_till(till, replace(redeem, offer=offer, quantity=2))))
        for number in range(6):
            await pay(committer, built.tills[number % 2], volunteers[number % 3], 10 + number, f"A-{number}")
    return built


async def tamper(database: Database, *statements: str) -> None:
    """What someone with the owner's privileges can do: switch the triggers off, and write."""
    async with database.begin() as tx:
        await tx.execute(text("SET session_replication_role = replica"))
        for statement in statements:
            await tx.execute(text(statement))


async def verify(database: Database, city: City, span: int = SPAN, workers: int | None = None) -> VerifyReport:
    """The report on a city's ledger."""
    return await run_verify(database, city.programme, lambda _done, _total: None, workers, span)
