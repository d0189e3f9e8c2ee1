"""Training records (培训记录): learning is recorded apart from service and never becomes hours (order 67, Art. 8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId, TeamId, TrainingId, UserId, VolunteerId
from app.core.quantities import Minutes
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One training of one volunteer: name, content, time, organiser, day."""

    id: TrainingId
    volunteer: VolunteerId
    team: TeamId
    name: str
    content: str
    minutes: Minutes
    held_on: date
    recorder: UserId
    created_at: datetime


_COLUMNS = """id, volunteer_id AS volunteer, team_id AS team, name, content, minutes, held_on, recorder_id AS recorder,
       created_at"""
_INSERT = text("""
INSERT INTO training_records (programme_id, id, volunteer_id, team_id, name, content, minutes, held_on, recorder_id,
                              created_at)
VALUES (:programme, :id, :volunteer, :team, :name, :content, :minutes, :held_on, :recorder, :created_at)
""")


async def insert_training(tx: Tx, programme: ProgrammeId, training: Training) -> None:
    """Record a training."""
    values = {
        "programme": programme,
        "id": training.id,
        "volunteer": training.volunteer,
        "team": training.team,
        "name": training.name,
        "content": training.content,
        "minutes": training.minutes,
        "held_on": training.held_on,
        "recorder": training.recorder,
        "created_at": training.created_at,
    }
    await tx.execute(_INSERT, values)


_LIST = text(f"""
SELECT {_COLUMNS} FROM training_records
WHERE programme_id = :programme AND id > :after
  AND (CAST(:volunteer AS uuid) IS NULL OR volunteer_id = :volunteer)
  AND (CAST(:teams AS uuid[]) IS NULL OR team_id = ANY(:teams))
ORDER BY id LIMIT :limit
""")


async def fetch_trainings(
    reader: Reader,
    programme: ProgrammeId,
    after: TrainingId,
    limit: int,
    volunteer: VolunteerId | None,
    teams: Sequence[TeamId] | None,
) -> Sequence[Training]:
    """The trainings after a given one, of a volunteer and of some teams when they are named."""
    values = {"programme": programme, "after": after, "limit": limit, "volunteer": volunteer, "teams": teams}
    return [Training(**row) for row in (await reader.execute(_LIST, values)).mappings()]
