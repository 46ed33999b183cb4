"""The bytes of finished workbooks in chunks, however large they are; frozen once released."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "workbook_chunk",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["workbook.sha256"], name=op.f("fk_workbook_chunk_sha256")),
        sa.PrimaryKeyConstraint("sha256", "place", name=op.f("pk_workbook_chunk")),
    )


def downgrade() -> None:
    op.drop_table("workbook_chunk")
