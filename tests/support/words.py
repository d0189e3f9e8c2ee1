"""What people write about each other on a site, each with words that are found nowhere else."""

from dataclasses import dataclass, field
from datetime import timedelta

from tests.support.applications import ALL, HARDSHIP, MINE, NOTICE, Hamlet, a_hamlet, a_piece, begin, decide
from tests.support.calls import Json
from tests.support.rewards import an_offence, rewarding
from tests.support.service_calls import a_record, a_tree, an_admin, person
from tests.support.sites import Site

STATEMENT = "家中老母卧床三年"
PAPER = "浒山医院病案柜甲一"
ASKED = "请补交出院小结原件"
AGAINST = "邻居说他另有房产两处"
ANSWER = "入户核实房产属于其兄"
OPPOSED = "走访时本人不在家中"
APPEAL = "我当天送儿子去急诊"
EVIDENCE = "签到照片第七张背影"
BLAME = "冒用同队王师傅名义"
UPHELD = "病历日期对不上号"
RECORD = "那天我服务到天黑"
LOOKED = "核对其低保证上姓名"
WRITTEN = (
    STATEMENT,
    PAPER,
    ASKED,
    AGAINST,
    ANSWER,
    OPPOSED,
    APPEAL,
    EVIDENCE,
    BLAME,
    UPHELD,
    RECORD,
    LOOKED,
)
"""All of it, as it may stand in clear nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A site on which all of this was written, about its first volunteer."""

    hamlet: Hamlet
    application: Json
    penalty: Json
    keys: dict[str, str] = field(default_factory=dict)


async def write_everything(site: Site) -> Written:
    """An application with its material, an objection and its answer; a penalty with its appeal; a record in dispute."""
    await rewarding(site)
    hamlet = await a_hamlet(site, HARDSHIP)
    application = await _apply(hamlet)
    imposer, own = an_admin(site, "imposer"), hamlet.applicant
    penalty = await imposer.post("/v1/penalties", an_offence(site, evidence=EVIDENCE, reason=BLAME), 201)
    await an_admin(site, "confirmer").post(f"/v1/penalties/{penalty['id']}/confirm")
    await own.post(f"/v1/me/penalties/{penalty['id']}/appeal", {"reason": APPEAL})
    penalty = await an_admin(site, "third").post(f"/v1/penalties/{penalty['id']}/uphold", {"reason": UPHELD})
    tree = await a_tree(site)
    record = await person(site, "enterer", team=tree.root).enter(a_record(site, team_id=f"tea_{tree.root.hex}"))
    await own.post(f"/v1/me/service-records/{record['id']}/objections", {"reason": RECORD}, 201)
    asked = {"volunteer_id": f"vol_{own.subject.hex}", "fields": ["name"], "reason": LOOKED}
    await an_admin(site).post("/v1/data-approvals", asked, 201)
    return Written(hamlet=hamlet, application=application, penalty=penalty)


async def _apply(hamlet: Hamlet) -> Json:
    own, piece = hamlet.applicant, {**a_piece(), "reference": PAPER}
    draft = await begin(hamlet, statement=STATEMENT, material=[piece])
    application = await own.post(f"{MINE}/{draft['id']}/submit")
    await decide(hamlet.village, application, "request-material", reason=ASKED)
    await own.post(f"{MINE}/{draft['id']}/supply", {"material": [piece]})
    await decide(hamlet.village, application, "take-in")
    await decide(hamlet.village, application, "oppose", reason=OPPOSED)
    await decide(hamlet.town, application, "endorse", amount_fen=300_000)
    await hamlet.neighbour.post(f"{NOTICE}/{draft['id']}/objections", {"reason": AGAINST}, 201)
    await decide(hamlet.town, application, "reinvestigate", reason=ANSWER)
    hamlet.site.clock.move(timedelta(minutes=1))
    return await own.get(f"{MINE}/{draft['id']}")


async def read_everything(written: Written) -> str:
    """What an administrator reads of all of it, as one text."""
    admin = an_admin(written.hamlet.site)
    targets = (
        f"{ALL}/{written.application['id']}",
        f"/v1/penalties/{written.penalty['id']}",
        "/v1/objections",
        "/v1/data-approvals",
    )
    return "".join([str(await admin.get(target)) for target in targets])
