"""A month is closed with the figures as they stood, and may be opened again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "month_decisions",
        sa.Column("position", ROW_NUMBER, primary_key=True, autoincrement=True),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("decision", sa.String(20), nullable=False),
        sa.Column("decided_by", sa.String(200), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("time_zone", sa.String(100), nullable=False),
        sa.Column("published_by", sa.String(200), nullable=False),
        sa.Column("published_at", TIME),
        sa.Column("open_break_count", sa.Integer, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.UniqueConstraint("month", "round", name="month_decisions_in_turn"),
    )
    op.create_table(
        "closed_figures",
        sa.Column("position", ROW_NUMBER, primary_key=True, autoincrement=True),
        sa.Column("closing", sa.BigInteger, sa.ForeignKey("month_decisions.position"), nullable=False),
        sa.Column("source_system", sa.String(50), nullable=False),
        sa.Column("source_invoice_id", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("invoice_number", sa.String(200), nullable=False),
        sa.Column("service_family", sa.String(100), nullable=False),
        sa.Column("currency_code", sa.String(3), nullable=False),
        sa.Column("verdict", sa.String(50), nullable=False),
        sa.Column("is_counted", sa.Boolean, nullable=False),
        sa.Column("invoiced_minor", sa.BigInteger, nullable=False),
        sa.Column("credited_minor", sa.BigInteger, nullable=False),
        sa.Column("paid_minor", sa.BigInteger, nullable=False),
        sa.UniqueConstraint(
            "closing",
            "source_system",
            "source_invoice_id",
            "kind",
            "service_family",
            "currency_code",
            name="closed_figures_once",
        ),
    )
