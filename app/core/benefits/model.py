"""What a benefit programme (礼遇) holds. The dataclasses are the schema of table, fixtures and contract.

All of it is data with a source in some city (DOMAIN.md 3); what the law fixes whatever a city wants is in `publishing`.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class BenefitKind(StrEnum):
    """What is given. Only tickets and discounts may be given without a person deciding (PIPL Art. 24)."""

    ENROLMENT_REFERENCE = "enrolment_reference"
    """A letter to the education bureau, which decides (子女入学佐证); never a place at a school."""
    HARDSHIP_AID = "hardship_aid"
    STARTUP_REFERRAL = "startup_referral"
    EVENT_TICKET = "event_ticket"
    DISCOUNT = "discount"
    PRIORITY = "priority"


class StartupScheme(StrEnum):
    """The four supports for founders of the human-resources bureau (人社局) that a referral can lead to."""

    GUARANTEED_LOAN = "guaranteed_loan"
    SOCIAL_INSURANCE = "social_insurance"
    JOB_CREATION = "job_creation"
    RENT = "rent"


class BenefitLevel(StrEnum):
    """Who reviews an application, from below: village or community, town or street, city."""

    VILLAGE = "village"
    TOWN = "town"
    CITY = "city"


LEVELS = tuple(BenefitLevel)
"""The levels in the order in which an application climbs them; a benefit may leave some out, never turn them round."""


class Decides(StrEnum):
    """Who decides an application within the programme."""

    PERSON = "person"
    AUTOMATIC = "automatic"


class Operator(StrEnum):
    """How a fact is compared with what is required."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    IS = "is"
    WITHIN = "within"
    """A region code that is the required one or lies in it."""


Value = int | str | bool
"""What a fact can be, and what can be required of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One fact compared with one value. `fact` is a name of `facts.VARIABLES`."""

    fact: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One condition that has to be met: `when` in CEL over the facts, and what it requires, so that it can be told.

    Any one of `required` is enough; `when` then says the same (`criteria.check_criterion`). Where a condition cannot
    be said so, `required` is empty and `remedy` tells people what would meet it.
    """

    code: str
    name: str
    name_en: str
    when: str
    required: tuple[Requirement, ...] = ()
    remedy: str = ""
    remedy_en: str = ""


class EvidenceSource(StrEnum):
    """Where material comes from: what data sharing gives is never asked for (最低生活保障审核确认办法)."""

    APPLICANT = "applicant"
    SHARED = "shared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Material that an application comes with. Sensitive: only with a consent of its own (PIPL Art. 29)."""

    code: str
    name: str
    name_en: str
    source: EvidenceSource = EvidenceSource.APPLICANT
    optional: bool = False
    sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many are given at most; None: without limit.

    `per_batch` in one round, `batches_per_year` rounds, `per_year` in all and `per_person` to one volunteer in a
    calendar year, `share_bp` basis points of the registered volunteers hold it at a time (广东: 5 %).
    """

    per_batch: int | None = None
    batches_per_year: int | None = None
    per_person: int | None = None
    per_year: int | None = None
    share_bp: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """Who gets nothing. `benefit` names another one: nobody holds both. Without it a reviewer says if it applies."""

    code: str
    name: str
    name_en: str
    benefit: str | None = None


class RevocationCause(StrEnum):
    """What a grant is revoked for. It stops what is to come and takes back nothing that was used, fraud aside."""

    FRAUD = "fraud"
    ADVERSE_RECORD = "adverse_record"
    CRITERIA_LOST = "criteria_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationRule:
    """One cause of revocation, and whether the points that came with it are clawed back and informed units told."""

    cause: RevocationCause
    claws_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """Who owns a benefit. Names change with reforms, so they are data."""

    code: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """One version of a benefit programme, for applications made on `effective_from` or later.

    `window_months` back from the day of application lies the qualifying window: `window_minutes` is the service in it,
    and `consumes_minutes` of it are used up by a grant, so that the same hours never qualify twice.
    """

    code: str
    version: str
    effective_from: date
    kind: BenefitKind
    owner: Department
    name: str
    name_en: str
    criteria: tuple[Criterion, ...]
    description: str = ""
    description_en: str = ""
    scheme: StartupScheme | None = None
    """Which support for founders a referral leads to; nothing for other kinds."""
    evidence: tuple[Evidence, ...] = ()
    levels: tuple[BenefitLevel, ...] = ()
    decides: Decides = Decides.PERSON
    publicity_days: int = 0
    """Calendar days of public notice (公示) before the city decides; 0: none."""
    quota: Quota = Quota()
    validity_days: int | None = None
    """How long a grant can be used, the day of approval not counted; None: until it is used or revoked."""
    exclusions: tuple[Exclusion, ...] = ()
    window_months: int | None = None
    consumes_minutes: int = 0
    revocation: tuple[RevocationRule, ...] = (RevocationRule(cause=RevocationCause.FRAUD, claws_back=True),)
    external_decision: bool = False
    """Whether another authority decides: the programme only refers to it (REFERRED)."""

    @property
    def reference(self) -> str:
        """How facts, grants and journal name this version, for example `hardship@2026-1`."""
        return f"{self.code}@{self.version}"


def benefit_on(versions: tuple[Benefit, ...], day: date) -> Benefit | None:
    """The version of one benefit in force on a day; None when none has begun."""
    begun = [version for version in versions if version.effective_from <= day]
    return max(begun, key=lambda version: (version.effective_from, version.version), default=None)
