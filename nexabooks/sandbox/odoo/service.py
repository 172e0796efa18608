"""The pretend Odoo 19: a loopback server that answers as facts/odoo.md says the real one does.

service = OdooService()
service.start()
... POST {service.url}/json/2/res.partner/search_read, Authorization: bearer {service.admin_key}
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from nexabooks.sandbox.odoo import json2, xmlrpc
from nexabooks.sandbox.odoo.access import ADMIN_USER, BILLING_USER, PLAIN_USER, POSTING_USER
from nexabooks.sandbox.odoo.dispatch import Database, utc_now
from nexabooks.sandbox.odoo.payments import counterparts
from nexabooks.sandbox.odoo.refusals import NotPretended
from nexabooks.sandbox.serving import Reply, Request, Service, json_reply


class OdooService(Service):
    """One company in Ontario, one database, four users with one API key each. `now` moves the server's clock; None is the real one."""

    name = "odoo"
    admin_key, billing_key, plain_key, posting_key = (
        u.key for u in (ADMIN_USER, BILLING_USER, PLAIN_USER, POSTING_USER)
    )
    admin_login, billing_login, plain_login, posting_login = (
        u.login for u in (ADMIN_USER, BILLING_USER, PLAIN_USER, POSTING_USER)
    )

    def __init__(
        self, database: str = "books", company_name: str = "Nexa Hosting Group", now: datetime | None = None
    ) -> None:
        super().__init__()
        self.database = database
        self.now = now
        self.books = Database(company_name, lambda: self.now or utc_now())

    def handle(self, request: Request) -> Reply:
        if request.path == "/web/version":
            return json_reply({"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"})
        if request.path.startswith("/json/2"):
            return json2.answer(self.books, self.database, request)
        if request.path in ("/xmlrpc/2/common", "/xmlrpc/2/object") and request.verb == "POST":
            return xmlrpc.answer(self.books, self.database, request)
        if request.path.startswith(("/doc-bearer", "/jsonrpc", "/xmlrpc")):
            refusal = NotPretended(f"the address {request.path}")
            return Reply(refusal.status, json2.error_body(refusal.name, refusal.message, refusal.arguments))
        return Reply(
            404, b"<!doctype html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>", json2.CLOSING, "text/html"
        )

    def error_body(self, status: int) -> bytes:
        """What a fault on demand looks like: Odoo's own error form, or a proxy's page."""
        if status == 500:
            name = "psycopg2.errors.SerializationFailure"
            return json2.error_body(
                name,
                "could not serialize access due to concurrent update\n",
                ["could not serialize access due to concurrent update\n"],
            )
        return (
            f"<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center></body></html>".encode()
        )

    def conflict(self, model: str, method: str, times: int = 1) -> None:
        """Let the next `times` calls of a method lose against another transaction: nothing is done, and the answer says so.

        `load` answers HTTP 200 with `ids` false, everything else HTTP 500 SerializationFailure (facts: "What to retry").
        """
        self.books.conflicts[model, method] = times

    @contextmanager
    def held(self, model: str, id: int, *, is_changed: bool = False) -> Iterator[None]:
        """While the block runs another transaction holds this row: what writes to it waits, and what will not wait says
        LockError. `is_changed`: it has written to it, so that a `load` which waited has lost."""
        self.books.hold(model, id)
        try:
            yield
        finally:
            self.books.let_go(model, id, is_changed=is_changed)

    def snapshot(self) -> dict[str, Any]:
        """Everything as it is now, for `restore`."""
        return self.books.image()

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Everything as it was at the snapshot."""
        self.books.take(snapshot)

    def totals(self) -> dict[str, Any]:
        """What the books hold, for assertions: counts by state, sums of posted documents by kind and currency, orphan payments
        (matched with nothing).

        Sums are Decimal, in the document's own currency.
        """
        env = self.books.env()
        counts: dict[str, int] = {}
        sums: dict[tuple[str, str], Decimal] = {}
        states: dict[str, int] = {}
        for row in env["account.move"].table.rows.values():
            if row["move_type"] == "entry":
                continue
            counts[row["state"]] = counts.get(row["state"], 0) + 1
            if row["state"] == "posted":
                key = (row["move_type"], env["res.currency"].display_name(row["currency_id"]))
                sums[key] = sums.get(key, Decimal(0)) + row["amount_total"]
                states[row["payment_state"]] = states.get(row["payment_state"], 0) + 1
        payments = env["account.payment"]
        orphans = [
            i
            for i, row in payments.table.rows.items()
            if row["move_id"] and not any(line["matching_number"] for line in counterparts(env, row))
        ]
        lines = env["account.move.line"].table.rows.values()
        posted = [r for r in lines if env.row("account.move", r["move_id"])["state"] == "posted"]
        return {
            "documents": counts,
            "posted": sums,
            "payment_states": states,
            "payments": len(payments.table.rows),
            "orphan_payments": orphans,
            "balance": sum((r["balance"] for r in posted), Decimal(0)),
        }
