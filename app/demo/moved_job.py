"""On a moved clock, in the sandbox: points are spent on the last day of their lot, and refunded when it has expired."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from time import time
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from app.demo.client import Person
from app.demo.main_job import log_in
from app.demo.steps import Steps, equal, expect, expect_answer
from app.till.client import Till

_ZONE = ZoneInfo("Asia/Shanghai")
_NOON = time_of_day(12)
GRACE_DAYS = 30


@dataclass(frozen=True, slots=True)
class MovedJob:
    """Who pays at which till, and the last day of their first lot."""

    described: dict[str, Any]
    volunteer: str
    last_day: date

    def _ahead(self, day: date) -> timedelta:
        return datetime.combine(day, _NOON, _ZONE) - datetime.now(UTC)

    @property
    def until_last_day(self) -> timedelta:
        """From now to noon of the lot's last day."""
        return self._ahead(self.last_day)

    @property
    def until_day_after(self) -> timedelta:
        """From now to noon of the day after."""
        return self._ahead(self.last_day + timedelta(days=1))

    def _till(self, client: httpx.Client, ahead: timedelta) -> Till:
        given = self.described["terminals"][0]
        return Till(client, given["terminal"], given["secret"], clock=lambda: time() + ahead.total_seconds())

    def _volunteer(self, client: httpx.Client) -> Person:
        admin = log_in(client, self.described, "admin")
        issued = expect(admin.post(f"/v1/volunteers/{self.volunteer}/access-tokens"), 201)
        return Person(client, issued["access_token"])

    def pay(self, client: httpx.Client, steps: Steps) -> None:
        """On the last day the lot is spent, to the last minute."""
        volunteer = self._volunteer(client)
        lots = expect(volunteer.get("/v1/me/wallet"), 200)["lots"]
        equal(lots[0]["expires_on"], self.last_day.isoformat(), "the lot that expires today")
        code = expect(volunteer.post("/v1/me/pay-code"), 200)["code"]
        paid = expect_answer(self._till(client, self.until_last_day).redeem("MOVED-1", code, 4), 201)
        steps.done(f"on {self.last_day}, its last day, a lot pays {paid['points']} points")

    def refund(self, client: httpx.Client, steps: Steps) -> None:
        """The day after the lot is gone; what is refunded in part lives for a period of grace."""
        till = self._till(client, self.until_day_after)
        volunteer = self._volunteer(client)
        before = expect(volunteer.get("/v1/me/wallet"), 200)
        refund = expect_answer(till.refund("MOVED-1", "MOVED-1-R1", 3, "退货"), 201)
        again = expect_answer(till.refund("MOVED-1", "MOVED-1-R1", 3, "退货"), 201)
        equal(again, refund, "the same refund again")
        after = expect(volunteer.get("/v1/me/wallet"), 200)
        equal(after["available"] - before["available"], 3, "what came back")
        grace = (self.last_day + timedelta(days=1 + GRACE_DAYS)).isoformat()
        equal([lot["points"] for lot in after["lots"] if lot["expires_on"] == grace], [3], "the lot of grace")
        equal(expect_answer(till.query("MOVED-1"), 200)["state"], "PARTIALLY_REFUNDED", "the redemption")
        steps.done(f"a day later 3 of them are refunded: the lot has expired, they are good until {grace}")


def plan_moved_job(client: httpx.Client, described: dict[str, Any]) -> MovedJob:
    """Choose a volunteer whose first lot has points enough."""
    for person in described["volunteers"]:
        wallet = expect(Person(client, person["access_token"]).get("/v1/me/wallet"), 200)
        lots = [lot for lot in wallet["lots"] if lot["expires_on"]]
        if lots and lots[0]["points"] >= 4:
            return MovedJob(described, person["id"], date.fromisoformat(lots[0]["expires_on"]))
    raise LookupError("nobody in the sandbox has points")
