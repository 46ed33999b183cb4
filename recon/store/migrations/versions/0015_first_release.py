"""Every table of the first release; frozen once released."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from recon.store.migrations import run_script

revision = "0015"
down_revision = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).parents[1] / "first_release.sql")


def downgrade() -> None:
    connection = op.get_bind()
    if connection.execute(sa.text("SELECT 1 FROM archive_file LIMIT 1")).first():
        raise RuntimeError("evidence is in the archive, and without this table nobody finds it again")
    tables = sa.MetaData()
    tables.reflect(connection)
    tables.remove(tables.tables["alembic_version"])
    tables.drop_all(connection)
