"""What the law fixes of a benefit whatever a city wants: nothing that breaks it is reviewed or published.

浙江省义务教育条例 Art. 10: no honour is a condition of admission to a school, so the output is a letter and the bureau
decides. 浙江省社会救助条例 Art. 11: seven days of public notice. 个人信息保护法 Art. 24: a person decides.
"""

import re
from collections.abc import Iterator

from app.core.benefits.model import Benefit, BenefitKind, BenefitLevel, Decides
from app.core.codes import Code, Rejected

HARDSHIP_PUBLICITY_DAYS = 7
_REFERRED = frozenset((BenefitKind.ENROLMENT_REFERENCE, BenefitKind.STARTUP_REFERRAL))
_MAY_BE_AUTOMATIC = frozenset((BenefitKind.EVENT_TICKET, BenefitKind.DISCOUNT))

_SCHOOL = re.compile(
    r"学校|小学|中学|初中|高中|学院|幼儿园|校区|\b(?:schools?|college|academy|kindergarten)\b", re.IGNORECASE
)
_PROMISE = re.compile(
    r"录取|保送|择校|加分|学位|入学资格|(?:保证|优先|优待|直接|免试|安排)(?:入学|入读|就读)"
    r"|\b(?:admi(?:t|ts|tted|ssions?)|guarantees?d?|priority|preferential)\b",
    re.IGNORECASE,
)


def obstacles_of(benefit: Benefit) -> tuple[Rejected, ...]:
    """All that keeps a benefit from being published. The first of them is the answer."""
    return tuple(_obstacles(benefit))


def _obstacles(benefit: Benefit) -> Iterator[Rejected]:
    if benefit.kind in _REFERRED and not benefit.external_decision:
        yield Rejected(Code.REFERRAL_REQUIRED, {"kind": benefit.kind.value})
    if benefit.kind is BenefitKind.ENROLMENT_REFERENCE:
        yield from _refuse_promises(benefit)
    if benefit.kind is BenefitKind.HARDSHIP_AID and benefit.publicity_days < HARDSHIP_PUBLICITY_DAYS:
        needed = {"publicity_days": benefit.publicity_days, "needed": HARDSHIP_PUBLICITY_DAYS}
        yield Rejected(Code.PUBLICITY_TOO_SHORT, needed)
    if benefit.decides is Decides.AUTOMATIC and benefit.kind not in _MAY_BE_AUTOMATIC:
        yield Rejected(Code.PERSON_MUST_DECIDE, {"kind": benefit.kind.value})
    for level in _levels_needed(benefit):
        if level not in benefit.levels:
            yield Rejected(Code.LEVEL_MISSING, {"level": level.value})


def _levels_needed(benefit: Benefit) -> tuple[BenefitLevel, ...]:
    """Aid: checked by the town, decided by the county. A public notice lies between a level and the city's decision."""
    if benefit.kind is BenefitKind.HARDSHIP_AID or benefit.publicity_days:
        return (BenefitLevel.TOWN, BenefitLevel.CITY)
    return (BenefitLevel.CITY,) if benefit.decides is Decides.PERSON else ()


def _refuse_promises(benefit: Benefit) -> Iterator[Rejected]:
    for place, words in _texts_of(benefit):
        for pattern, what in ((_SCHOOL, "school"), (_PROMISE, "promise")):
            if found := pattern.search(words):
                yield Rejected(Code.ADMISSION_PROMISED, {"at": place, "what": what, "word": found.group()})


def _texts_of(benefit: Benefit) -> Iterator[tuple[str, str]]:
    """All that people read of a benefit, and where it stands in the body."""
    yield from (("/name", benefit.name), ("/name_en", benefit.name_en))
    yield from (("/description", benefit.description), ("/description_en", benefit.description_en))
    for number, criterion in enumerate(benefit.criteria):
        for field in ("name", "name_en", "remedy", "remedy_en"):
            yield f"/criteria/{number}/{field}", getattr(criterion, field)
    for part in ("evidence", "exclusions"):
        for number, listed in enumerate(getattr(benefit, part)):
            yield f"/{part}/{number}/name", listed.name
            yield f"/{part}/{number}/name_en", listed.name_en
