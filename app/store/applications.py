"""Applications for benefits: what they are now. What has happened to them is in `application_steps`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.core.applications.files import KeptFile
from app.core.applications.material import Material
from app.core.applications.model import Acted, Application
from app.core.applications.states import ApplicationEvent, ApplicationState, Level, Route
from app.core.benefits.facts import Facts, decode_facts, encode_facts
from app.core.benefits.model import BenefitKind
from app.core.ids import ApplicationId, ProgrammeId, RoundId, VolunteerId
from app.core.volunteers import Volunteer, VolunteerStatus
from app.store.application_material import decode_files, decode_material, encode_material
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationView:
    """An application with what its applicant said and brought, its frozen facts, and its names for people."""

    application: Application
    kind: BenefitKind
    name: str
    name_en: str
    applicant: Volunteer
    village: str
    """The name of the region where the applicant lives; no nearer than that is known here."""
    statement: str = ""
    material: tuple[Material, ...] = ()
    facts: Facts | None = None
    round: RoundId | None = None
    files: tuple[KeptFile, ...] = ()
    settled: bool = True
    """Whether the ledger has nothing left to do for it."""


VIEW = """
SELECT a.*, b.kind, b.body ->> 'name' AS name, b.body ->> 'name_en' AS name_en,
       v.status AS volunteer_status, v.masked_name, v.born_on, r.name AS village,
       ARRAY(SELECT s.user_id FROM application_steps s WHERE s.programme_id = a.programme_id
             AND s.application_id = a.id AND s.user_id IS NOT NULL ORDER BY s.number) AS acted_by,
       ARRAY(SELECT s.level FROM application_steps s WHERE s.programme_id = a.programme_id
             AND s.application_id = a.id AND s.user_id IS NOT NULL ORDER BY s.number) AS acted_at,
       ARRAY(SELECT s.event FROM application_steps s WHERE s.programme_id = a.programme_id
             AND s.application_id = a.id AND s.user_id IS NOT NULL ORDER BY s.number) AS acted_events,
       (SELECT json_agg(json_build_array(f.code, f.media_type, f.size, encode(f.sha256, 'hex'), f.uploaded_at)
                        ORDER BY f.code) FROM application_files f
        WHERE f.programme_id = a.programme_id AND f.application_id = a.id) AS files
FROM applications a
JOIN benefits b ON b.programme_id = a.programme_id AND b.code = a.benefit_code AND b.version = a.benefit_version
JOIN volunteers v ON v.programme_id = a.programme_id AND v.id = a.volunteer_id
JOIN regions r ON r.programme_id = a.programme_id AND r.code = a.region_code
WHERE a.programme_id = :programme AND """


def _application(row: Mapping[str, Any]) -> Application:
    acted = zip(row["acted_by"], row["acted_at"], row["acted_events"], strict=True)
    rejected_from = row["rejected_from"]
    return Application(
        id=row["id"],
        volunteer=row["volunteer_id"],
        benefit=row["benefit_code"],
        version=row["benefit_version"],
        route=Route(frozenset(Level(level) for level in row["levels"]), row["publicity_days"], row["external"]),
        state=ApplicationState(row["state"]),
        since=row["since"],
        entered_by=row["entered_by"],
        region=row["region_code"],
        created_at=row["created_at"],
        submitted_at=row["submitted_at"],
        term_from=row["term_from"],
        notice_until=row["notice_until"],
        facts_hash=row["facts_hash"],
        flagged=row["flagged"],
        asked=row["asked"],
        appealed=row["appealed"],
        rejected_from=ApplicationState(rejected_from) if rejected_from else None,
        requested_fen=row["requested_fen"],
        amount_fen=row["amount_fen"],
        valid_until=row["valid_until"],
        revision=row["revision"],
        acted=tuple(Acted(by, Level(level), ApplicationEvent(event)) for by, level, event in acted),
    )


def view_of(row: Mapping[str, Any]) -> ApplicationView:
    """A row of `VIEW` as a value."""
    return ApplicationView(
        application=_application(row),
        kind=BenefitKind(row["kind"]),
        name=row["name"],
        name_en=row["name_en"],
        applicant=Volunteer(
            row["volunteer_id"],
            VolunteerStatus(row["volunteer_status"]),
            row["masked_name"],
            row["region_code"],
            row["born_on"],
        ),
        village=row["village"],
        statement=row["statement"],
        material=decode_material(row["material"]),
        files=decode_files(row["files"] or ()),
        facts=decode_facts(row["facts"]) if row["facts"] else None,
        round=row["round_id"],
        settled=row["settled"],
    )


_ONE = text(VIEW + "a.id = :id")
_LOCKED = text(VIEW + "a.id = :id FOR UPDATE OF a")


async def fetch_application(
    reader: Reader | Tx, programme: ProgrammeId, application: ApplicationId
) -> ApplicationView | None:
    """One application as it was last written down."""
    row = (await reader.execute(_ONE, {"programme": programme, "id": application})).mappings().one_or_none()
    return view_of(row) if row else None  # type: ignore[arg-type]  # a row is a mapping by column names


async def lock_application(tx: Tx, programme: ProgrammeId, application: ApplicationId) -> ApplicationView | None:
    """One application, kept from others until the transaction ends."""
    row = (await tx.execute(_LOCKED, {"programme": programme, "id": application})).mappings().one_or_none()
    return view_of(row) if row else None  # type: ignore[arg-type]  # a row is a mapping by column names


_OPEN = text(VIEW + "a.volunteer_id = :volunteer AND a.benefit_code = :benefit AND a.state = ANY(:states)")


async def fetch_applications_in(
    tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, benefit: str, states: Sequence[ApplicationState]
) -> Sequence[ApplicationView]:
    """A volunteer's applications for one benefit that are in some states, as last written down."""
    values = {
        "programme": programme,
        "volunteer": volunteer,
        "benefit": benefit,
        "states": [state.value for state in states],
    }
    return [view_of(row) for row in (await tx.execute(_OPEN, values)).mappings()]  # type: ignore[arg-type]  # as above


def _route(application: Application) -> dict[str, object]:
    """The version and its route: a draft is submitted under the version of that day."""
    return {
        "version": application.version,
        "levels": sorted(level.value for level in application.route.levels),
        "publicity_days": application.route.publicity_days,
        "external": application.route.external,
    }


_INSERT = text("""
INSERT INTO applications (programme_id, id, volunteer_id, benefit_code, benefit_version, levels, publicity_days,
    external, state, since, entered_by, region_code, created_at, requested_fen, statement, material)
VALUES (:programme, :id, :volunteer, :benefit, :version, :levels, :publicity_days, :external, :state, :since,
    :entered_by, :region, :created_at, :requested_fen, :statement, CAST(:material AS json))
""")


async def insert_application(
    tx: Tx, programme: ProgrammeId, application: Application, statement: str, material: Sequence[Material]
) -> None:
    """Add a draft with what its applicant says and brings."""
    values = {
        "programme": programme,
        "id": application.id,
        "volunteer": application.volunteer,
        "benefit": application.benefit,
        **_route(application),
        "state": application.state.value,
        "since": application.since,
        "entered_by": application.entered_by,
        "region": application.region,
        "created_at": application.created_at,
        "requested_fen": application.requested_fen,
        "statement": statement,
        "material": encode_material(material),
    }
    await tx.execute(_INSERT, values)


_UPDATE = text("""
UPDATE applications SET benefit_version = :version, levels = :levels, publicity_days = :publicity_days,
    external = :external, state = :state, since = :since, due_at = :due_at, region_code = :region,
    submitted_at = :submitted_at, term_from = :term_from, notice_until = :notice_until, facts = :facts,
    facts_hash = :facts_hash, flagged = :flagged, asked = :asked, appealed = :appealed,
    rejected_from = :rejected_from, requested_fen = :requested_fen, amount_fen = :amount_fen,
    valid_until = :valid_until, round_id = :round, statement = :statement, material = CAST(:material AS json),
    settled = :settled, revision = revision + 1
WHERE programme_id = :programme AND id = :id
""")


async def update_application(tx: Tx, programme: ProgrammeId, view: ApplicationView, due_at: datetime | None) -> None:
    """Write an application that is locked. `due_at`: when time will move it, or somebody will be late."""
    application = view.application
    values = {
        **_route(application),
        "programme": programme,
        "id": application.id,
        "state": application.state.value,
        "since": application.since,
        "due_at": due_at,
        "region": application.region,
        "submitted_at": application.submitted_at,
        "term_from": application.term_from,
        "notice_until": application.notice_until,
        "facts": encode_facts(view.facts).decode() if view.facts else None,
        "facts_hash": application.facts_hash,
        "flagged": application.flagged,
        "asked": application.asked,
        "appealed": application.appealed,
        "rejected_from": application.rejected_from.value if application.rejected_from else None,
        "requested_fen": application.requested_fen,
        "amount_fen": application.amount_fen,
        "valid_until": application.valid_until,
        "round": view.round,
        "statement": view.statement,
        "material": encode_material(view.material),
        "settled": view.settled,
    }
    await tx.execute(_UPDATE, values)


_IS_STAFF = text("""
SELECT EXISTS (SELECT FROM user_relatives WHERE programme_id = :programme AND volunteer_id = :volunteer)
    OR EXISTS (SELECT FROM users WHERE programme_id = :programme AND volunteer_id = :volunteer AND disabled_at IS NULL)
""")


async def is_staff_or_relative(tx: Tx, programme: ProgrammeId, volunteer: VolunteerId) -> bool:
    """Whether a volunteer is a user of the programme, or registered as a relative of one (亲属备案)."""
    return bool(await tx.scalar(_IS_STAFF, {"programme": programme, "volunteer": volunteer}))
