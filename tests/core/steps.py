"""Steps of a city's history drawn at random, and the city in which they are taken."""

from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

from app.core.ids import MerchantId, TerminalId, VolunteerId
from app.core.programmes import Programme
from app.core.volunteers import VolunteerStatus
from tests.core.builders import a_policy, a_till, a_volunteer, named
from tests.core.ledger import MemoryLedger

VERBS = (
    *("serve", "serve", "serve", "pay", "pay", "pay", "pay", "pay again", "refund", "refund", "reverse"),
    *("hold", "hold", "capture", "void", "mature", "mature", "expire", "claw back", "donate", "deposit"),
    *("reject", "wait", "wait", "wait long"),
)

PEOPLE = tuple(VolunteerId(named("volunteer", number)) for number in range(3))
FROZEN = VolunteerId(named("volunteer", "frozen"))
MERCHANTS = tuple(MerchantId(named("merchant", number)) for number in range(2))
TERMINALS = tuple(TerminalId(named("terminal", number)) for number in range(2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens: who, how much in percent of what is possible, about which.

    A blind step looks no further than what exists at all, so it is often refused.
    """

    verb: str
    who: int
    percent: int
    about: int
    blind: bool


step_lists = st.lists(
    st.builds(
        Step,
        verb=st.sampled_from(VERBS),
        who=st.integers(0, 2),
        percent=st.integers(1, 100),
        about=st.integers(0, 3),
        blind=st.sampled_from([False] * 7 + [True]),
    ),
    min_size=20,
    max_size=60,
)


def draw_steps(seed: int, count: int) -> list[Step]:
    """Steps that are the same for the same seed."""
    random = Random(seed)
    return [
        Step(
            verb=random.choice(VERBS),
            who=random.randrange(3),
            percent=random.randint(1, 100),
            about=random.randrange(4),
            blind=random.randrange(8) == 0,
        )
        for _ in range(count)
    ]


def a_city(programme: Programme) -> MemoryLedger:
    """A city at rest: three volunteers and a frozen one, two merchants with a till each, an empty fund."""
    return MemoryLedger(
        programme=programme,
        policies=(a_policy(rate=600),),
        volunteers={
            **{person: a_volunteer(person) for person in PEOPLE},
            FROZEN: a_volunteer(FROZEN, status=VolunteerStatus.FROZEN),
        },
        tills={terminal: a_till(terminal, merchant) for terminal, merchant in zip(TERMINALS, MERCHANTS, strict=True)},
    )
