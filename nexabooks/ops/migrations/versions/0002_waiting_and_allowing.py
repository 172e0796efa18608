"""An approval runs out; a flow waits for one; a brake is let go once."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("approvals", sa.Column("expires_at", TIME))
    op.create_table(
        "approval_requests",
        sa.Column("request_id", sa.String(200), primary_key=True),
        sa.Column("plan_hash", sa.String(128), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
    )
    op.create_index("approval_requests_by_plan", "approval_requests", ["plan_hash"])
    op.create_table(
        "allowances",
        sa.Column("position", ROW_NUMBER, primary_key=True, autoincrement=True),
        sa.Column("trip_key", sa.String(500), nullable=False),
        sa.Column("allowed_by", sa.String(200), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_index("allowances_by_trip", "allowances", ["trip_key"])
