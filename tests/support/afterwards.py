"""What happens to a redemption afterwards: confirmed, declined, reversed, refunded; as the endpoints submit it."""

from uuid import UUID

from uuid_utils.compat import uuid7

from app.core.codes import Code
from app.core.confirmations import ConfirmRedemption, DeclineRedemption
from app.core.ids import RedemptionId, RefundId, TransactionId, VolunteerId
from app.core.quantities import Points
from app.core.refunds import RefundRedemption, ReverseRedemption
from app.core.rows import Redemption, Sale, TradeNo
from app.engine.batch import Outcome, Submission
from tests.support.city_rows import Till
from tests.support.commands import a_submission, accepted


def redeemed(outcome: Outcome) -> Redemption:
    """The redemption that an outcome has made or changed."""
    accepted(outcome)
    [redemption] = [row for row in outcome.rows if isinstance(row, Redemption)]
    return redemption


def confirm(redemption: RedemptionId, volunteer: VolunteerId, key: str | None = None) -> Submission:
    """The volunteer says yes."""
    command = ConfirmRedemption(redemption=redemption, transaction=TransactionId(uuid7()), volunteer=volunteer)
    return a_submission(command, key, scope=f"volunteer:{volunteer.hex}")


def decline(redemption: RedemptionId, volunteer: VolunteerId, key: str | None = None) -> Submission:
    """The volunteer says no."""
    command = DeclineRedemption(redemption=redemption, transaction=TransactionId(uuid7()), volunteer=volunteer)
    return a_submission(command, key, scope=f"volunteer:{volunteer.hex}")


def reverse(till: Till, trade_no: str, *, transaction: UUID | None = None) -> Submission:
    """A till takes a sale back: asked again it is the same request."""
    command = ReverseRedemption(
        transaction=TransactionId(transaction or uuid7()),
        sale=Sale(till.merchant, TradeNo(trade_no)),
        terminal=till.terminal,
    )
    return a_submission(command, trade_no, scope=f"reverse:{till.merchant.hex}", body="reverse")


def refund(
    till: Till,
    trade_no: str,
    points: int,
    refund_no: str,
    *,
    number: UUID | None = None,
    transaction: UUID | None = None,
) -> Submission:
    """A merchant gives points back under a number of its own."""
    command = RefundRedemption(
        refund=RefundId(number or uuid7()),
        transaction=TransactionId(transaction or uuid7()),
        sale=Sale(till.merchant, TradeNo(trade_no)),
        refund_no=refund_no,
        points=Points(points),
        terminal=till.terminal,
    )
    return a_submission(
        command,
        refund_no,
        scope=f"refund:{till.merchant.hex}",
        body=f"{trade_no} {points}",
        conflict=Code.OUT_REFUND_NO_USED,
    )
