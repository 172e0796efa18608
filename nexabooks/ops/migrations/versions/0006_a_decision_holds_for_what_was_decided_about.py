"""A decision keeps the facts that it is about, and a sighting ends when its difference does."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("resolutions", sa.Column("source_minor", sa.BigInteger))
    op.add_column("resolutions", sa.Column("ledger_minor", sa.BigInteger))
    op.add_column("resolutions", sa.Column("currency_code", sa.String(3)))
    op.add_column("resolutions", sa.Column("first_seen_on", sa.Date))
    op.add_column("sightings", sa.Column("ended_at", sa.DateTime(timezone=True)))
