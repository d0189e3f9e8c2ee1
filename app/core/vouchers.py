"""Vouchers at the till (核销): a code written off once by a till of the right merchant; returned after a mistake.

Of many tills that use one voucher at once exactly one succeeds; the others learn when and where.
"""

from dataclasses import dataclass, replace

from app.core.book import Accepted, Book, Decision, Needs
from app.core.canonical import format_instant
from app.core.charges import capture, charge_of, uncapture
from app.core.codes import Code, Rejected
from app.core.ids import TerminalId, TransactionId, format_id
from app.core.merchants import Till
from app.core.orders import refuse_voucher
from app.core.quantities import Instant
from app.core.rows import Order, OrderState, VoucherHash
from app.core.transactions import Reason, Transaction, TransactionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class UseVoucher:
    """A till hands out what was ordered."""

    code: VoucherHash
    terminal: TerminalId
    transaction: TransactionId

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(vouchers=frozenset((self.code,)), terminals=frozenset((self.terminal,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnVoucher:
    """A till takes back what it handed out: the voucher can be used again while it is valid."""

    code: VoucherHash
    terminal: TerminalId
    transaction: TransactionId

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(vouchers=frozenset((self.code,)), terminals=frozenset((self.terminal,)))


def _find(command: UseVoucher | ReturnVoucher, till: Till, book: Book) -> Order | None:
    """The order behind a code, if it is this merchant's: others learn nothing of it."""
    found = book.vouchers[command.code]
    order = book.orders[found] if found else None
    return order if order and order.merchant == till.merchant else None


def decide_use_voucher(command: UseVoucher, book: Book, at: Instant) -> Decision:
    """Decide a write-off: terminal and merchant, code, state, validity."""
    till = book.tills[command.terminal]
    if till is None or till.disabled:
        return Rejected(Code.SIGN_ERROR)
    if till.suspended:
        return Rejected(Code.MERCHANT_SUSPENDED)
    order = _find(command, till, book)
    if order is None:
        return Rejected(Code.VOUCHER_NOT_EXIST)
    if refusal := refuse_voucher(order, at):
        return refusal
    used = replace(
        order,
        state=OrderState.USED,
        used_at=at,
        used_store=till.store,
        used_terminal=till.terminal,
        store_name=till.store_name,
    )
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.CAPTURE,
            actor=format_id("ter", command.terminal),
            reason=Reason.ORDER_FULFILLED,
            occurred_at=at,
            transfers=capture(charge_of(order)),
            document=format_id("ord", order.id),
        ),
        rows=(used,),
        answer={
            "order": format_id("ord", order.id),
            "used_at": format_instant(at),
            "store": till.store.hex,
            "store_name": till.store_name,
            "terminal": till.terminal.hex,
        },
    )


def decide_return_voucher(command: ReturnVoucher, book: Book, at: Instant) -> Decision:
    """Decide a return: of a used voucher, while it is valid, no final sale. A suspended merchant may give back."""
    till = book.tills[command.terminal]
    if till is None or till.disabled:
        return Rejected(Code.SIGN_ERROR)
    order = _find(command, till, book)
    if order is None:
        return Rejected(Code.VOUCHER_NOT_EXIST)
    if order.state is not OrderState.USED:
        return Rejected(Code.STATE_CONFLICT, {"state": order.state.value})
    if at >= order.valid_until:
        return refuse_voucher(replace(order, state=OrderState.EXPIRED), at) or Rejected(Code.CODE_EXPIRED)
    if order.final_sale:
        return Rejected(Code.FINAL_SALE)
    returned = replace(
        order, state=OrderState.EFFECTIVE, used_at=None, used_store=None, used_terminal=None, store_name=""
    )
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.RETURN,
            actor=format_id("ter", command.terminal),
            reason=Reason.VOUCHER_RETURNED,
            occurred_at=at,
            transfers=uncapture(charge_of(order)),
            document=format_id("ord", order.id),
        ),
        rows=(returned,),
        answer={"order": format_id("ord", order.id)},
    )
