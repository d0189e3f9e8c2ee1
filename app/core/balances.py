"""Balances of millions of accounts in little memory: eight bytes each, in pages that are made when they are needed."""

from array import array
from collections.abc import Iterable, Iterator

_BITS = 10
_MASK = (1 << _BITS) - 1
_EMPTY = array("q", bytes(8 << _BITS))


class Balances:
    """Balances by account number; an account that was never set holds zero.

    Any whole number can be held: a forged ledger adds up to more than a page can keep.
    """

    __slots__ = ("_huge", "_pages")

    def __init__(self) -> None:
        self._pages: dict[int, array[int]] = {}
        self._huge: dict[int, int] = {}

    def __getitem__(self, number: int) -> int:
        """The balance of one account."""
        if number in self._huge:
            return self._huge[number]
        return self._pages.get(number >> _BITS, _EMPTY)[number & _MASK]

    def __setitem__(self, number: int, balance: int) -> None:
        """Set the balance of one account."""
        page = self._pages.get(number >> _BITS)
        if page is None:
            page = self._pages[number >> _BITS] = _EMPTY[:]
        self._huge.pop(number, None)
        try:
            page[number & _MASK] = balance
        except OverflowError:
            self._huge[number] = balance

    def differing(self, told: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Those of (number, balance) that are not what is held."""
        pages = self._pages
        if self._huge:
            return [(number, balance) for number, balance in told if self[number] != balance]
        return [
            (number, balance)
            for number, balance in told
            if pages.get(number >> _BITS, _EMPTY)[number & _MASK] != balance
        ]

    def update(self, balances: Iterable[tuple[int, int]]) -> None:
        """Set many (number, balance)."""
        pages = self._pages
        for number, balance in balances:
            page = pages.get(number >> _BITS)
            if page is None or self._huge:
                self[number] = balance
            else:
                page[number & _MASK] = balance

    def unlike(self, other: "Balances") -> Iterator[int]:
        """The numbers of the accounts that do not hold the same in both."""
        pages, huge = other._pages, other._huge  # noqa: SLF001 - another of this class
        for page in sorted({*self._pages, *pages}):
            here, there = self._pages.get(page, _EMPTY), pages.get(page, _EMPTY)
            if here != there or self._huge or huge:
                start = page << _BITS
                yield from (number for number in range(start, start + len(here)) if self[number] != other[number])
