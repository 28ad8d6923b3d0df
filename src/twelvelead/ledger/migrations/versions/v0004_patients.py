"""Whose recording it is as a reader gave it by hand, beside what the file states."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add a table; what is there stays as it is."""
    op.create_table(
        "patients",
        sa.Column("recording", sa.String(36), sa.ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("patient_id", sa.Text, nullable=False, index=True),
        sa.Column("issuer", sa.Text),
        sa.Column("stated_by", sa.Text, nullable=False),
        sa.Column("stated", sa.String(27), nullable=False),
    )
