"""The reference letter (志愿服务情况佐证/推荐函): what was served, as it was frozen. The authority decides.

Honours and service are no condition of admission to a school (浙江省义务教育条例 Art. 10): the letter says so itself.
"""

from dataclasses import dataclass
from datetime import date

from app.core.applications.model import Application
from app.core.applications.states import ApplicationState
from app.core.benefits.facts import Facts
from app.core.benefits.model import Benefit, BenefitKind, Department
from app.core.codes import Code, Rejected

_ENROLMENT = (
    "本函仅就上述人员的志愿服务情况作出说明，供贵单位参考；不作为入学的条件或者依据，入学事宜由教育行政部门依法决定。",
    "This letter tells what was served. It is no condition of admission: the education authority decides by law.",
)
_OTHER = (
    "本函仅就上述人员的志愿服务情况作出说明，供贵单位参考；是否给予支持由贵单位依法决定。",
    "This letter tells what was served, for your consideration. Whether support is given is yours to decide.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What the letter says. Names are masked; who brings it shows who they are."""

    addressee: Department
    title: str
    title_en: str
    as_of: date
    stars: int
    minutes: int
    window_from: date | None
    window_minutes: int
    honours: int
    statement: str
    statement_en: str


def refer(application: Application, benefit: Benefit, facts: Facts | None) -> Reference | Rejected:
    """The letter of an application; STATE_CONFLICT unless it is referred to an authority and waits for its word."""
    if application.state is not ApplicationState.REFERRED or facts is None:
        return Rejected(Code.STATE_CONFLICT, {"state": application.state.value})
    statement, statement_en = _ENROLMENT if benefit.kind is BenefitKind.ENROLMENT_REFERENCE else _OTHER
    return Reference(
        addressee=benefit.owner,
        title="志愿服务情况佐证（推荐函）",
        title_en="Reference: Record of Volunteer Service",
        as_of=facts.as_of,
        stars=facts.stars,
        minutes=facts.minutes,
        window_from=facts.window_from,
        window_minutes=facts.window_minutes,
        honours=facts.honours,
        statement=statement,
        statement_en=statement_en,
    )
