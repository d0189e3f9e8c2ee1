"""Commands and signed requests, prepared so that a measurement only has to send them."""

import asyncio
import itertools
import json
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from uuid_utils.compat import uuid7

from app.api.services import Services
from app.core.book import AnswerFields
from app.core.codes import Rejected
from app.core.commands import Command
from app.core.idempotency import AnswerKey
from app.core.ids import OfferId, OrderId, ProgrammeId, TransactionId, VolunteerId, format_terminal
from app.core.orders import PlaceOrder
from app.core.pay_codes import IssuePayCode
from app.demo.loaded import LoadedCity, LoadedTerminal
from app.engine.batch import Submission
from app.security.actors import DEFAULT_SCOPES, Actor, ActorKind
from app.security.pay_codes import derive_pay_code, hash_pay_code
from app.security.till_signatures import sign
from app.security.tokens import issue_token
from app.security.vouchers import derive_voucher_code, hash_voucher_code
from app.settings import Settings

IN_FLIGHT = 256

_numbers = itertools.count()


class Request(NamedTuple):
    """One line for the load generator."""

    method: str
    path: str
    authorization: str
    body: str
    key: str = ""

    @property
    def line(self) -> str:
        """As load.lua reads it."""
        return f"{self.method}\t{self.path}\t{self.authorization}\t{self.key}\t{self.body}\n"


def next_number() -> str:
    """A number that was never used before."""
    return f"{time.time_ns():x}-{next(_numbers)}"


class Preparer:
    """Issues codes and tokens, signs requests, places orders: going round the volunteers and the tills."""

    def __init__(self, services: Services, city: LoadedCity, offer: OfferId, settings: Settings) -> None:
        self.services = services
        self.city = city
        self.offer = offer
        self._volunteers = itertools.cycle(city.volunteers)
        self._tills = itertools.cycle(city.terminals)
        self._lifetime = settings.token_lifetime

    @property
    def programme(self) -> ProgrammeId:
        """The programme that is measured."""
        return self.city.programme

    def next_volunteer(self) -> VolunteerId:
        """The next in turn."""
        return next(self._volunteers)

    def next_till(self) -> LoadedTerminal:
        """The next in turn."""
        return next(self._tills)

    def first_tills(self) -> Sequence[LoadedTerminal]:
        """The tills of the merchant whose offer is measured."""
        return [till for till in self.city.terminals if till.merchant == self.city.terminals[0].merchant]

    async def submit(self, command: Command, key: AnswerKey | None = None) -> AnswerFields:
        """Send a command through the committer; one that is refused spoils the measurement."""
        submission = Submission(command=command, key=key or AnswerKey("bench", next_number()), body_hash=b"bench")
        outcome = await self.services.committers.submit(self.programme, submission)
        if isinstance(outcome.answer, Rejected):
            raise TypeError(f"{type(command).__name__}: {outcome.answer}")
        return outcome.answer

    async def submit_all(self, commands: Iterable[tuple[Command, AnswerKey | None]]) -> list[AnswerFields]:
        """Send commands with 256 in flight; the answers come in any order."""
        waiting = iter(commands)
        answers: list[AnswerFields] = []

        async def work() -> None:
            for command, key in waiting:
                answers.append(await self.submit(command, key))

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
        return answers

    async def issue_codes(self, count: int) -> list[str]:
        """Pay codes through the committer, valid for a minute from now."""
        key = self.services.cabinet.pay_codes
        issued = []
        for _ in range(count):
            volunteer = self.next_volunteer()
            issued.append((volunteer, derive_pay_code(key, self.programme, volunteer, next_number())))
        await self.submit_all(
            (IssuePayCode(code=hash_pay_code(key, self.programme, code), volunteer=volunteer), None)
            for volunteer, code in issued
        )
        return [code for _, code in issued]

    def new_orders(self, count: int) -> list[tuple[str, PlaceOrder]]:
        """Orders to place, each with its voucher's code."""
        key = self.services.cabinet.vouchers
        orders = []
        for _ in range(count):
            order = OrderId(uuid7())
            code = derive_voucher_code(key, self.programme, order)
            place = PlaceOrder(
                order=order,
                transaction=TransactionId(uuid7()),
                volunteer=self.next_volunteer(),
                offer=self.offer,
                quantity=1,
                code=hash_voucher_code(key, self.programme, code),
            )
            orders.append((code, place))
        return orders

    async def place_orders(self, count: int) -> list[str]:
        """Orders placed through the committer: the codes of their vouchers."""
        orders = self.new_orders(count)
        await self.submit_all((place, None) for _, place in orders)
        return [code for code, _ in orders]

    def signed(self, till: LoadedTerminal, method: str, path: str, body: object = None) -> Request:
        """A till's request, signed now."""
        content = json.dumps(body) if body is not None else ""
        authorization = sign(
            terminal=format_terminal(self.programme, till.terminal),
            secret=till.secret.encode(),
            method=method,
            target=path,
            body=content.encode(),
            timestamp=int(time.time()),
            nonce=str(next(_numbers)),
        )
        return Request(method, path, authorization, content)

    async def tokens(self, count: int) -> list[str]:
        """Access tokens of volunteers."""
        keys = await self.services.cabinet.token_keys(self.programme)
        now = self.services.clock()
        return [
            issue_token(
                keys,
                Actor(
                    kind=ActorKind.VOLUNTEER,
                    programme=self.programme,
                    subject=volunteer,
                    scopes=DEFAULT_SCOPES[ActorKind.VOLUNTEER],
                    volunteer=volunteer,
                ),
                issued_at=now,
                lifetime=self._lifetime,
                token_id=uuid7().hex,
            )
            for volunteer in (self.next_volunteer() for _ in range(count))
        ]
