"""The history of the ops store's tables, applied when the store is opened.

Two processes may open a new store at once: the first holds the store's own lock (SQLite's write lock, an advisory lock
of PostgreSQL) for the whole upgrade, the second then finds nothing left to do. All of it is one transaction.
A new migration is a new file in `versions/`; what was released is never edited.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, inspect, text

from nexabooks.errors import SettingsError
from nexabooks.ops.engine import transaction

NEWEST = "0006"
_LOCK_KEY = 6_902_261  # any number, the same for every nexabooks; PostgreSQL's advisory locks are named by numbers


def upgrade(engine: Engine) -> None:
    """Bring the store's tables to NEWEST. Raises SettingsError for a store made by a newer nexabooks."""
    with transaction(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        if version_of(connection) == NEWEST:
            return
        # Only now, because alembic costs a third of a second and is needed once in a store's life.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", "nexabooks.ops:migrations")
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, NEWEST)


def version_of(connection: Connection) -> str:
    """At which migration the store is; '' when it has none of our tables. Raises SettingsError for one behind NEWEST."""
    current = ""
    if inspect(connection).has_table("alembic_version"):
        current = connection.execute(text("select version_num from alembic_version")).scalar() or ""
    if current > NEWEST:
        raise SettingsError(
            f"The ops store is at version {current}, this nexabooks knows {NEWEST}: it was opened by a newer one. "
            "Install that version; nothing was changed."
        )
    return current
