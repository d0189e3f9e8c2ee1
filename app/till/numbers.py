"""The till's own numbers: for sales, refunds and write-offs. They are the idempotency keys of the contract."""

import re
import secrets
from datetime import datetime

NUMBER = re.compile(r"[0-9A-Za-z_*|-]{1,32}")
"""What the contract takes as a number."""

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # without I, L, O and U: a cashier may have to type it


def make_number(terminal: str, at: datetime, mark: str = "") -> str:
    """A number like `261124-BBF2-4K7Q-2M9X`: the day, the terminal, and chance; `mark` tells a refund from a sale.

    No counter that could be lost. 40 bits a day and terminal: at a thousand sales a day, two meet in 6,000 years.
    """
    drawn = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{at:%y%m%d}-{terminal[-4:].upper()}-{mark}{drawn[:4]}-{drawn[4:]}"
