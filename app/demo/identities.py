"""Names, phones and documents of people who cannot exist, the same for the same seed.

Phones begin with 154, which the ministry has given to no operator; documents with 330299, which is no county. Their
check characters are right, so everything that checks them works. No two have the same phone or document.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta

from app.core.identity_numbers import Document, IdType, id_check_character
from app.core.personal_data import PersonalData

PHONE_HEAD = "154"
COUNTY = "330299"
_SURNAMES = "陈胡徐张王沈陆李岑孙叶马方黄周吴余罗杨许"
_GIVEN = "志远明慧建国秀英文静海燕晓峰雅琴伟丽娟军杰敏"
_FIRST_BIRTHDAY = date(1950, 1, 1)
_BIRTHDAYS = 20_000
"""Until 2004: all of them are grown up."""
_DAY_STEP, _PHONE_STEP = 7_919, 7_368_787
"""Primes: neighbours in the list have nothing in common, and nobody has the number of another."""
_PHONES = 100_000_000
_ODDS_OF_DOCUMENT = 0.6
"""So many of them have shown a document; of the others nobody knows the age."""


def draw_identities(seed: int) -> Iterator[PersonalData]:
    """One person after the other. Names of three characters, which no other text holds by chance."""
    draw = random.Random(f"identities {seed}")
    number = draw.randrange(_BIRTHDAYS)
    while True:
        name = draw.choice(_SURNAMES) + "".join(draw.choices(_GIVEN, k=2))
        phone = f"{PHONE_HEAD}{number * _PHONE_STEP % _PHONES:08}"
        shown = draw.random() < _ODDS_OF_DOCUMENT
        yield PersonalData(name=name, phone=phone, document=_document(number) if shown else None)
        number += 1


def _document(number: int) -> Document:
    born_on = _FIRST_BIRTHDAY + timedelta(days=number * _DAY_STEP % _BIRTHDAYS)
    body = f"{COUNTY}{born_on:%Y%m%d}{number // _BIRTHDAYS + 1:03}"
    return Document(IdType.RESIDENT_ID, body + id_check_character(body))
