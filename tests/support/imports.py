"""Records that arrive from another system, as values."""

from datetime import datetime, timedelta

from app.core.check_ins import CheckIn
from app.core.ids import RecordId, TeamId, TransactionId, VolunteerId
from app.core.imports import ImportRecord
from app.core.quantities import Minutes
from app.core.record_numbers import ImportItems, RecordNumber
from app.core.rows import Evidence, ImportedRecord, RecordState, ServiceRecord
from tests.support.city_rows import City, named


def an_import(
    city: City,
    external_no: str,
    volunteer: VolunteerId,
    started_at: datetime,
    minutes: int,
    *,
    team: TeamId | None = None,
    period: int | None = None,
    level: int = 1,
    evidence: Evidence = Evidence.IMPORTED,
    region: str = "",
    stays: tuple[CheckIn, ...] = (),
) -> ImportRecord:
    """The command by which a record arrives. The same values give the same ids."""
    told = (external_no, volunteer, started_at, minutes, period, level, evidence.value, region, stays)
    record = ServiceRecord(
        id=RecordId(named("arrived", *told)),
        state=RecordState.ENTERED,
        volunteer=volunteer,
        team=team or city.team,
        evidence=evidence,
        minutes=Minutes(minutes),
        level=level,
        started_at=started_at,
        ended_at=started_at + timedelta(minutes=minutes if period is None else period),
        recorder=city.recorder,
        activity_id="a1",
        category="社区服务",
        region=region,
    )
    items = ImportItems("清洁家园", "浒山街道\t社区", "打扫卫生\n\\N", f"vol_{volunteer.hex}", stays)
    return ImportRecord(
        told=ImportedRecord(record, RecordNumber("old", external_no), items),
        transaction=TransactionId(named("arrival", *told)),
        verifier=city.verifier,
        verifier_is=None,
    )
