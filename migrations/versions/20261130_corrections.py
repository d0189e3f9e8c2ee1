"""Corrections: orders that withdraw or change hours, the records they are about, records that replace others.

Revision ID: 20261130
"""

from pathlib import Path

from alembic import op

revision = "20261130"
down_revision = "20261129"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add to what is there; nothing that was recorded changes."""
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    connection = op.get_bind()
    for statement in script.split("\n\n\n"):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Never: a journal is not thrown away by a migration."""
    raise NotImplementedError
