"""What readers need: sessions, marks of what they have seen, and what they measured."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add two tables and a column; what is there stays as it is."""
    op.add_column("readings", sa.Column("measurements", sa.Text))
    op.create_table(
        "seen",
        sa.Column("recording", sa.String(36), sa.ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("reader", sa.Text, primary_key=True),
    )
    op.create_table(
        "sessions",
        sa.Column("secret_sha256", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(16), sa.ForeignKey("keys.id", ondelete="CASCADE"), nullable=False),
        sa.Column("created", sa.String(27), nullable=False),
        sa.Column("expires", sa.String(27), nullable=False),
    )
