"""Signed requests, prepared so that the load generator only has to send them."""

import asyncio
import itertools
import json
import time
from pathlib import Path

from uuid_utils.compat import uuid7

from app.api.services import Services
from app.core.codes import Rejected
from app.core.idempotency import AnswerKey
from app.core.ids import ProgrammeId, RedemptionId, TransactionId, VolunteerId, format_terminal
from app.core.pay_codes import IssuePayCode
from app.core.quantities import Points
from app.core.redemptions import Redeem
from app.core.rows import TradeNo
from app.demo.loaded import LoadedCity
from app.engine.batch import Submission
from app.security.pay_codes import derive_pay_code, hash_pay_code
from app.security.till_signatures import sign

TARGET = "/v1/pos/redemptions"
POINTS = 1
IN_FLIGHT = 256

_numbers = itertools.count()


class Preparer:
    """Makes pay codes and the requests that use them, going round the volunteers."""

    def __init__(self, services: Services, city: LoadedCity) -> None:
        self._services = services
        self._city = city
        self._turn = itertools.cycle(city.volunteers)

    @property
    def programme(self) -> ProgrammeId:
        """The programme that is measured."""
        return self._city.programme

    async def issue_codes(self, count: int) -> list[str]:
        """Pay codes through the committer, valid for a minute from now."""
        key = self._services.cabinet.pay_codes
        codes: list[str] = []
        volunteers = iter([next(self._turn) for _ in range(count)])

        async def work() -> None:
            codes.extend([await self._issue(key, volunteer) for volunteer in volunteers])

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
        return codes

    async def _issue(self, key: bytes, volunteer: VolunteerId) -> str:
        number = f"bench-{time.time_ns()}-{next(_numbers)}"
        code = derive_pay_code(key, self.programme, volunteer, number)
        command = IssuePayCode(code=hash_pay_code(key, self.programme, code), volunteer=volunteer)
        submission = Submission(command=command, key=AnswerKey("bench", number), body_hash=b"bench")
        outcome = await self._services.committers.submit(self.programme, submission)
        if isinstance(outcome.answer, Rejected):
            raise TypeError(f"no pay code: {outcome.answer}")
        return code

    async def write_requests(self, count: int, path: Path, *, real: bool) -> None:
        """One line per request: its Authorization header, a tab, its body. Codes that are not `real` pay nothing."""
        codes = await self.issue_codes(count) if real else [f"96{number:016d}" for number in range(count)]
        tills = itertools.cycle(self._city.terminals)
        now = int(time.time())
        with path.open("w", encoding="utf-8") as file:
            for code, till in zip(codes, tills, strict=False):
                number = next(_numbers)
                body = json.dumps({"out_trade_no": f"b{now}-{number}", "auth_code": code, "points": POINTS})
                authorization = sign(
                    terminal=format_terminal(self.programme, till.terminal),
                    secret=till.secret.encode(),
                    method="POST",
                    target=TARGET,
                    body=body.encode(),
                    timestamp=now,
                    nonce=str(number),
                )
                file.write(f"{authorization}\t{body}\n")

    async def redeem_in_process(self, count: int) -> float:
        """Redeem without HTTP: seconds for `count` redemptions, 256 in flight."""
        key = self._services.cabinet.pay_codes
        codes = await self.issue_codes(count)
        tills = itertools.cycle(self._city.terminals)
        commands = iter(
            [
                Redeem(
                    redemption=RedemptionId(uuid7()),
                    transaction=TransactionId(uuid7()),
                    trade_no=TradeNo(f"d{time.time_ns()}-{number}"),
                    code=hash_pay_code(key, self.programme, code),
                    terminal=till.terminal,
                    points=Points(POINTS),
                )
                for number, (code, till) in enumerate(zip(codes, tills, strict=False))
            ]
        )

        async def work() -> None:
            for command in commands:
                kept = AnswerKey("bench-till", command.trade_no)
                submission = Submission(command=command, key=kept, body_hash=b"bench")
                outcome = await self._services.committers.submit(self.programme, submission)
                if isinstance(outcome.answer, Rejected):
                    raise TypeError(f"not redeemed: {outcome.answer}")

        began = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
        return time.perf_counter() - began
