"""How back-tests and their reports read on the wire."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.api.bodies import Answer, Body
from app.api.fields import BackTestRef, FundRef, UserRef, VolunteerRef
from app.api.policy_fields import Version
from app.core.ids import format_id
from app.core.policies.back_test_reports import BUCKETS, Cell, Change, Cuts, Heading, Report, Runway
from app.store.back_tests import BackTest, BackTestState

Day = Annotated[date, Field(strict=False, ge=date(2000, 1, 1), le=date(2100, 1, 1))]


class BackTestRequest(Body):
    """Over which service: business days on which it began, both in it, none after today."""

    since: Annotated[Day, Field(description="First day of service", examples=["2025-01-01"])]
    until: Annotated[Day, Field(description="Last day of service", examples=["2025-12-31"])]


class BothAnswer(Answer):
    """Points credited under the policy in force then, beside the points that the draft would have given."""

    in_force: Annotated[int, Field(description="Points really credited, by whichever version priced the record")]
    draft: Annotated[int, Field(description="Points under the draft")]


class LineAnswer(BothAnswer):
    """One line of a heading. The lines of each heading add up to the total."""

    name: Annotated[str, Field(examples=["2025-03"])]
    records: int


class LiabilityAnswer(BothAnswer):
    """What the points would cost if all were redeemed, in fen: points x rate / 100, rounded down once."""

    in_force: Annotated[int, Field(description="fen")]
    draft: Annotated[int, Field(description="fen")]
    fen_per_hundred_points: int


class CutAnswer(Answer):
    """What caps took (上限扣减): points that the same rule without any cap would have given, and records by cap."""

    points: int
    records: Annotated[dict[str, int], Field(examples=[{"cap-day": 12}])]


class CutsAnswer(Answer):
    """Both rules side by side."""

    in_force: CutAnswer
    draft: CutAnswer


class ChangeAnswer(BothAnswer):
    """One volunteer's points under both rules."""

    volunteer_id: VolunteerRef


class ClassAnswer(Answer):
    """How many volunteers get so many points more (less than zero: less) with the draft; null: without bound."""

    at_least: int | None
    at_most: int | None
    volunteers: int


class ChangesAnswer(Answer):
    """Winners and losers (受益与受损): volunteers with priced records in the period."""

    more: Annotated[int, Field(description="Volunteers who get more")]
    less: Annotated[int, Field(description="Volunteers who get less")]
    same: Annotated[int, Field(description="Volunteers who get the same")]
    points_more: int
    points_less: int
    distribution: list[ClassAnswer]
    winners: Annotated[list[ChangeAnswer], Field(description="The ten largest differences, the largest first")]
    losers: Annotated[list[ChangeAnswer], Field(description="The ten largest differences, the largest first")]


class RunwayAnswer(Answer):
    """When a fund would run dry (资金耗尽日). null: never.

    From the fund's free balance on `as_of`, at the pace of the period: what it came to owe for redemptions on the
    days of the period, refunds taken off, divided by the days. With the draft the pace goes with the points: as many
    fen are spent for each point credited. Deposits to come are not counted.
    """

    fund_id: FundRef
    balance_fen: int
    spent_fen: Annotated[int, Field(description="In the period, in fen")]
    in_force: date | None
    draft: date | None


class BackTestReportAnswer(Answer):
    """The report (回测报告), as of one moment: records that stood then, under both rules.

    `in_force` is what was really credited, even where the version that priced a record has been superseded since
    (`by_version` tells which). Within the period the draft prices every record again in the order of verification;
    service of other days counts for caps and scales as it was priced. Spending and expiry stay as they were.
    """

    since: date
    until: date
    as_of: date
    records: Annotated[int, Field(description="Verified records of the period that were priced")]
    volunteers: int
    attested_records: Annotated[int, Field(description="Attested (honour) hours: never priced, under no rule")]
    unpriced_records: Annotated[
        dict[str, int],
        Field(description="Records for which the draft has no price, by reason; it gives nothing for them"),
    ]
    points: BothAnswer
    liability_fen: LiabilityAnswer
    cut_by_caps: CutsAnswer
    by_month: list[LineAnswer]
    by_town: Annotated[
        list[LineAnswer],
        Field(description="Where it was given, else the team's region: the first nine digits of its code"),
    ]
    by_category: list[LineAnswer]
    by_level: list[LineAnswer]
    by_stars: Annotated[list[LineAnswer], Field(description="Stars that the volunteers' verified minutes give now")]
    by_version: list[LineAnswer]
    changes: ChangesAnswer
    funds: list[RunwayAnswer]


class ProgressAnswer(Answer):
    """How many records are done, of how many; null until that is known."""

    done: int
    total: int | None


class BackTestAnswer(Answer):
    """A back-test (回测) of a draft's body as it was when it was asked for."""

    id: BackTestRef
    version: Version
    body_hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the draft's body")]
    current: Annotated[bool, Field(description="The draft still has the body that was tested")]
    since: date
    until: date
    state: BackTestState
    progress: ProgressAnswer
    asked_by: UserRef
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    report: Annotated[BackTestReportAnswer | None, Field(description="Once done, for one back-test; kept for ever")]


class BackTestPage(Answer):
    """Back-tests in the order in which they were asked for, without their reports."""

    back_tests: list[BackTestAnswer]
    next: str | None


def render_back_test(back_test: BackTest) -> BackTestAnswer:
    """A back-test with its report, once there is one."""
    return BackTestAnswer(
        id=format_id("bkt", back_test.id),
        version=back_test.version,
        body_hash=back_test.body_hash.hex(),
        current=back_test.current,
        since=back_test.since,
        until=back_test.until,
        state=back_test.state,
        progress=ProgressAnswer(done=back_test.done, total=back_test.total),
        asked_by=format_id("usr", back_test.asked_by),
        asked_at=back_test.asked_at,
        started_at=back_test.started_at,
        finished_at=back_test.finished_at,
        report=_report(back_test.report) if back_test.report else None,
    )


def _report(report: Report) -> BackTestReportAnswer:
    tally, total = report.tally, report.tally.total
    return BackTestReportAnswer(
        since=report.since,
        until=report.until,
        as_of=report.as_of,
        records=total.records,
        volunteers=tally.volunteers,
        attested_records=report.attested,
        unpriced_records=dict(tally.unpriced),
        points=BothAnswer(in_force=total.in_force, draft=total.draft),
        liability_fen=LiabilityAnswer(
            in_force=report.liability_in_force_fen,
            draft=report.liability_draft_fen,
            fen_per_hundred_points=report.fen_per_hundred_points,
        ),
        cut_by_caps=CutsAnswer(in_force=_cut(tally.cuts_in_force), draft=_cut(tally.cuts_draft)),
        by_month=_lines(tally.by[Heading.MONTH]),
        by_town=_lines(tally.by[Heading.TOWN]),
        by_category=_lines(tally.by[Heading.CATEGORY]),
        by_level=_lines(tally.by[Heading.LEVEL]),
        by_stars=_lines(tally.by[Heading.STARS]),
        by_version=_lines(tally.by[Heading.VERSION]),
        changes=_changes(report),
        funds=[_runway(each) for each in report.runways],
    )


def _lines(cells: Mapping[str, Cell]) -> list[LineAnswer]:
    return [
        LineAnswer(name=name, records=cell.records, in_force=cell.in_force, draft=cell.draft)
        for name, cell in sorted(cells.items())
    ]


def _cut(cuts: Cuts) -> CutAnswer:
    return CutAnswer(points=cuts.points, records=dict(cuts.records))


def _changes(report: Report) -> ChangesAnswer:
    changes = report.tally.changes
    ends = (*(None if least is None else least - 1 for least in BUCKETS[1:]), None)
    return ChangesAnswer(
        more=changes.more,
        less=changes.less,
        same=changes.same,
        points_more=changes.points_more,
        points_less=changes.points_less,
        distribution=[
            ClassAnswer(at_least=least, at_most=most, volunteers=volunteers)
            for least, most, volunteers in zip(BUCKETS, ends, changes.classes, strict=True)
        ],
        winners=[_change(change) for change in changes.winners],
        losers=[_change(change) for change in changes.losers],
    )


def _change(change: Change) -> ChangeAnswer:
    return ChangeAnswer(volunteer_id=format_id("vol", change.volunteer), in_force=change.in_force, draft=change.draft)


def _runway(runway: Runway) -> RunwayAnswer:
    return RunwayAnswer(
        fund_id=format_id("fun", runway.fund),
        balance_fen=runway.balance_fen,
        spent_fen=runway.spent_fen,
        in_force=runway.dry_in_force,
        draft=runway.dry_draft,
    )
