"""What goes on around volunteers and tills in a walk: service, sponsors, merchants, jobs and the clock."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from app.core.confirmations import CloseRedemption
from app.core.ids import OrderId, RedemptionId
from app.core.lot_life import ExpireLots
from app.core.orders import ExpireOrder, SetStock
from tests.core.protocol_books import OPEN, a_year_after, midnight_after
from tests.core.protocol_walk import Walk, back

SECOND = timedelta(seconds=1)
SOME = st.integers(0, 5)
MOSTLY = st.sampled_from((True, True, True, True, False))
AFTER = st.sampled_from((-1, 0, 0, 1))


class CityWalk(Walk):
    """The city's part of a walk."""

    @rule(who=SOME, minutes=st.sampled_from((30, 60, 120)))
    def serve(self, who: int, minutes: int) -> None:
        """A person has served."""
        self.serve_ago(back(self.town.people, who), minutes, timedelta(hours=1))

    @rule(fen=st.sampled_from((50, 200)))
    def deposit(self, fen: int) -> None:
        """A sponsor gives money."""
        self.deposit_fen(fen)

    @rule(what=SOME, total=st.sampled_from((None, 2, 5)))
    def set_stock(self, what: int, total: int | None) -> None:
        """A merchant counts again."""
        self.ask(SetStock(offer=back(self.town.offers, what).id, total=total), "office")

    @rule(which=st.integers(0, 8))
    def break_something(self, which: int) -> None:
        """A person is frozen, a merchant suspended, a terminal disabled or an offer paused for a while."""
        town = self.town
        merchants = [till.merchant for till in town.tills]
        terminals = [till.terminal for till in town.tills]
        offers = [offer.id for offer in town.offers]
        self.break_down([*town.people, *merchants, *terminals, *offers][which])

    @rule(due=MOSTLY)
    def end_holds(self, *, due: bool) -> None:
        """A job ends what is over; perhaps what is not."""
        for deal in [deal for deal in self.model.books.deals.values() if deal.is_over(self.now) is due][:3]:
            transaction = self.transaction()
            if deal.code:
                self.ask(ExpireOrder(order=OrderId(deal.id), transaction=transaction), "system")
            else:
                self.ask(CloseRedemption(redemption=RedemptionId(deal.id), transaction=transaction), "system")

    @rule(who=SOME)
    def expire_lots(self, who: int) -> None:
        """A job empties a person's lots that are past their day."""
        self.ask(ExpireLots(volunteer=back(self.town.people, who), transaction=self.transaction()), "system")

    @rule(size=st.integers(2, 6))
    def together(self, size: int) -> None:
        """The next asks are one batch."""
        self.flush()
        self.batch = size

    @rule(seconds=st.sampled_from((1, 20, 59, 60, 61, 600)))
    def wait_a_little(self, seconds: int) -> None:
        """Some time passes."""
        self.wait(self.now + seconds * SECOND)

    @rule(until=st.sampled_from(("end", "end", "midnight", "midnight", "day", "year")), which=SOME, after=AFTER)
    def wait_for(self, until: str, which: int, after: int) -> None:
        """Time passes until just before, just when or just after a hold or the day ends, or a deal gets too old."""
        deals = list(self.model.books.deals.values())
        moment = midnight_after(self.model.books.today)
        if until == "end":
            ends = [deal.ends_at for deal in deals if deal.state in OPEN and deal.ends_at and deal.ends_at > self.now]
            moment = min(ends, default=moment)
        elif deals and until != "midnight":
            made_at = back(deals, which).made_at
            moment = made_at + timedelta(days=1) if until == "day" else a_year_after(made_at)
        self.wait(moment + after * SECOND)
