"""The first schema: programmes, people, merchants, the journal and its book.

Revision ID: 20261124
"""

from pathlib import Path

from alembic import op

revision = "20261124"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything from empty."""
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    connection = op.get_bind()
    for statement in script.split("\n\n\n"):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Never: a journal is not thrown away by a migration."""
    raise NotImplementedError
