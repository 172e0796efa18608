"""The day on which a difference was first seen is remembered, whatever is landed again later."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "sightings",
        sa.Column("break_key", sa.String(500), primary_key=True),
        sa.Column("first_seen_on", sa.Date, nullable=False),
    )
