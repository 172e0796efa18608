"""What posting costs: calls and seconds beside one invoice at a time, planning a million rows, memory.

    python -m benchmarks.ledger                 all of it, about fifteen minutes
    python -m benchmarks.ledger --invoices 60   a shorter first table
    python -m benchmarks.ledger --rows 100000   a shorter last one
    python -m benchmarks.ledger --memory        the memory alone

The pretend Odoo runs in a process of its own, 20 ms away. It is much faster than a real one, so the calls are the figure
to look at: with a real server each of them costs more.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
import tracemalloc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from multiprocessing.connection import Connection

from nexabooks.clients.odoo import OdooWriter, open_odoo
from nexabooks.ledger import Intent, Plan, Receipt, apply_plan, make_plan, read_present
from nexabooks.ledger.books import Books
from nexabooks.ledger.desired import Desired
from nexabooks.ledger.present import Present
from nexabooks.ledger.setup import setup_apply
from nexabooks.sandbox.odoo.service import OdooService
from tests.ledger.conftest import settings_of
from tests.ledger.makers import FAMILY_ROWS, ROUTE_ROWS, an_invoice, desired_of, move_of, now, present_of

LATENCY_S = 0.02
MEMORY_STEPS = (1_000, 10_000, 50_000)


class Forgetting:
    """A journal that keeps nothing, so that only the engine's own memory is measured."""

    def intent(self, intents: Iterable[Intent]) -> None: ...

    def receipt(self, receipts: Iterable[Receipt]) -> None: ...


@dataclass(frozen=True, slots=True)
class Address:
    """What settings_of needs of a server in another process."""

    url: str
    database: str
    posting_key: str
    admin_key: str


def _serve(pipe: Connection, latency_s: float) -> None:
    service = OdooService()
    service.start()
    with open_odoo(settings_of(service, service.admin_key), "admin") as admin:
        setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)
    service.latency_s = latency_s
    service.faults.calls.clear()
    pipe.send(Address(service.url, service.database, service.posting_key, service.admin_key))
    while pipe.recv() == "calls":
        pipe.send(len(service.faults.calls))
        service.faults.calls.clear()
    service.stop()


class Odoo:
    """The pretend Odoo, somewhere else."""

    def __init__(self, address: Address, pipe: Connection) -> None:
        self._address, self._pipe = address, pipe

    def client(self) -> OdooWriter:
        client = open_odoo(settings_of(self._address, self._address.posting_key), "write")
        assert isinstance(client, OdooWriter)
        self.calls()
        return client

    def calls(self) -> int:
        """How many calls since the last time."""
        self._pipe.send("calls")
        return int(self._pipe.recv())


@contextmanager
def odoo(latency_s: float = 0.0) -> Iterator[Odoo]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, latency_s))
    process.start()
    try:
        yield Odoo(ours.recv(), ours)
    finally:
        ours.send("stop")
        process.join()


def invoices(count: int) -> Desired:
    return desired_of(*(an_invoice(f"in_{n}", (5_000, 5_000), paid_minor=11_300) for n in range(count)))


def one_by_one(client: OdooWriter, desired: Desired, books: Books) -> None:
    """What a script does: for each invoice create, post, the payment wizard in two calls, read."""
    partner_id = client.write_call("res.partner", "create", vals_list=[{"name": "Acme"}])[0]
    account_id, tax_id = books.accounts["NCR.HOSTIN"].account_id, books.taxes["hst_sale_tax_13"].tax_id
    for invoice in desired.invoices:
        lines = [
            [0, 0, {"name": line.description, "quantity": 1, "price_unit": Decimal(line.amount_minor) / 100,
                    "account_id": account_id, "tax_ids": [[6, 0, [tax_id]]]}]
            for line in invoice.lines
        ]  # fmt: skip
        vals = {"move_type": "out_invoice", "partner_id": partner_id, "invoice_date": invoice.invoiced_on.isoformat()}
        ids = client.write_call("account.move", "create", vals_list=[{**vals, "invoice_line_ids": lines}])
        client.write_call("account.move", "action_post", ids=ids)
        pay = {"journal_id": books.payment_journals["NCSTR"].journal_id, "payment_date": "2026-10-12"}
        wizard = client.write_call(
            "account.payment.register",
            "create",
            vals_list=[pay],
            context={"active_model": "account.move", "active_ids": ids},
        )
        client.write_call("account.payment.register", "action_create_payments", ids=wizard)
        client.read("account.move", ids, ["state", "payment_state", "amount_total"])


def batched(client: OdooWriter, desired: Desired, books: Books) -> None:
    """The ledger room: what an apply does to empty books."""
    plan = make_plan(desired, Present(books), mode="post", run_id="bench")
    counts = apply_plan(plan, client, Forgetting(), now=now)
    assert {outcome for _, outcome in counts} == {"done"}


def compare(count: int) -> str:
    """Calls and seconds of both ways."""
    lines = [
        f"### {count} invoices created, posted and paid, {LATENCY_S * 1000:.0f} ms away",
        "",
        "| way | calls | seconds | ms an invoice |",
        "|---|---:|---:|---:|",
    ]
    measured = []
    for name, way in (("one by one, 5 calls each", one_by_one), ("in batches", batched)):
        with odoo(LATENCY_S) as server, server.client() as client:
            desired = invoices(count)
            books = read_present(client, desired).books
            server.calls()
            began = time.perf_counter()
            way(client, desired, books)
            seconds, calls = time.perf_counter() - began, server.calls()
        measured.append((calls, seconds))
        lines.append(f"| {name} | {calls:,} | {seconds:.1f} | {1000 * seconds / count:.0f} |")
    (calls, seconds), (fewer, less) = measured
    lines.append(f"| times less | {calls / fewer:.1f} | {seconds / less:.1f} | |")
    return "\n".join(lines)


def plan_many(count: int) -> str:
    """Planning as many outbound invoices as there are entries, each of which must be compared."""
    base = an_invoice()
    made = [replace(base, source_invoice_id=f"in_{n}", invoice_number=f"N-{n}") for n in range(count)]
    held = move_of(base)
    moves = {i.key: replace(held, move_id=n, ref=i.invoice_number, content_hash="0") for n, i in enumerate(made)}
    desired, present = desired_of(*made), replace(present_of((base, held)), moves=moves)
    wall, cpu = time.perf_counter(), time.process_time()
    plan: Plan = make_plan(desired, present, mode="post", run_id="bench")
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return (
        f"### A plan of {count:,} outbound invoices against {count:,} entries\n\n"
        f"{wall:.1f} s, {cpu:.1f} s of CPU, {len(plan.actions):,} actions."
    )


def memory(steps: tuple[int, ...]) -> str:
    """What an apply takes beyond its plan."""
    lines = [
        "### Memory of an apply, beyond its plan",
        "",
        "| planned invoices | kept, MB | peak above kept, MB |",
        "|---:|---:|---:|",
    ]
    for count in steps:
        with odoo() as server, server.client() as client:
            desired = desired_of(*(an_invoice(f"m{count}_{n}", paid_minor=11_300) for n in range(count)))
            plan = make_plan(desired, read_present(client, desired), mode="post", run_id=f"m{count}")
            plan.to_dict()  # as each plan is kept before it is applied: its index of invoices is its own
            tracemalloc.start()
            counts = apply_plan(plan, client, Forgetting(), now=now)
            kept, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert {outcome for _, outcome in counts} == {"done"}
        lines.append(f"| {count:,} | {kept / 1e6:.1f} | {(peak - kept) / 1e6:.1f} |")
    return "\n".join(lines)


def tables(
    invoice_count: int = 300, row_count: int = 1_000_000, steps: tuple[int, ...] = MEMORY_STEPS
) -> Iterator[str]:
    """Each measurement as Markdown."""
    yield compare(invoice_count)
    yield memory(steps)
    yield plan_many(row_count)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger")
    parser.add_argument("--invoices", type=int, default=300)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    for table in (memory(MEMORY_STEPS),) if options.memory else tables(options.invoices, options.rows):
        print(table, end="\n\n", flush=True)


if __name__ == "__main__":
    main()
