"""Leases, plans and their approvals, intents and receipts, resolutions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("holder", sa.String(500), nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("acquired_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
    )
    op.create_table(
        "plans",
        sa.Column("plan_hash", sa.String(128), primary_key=True),
        sa.Column("run_id", sa.String(200), nullable=False),
        sa.Column("plan", sa.JSON, nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_table(
        "approvals",
        sa.Column("plan_hash", sa.String(128), primary_key=True),
        sa.Column("approved_by", sa.String(200), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_table(
        "intents",
        sa.Column("position", ROW_NUMBER, primary_key=True, autoincrement=True),
        sa.Column("run_id", sa.String(200), nullable=False),
        sa.Column("action_key", sa.String(500), nullable=False),
        sa.Column("action", sa.String(50), nullable=False),
        sa.Column("source_system", sa.String(50), nullable=False),
        sa.Column("source_invoice_id", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("says", sa.Text, nullable=False),
        sa.Column("total_minor", sa.BigInteger, nullable=False),
        sa.Column("currency_code", sa.String(3), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.UniqueConstraint("run_id", "action_key", name="intents_once_a_run"),
    )
    op.create_index("intents_by_invoice", "intents", ["source_system", "source_invoice_id"])
    op.create_index("intents_by_state", "intents", ["state"])
    op.create_table(
        "receipts",
        sa.Column("position", ROW_NUMBER, primary_key=True, autoincrement=True),
        sa.Column("receipt_id", sa.String(500), nullable=False),
        sa.Column("run_id", sa.String(200), nullable=False),
        sa.Column("action", sa.String(50), nullable=False),
        sa.Column("source_system", sa.String(50), nullable=False),
        sa.Column("source_invoice_id", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("odoo_model", sa.String(100), nullable=False),
        sa.Column("odoo_id", sa.BigInteger),
        sa.Column("outcome", sa.String(50), nullable=False),
        sa.Column("says", sa.Text, nullable=False),
        sa.Column("total_minor", sa.BigInteger, nullable=False),
        sa.Column("odoo_total_minor", sa.BigInteger),
        sa.Column("currency_code", sa.String(3), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.UniqueConstraint("receipt_id", name="receipts_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("receipts_by_invoice", "receipts", ["source_system", "source_invoice_id"])
    op.create_table(
        "resolutions",
        sa.Column("position", ROW_NUMBER, primary_key=True, autoincrement=True),
        sa.Column("break_key", sa.String(500), nullable=False),
        sa.Column("class", sa.String(100), nullable=False),
        sa.Column("resolution", sa.String(100), nullable=False),
        sa.Column("resolved_by", sa.String(200), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_index("resolutions_by_break", "resolutions", ["break_key"])
