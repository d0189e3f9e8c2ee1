"""The texts of consents, and grants taken back for an error.

Revision ID: 20261218
"""

from pathlib import Path

from alembic import op

revision = "20261218"
down_revision = "20261217"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up from the revision before, with data in place."""
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    connection = op.get_bind()
    for statement in script.split("\n\n\n"):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Never: a journal is not thrown away by a migration."""
    raise NotImplementedError
