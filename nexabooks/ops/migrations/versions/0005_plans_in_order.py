"""Plans are numbered in the order in which they were saved; those that are there, by their moment."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("plans", sa.Column("position", sa.BigInteger, nullable=False, server_default="0"))
    op.execute(
        "update plans set position = (select count(*) from plans as other where other.at < plans.at "
        "or (other.at = plans.at and other.plan_hash >= plans.plan_hash))"
    )
