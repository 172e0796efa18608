"""A small Stripe account for the tests: it keeps records, tells events, pages its lists, and answers over real HTTP.

It behaves as the facts say: newest `created` first, ten embedded lines, no deleted records in a list, canceled
subscriptions only with status=all, events of the last 30 days.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest
from pydantic import SecretStr

from nexabooks.rawjson import records as records_of
from nexabooks.settings import Settings
from nexabooks.sources.stripe import SOURCE
from nexabooks.streams import Batch, Finished

NOW = 1_795_000_000
PATHS = {
    "/v1/customers": "customer",
    "/v1/products": "product",
    "/v1/prices": "price",
    "/v1/subscriptions": "subscription",
    "/v1/invoices": "invoice",
    "/v1/invoiceitems": "invoiceitem",
    "/v1/invoice_payments": "invoice_payment",
    "/v1/payment_intents": "payment_intent",
    "/v1/charges": "charge",
    "/v1/refunds": "refund",
    "/v1/disputes": "dispute",
    "/v1/credit_notes": "credit_note",
    "/v1/balance_transactions": "balance_transaction",
    "/v1/payouts": "payout",
    "/v1/tax_rates": "tax_rate",
    "/v1/events": "event",
}
Answer = tuple[int, bytes, dict[str, str]]


def error(status: int, **told: Any) -> Answer:
    return status, orjson.dumps({"error": told}), {}


class Account:
    """The records of one pretend Stripe account. `answers` are given before anything else, one a call."""

    def __init__(self) -> None:
        self.url = ""
        self.reset()

    def reset(self) -> None:
        """An empty account again, at the same address."""
        self.now = NOW
        self.records: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in PATHS.values()}
        self.lines: dict[str, list[dict[str, Any]]] = {}
        self.of_payout: dict[str, list[str]] = {}
        self.deleted_customers: set[str] = set()
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[Answer] = []
        self.refuses: dict[str, Answer] = {}

    # What happens at the account.

    def put(self, kind: str, record_id: str, *, event: str = "", **fields: Any) -> dict[str, Any]:
        """Create or change a record, and tell the event when one is named."""
        old = self.records[kind].get(record_id, {"id": record_id, "object": kind, "created": self.now})
        live = {} if kind == "balance_transaction" else {"livemode": False}
        record = {**old, **live, **fields}
        self.records[kind][record_id] = record
        if event:
            self.tell(event, record)
        return record

    def invoice(self, record_id: str, *, event: str = "", lines: int | None = None, **fields: Any) -> dict[str, Any]:
        if lines is not None:
            self.lines[record_id] = [
                {"id": f"il_{at:03}", "object": "line_item", "invoice": record_id, "amount": 100, "livemode": False}
                for at in range(lines)
            ]
        fields = (
            {"currency": "cad", "total": 100, "status": "open"} | self.records["invoice"].get(record_id, {}) | fields
        )
        mine = self.lines.setdefault(record_id, [])
        embedded = {
            "object": "list",
            "data": mine[:10],
            "has_more": len(mine) > 10,
            "url": f"/v1/invoices/{record_id}/lines",
        }
        return self.put("invoice", record_id, event=event, **{**fields, "lines": embedded})

    def credit_note(self, record_id: str, *, lines: int) -> dict[str, Any]:
        self.lines[record_id] = [
            {"id": f"cnli_{at:03}", "object": "credit_note_line_item", "amount": 100, "livemode": False}
            for at in range(lines)
        ]
        embedded = {"object": "list", "data": self.lines[record_id][:10], "has_more": lines > 10}
        return self.put("credit_note", record_id, status="issued", lines=embedded)

    def remove(self, kind: str, record_id: str, *, event: str = "") -> None:
        record = self.records[kind].pop(record_id)
        if kind == "customer":
            self.deleted_customers.add(record_id)
        if event:
            self.tell(event, record)

    def tell(self, kind: str, about: dict[str, Any]) -> None:
        event_id = f"evt_{len(self.records['event']):06}"
        self.put("event", event_id, type=kind, data={"object": dict(about)}, api_version="2022-11-15")

    # What it answers.

    def answer(self, path: str, params: dict[str, Any]) -> Answer:
        if self.answers:
            return self.answers.pop(0)
        if path in self.refuses:
            return self.refuses[path]
        lines = re.fullmatch(r"(/v1/\w+)/(\w+)/lines", path)
        if lines:
            if lines[2] not in self.records[PATHS[lines[1]]]:
                return error(404, code="resource_missing", param="invoice")
            return self._page(self.lines[lines[2]], params, path)
        if path in PATHS:
            return self._page(self._chosen(PATHS[path], params), params, path)
        folder, _, record_id = path.rpartition("/")
        kind = PATHS.get(folder, "")
        if record_id in self.records.get(kind, {}):
            return 200, orjson.dumps(self.records[kind][record_id], option=orjson.OPT_INDENT_2), {}
        if kind == "customer" and record_id in self.deleted_customers:
            return 200, orjson.dumps({"id": record_id, "object": "customer", "deleted": True}), {}
        return error(404, code="resource_missing", param="id", type="invalid_request_error")

    def _chosen(self, kind: str, params: dict[str, Any]) -> list[dict[str, Any]]:
        found = list(self.records[kind].values())
        if kind == "event":
            found = [e for e in found if e["created"] >= self.now - 30 * 86400]
        for edge, holds in {
            "created[gte]": lambda c, v: c >= v,
            "created[lte]": lambda c, v: c <= v,
            "created[lt]": lambda c, v: c < v,
        }.items():
            if edge in params:
                found = [r for r in found if holds(r["created"], int(params[edge]))]
        types = [value for name, value in params.items() if name.startswith("types[")]
        if types:
            found = [e for e in found if e["type"] in types]
        if kind == "subscription" and params.get("status") != "all":
            found = [s for s in found if s["status"] != "canceled"]
        elif params.get("status") not in (None, "all"):
            found = [r for r in found if r.get("status") == params["status"]]
        if params.get("pending") == "true":
            found = [r for r in found if r.get("invoice") is None]
        if "payout" in params:
            found = [r for r in found if r["id"] in self.of_payout.get(params["payout"], ())]
        return sorted(found, key=lambda r: (r["created"], r["id"]), reverse=True)

    def _page(self, found: list[dict[str, Any]], params: dict[str, Any], path: str) -> Answer:
        if sum(name.startswith("types[") for name in params) > 20:
            return error(400, type="invalid_request_error", param="types")
        at = 0
        if "starting_after" in params:
            ids = [r["id"] for r in found]
            if params["starting_after"] not in ids:
                return error(400, code="resource_missing", param="starting_after")
            at = ids.index(params["starting_after"]) + 1
        limit = int(params.get("limit", 10))
        body = {"object": "list", "data": found[at : at + limit], "has_more": at + limit < len(found), "url": path}
        # The real one indents its bodies, a list's records deeper than a single record.
        return 200, orjson.dumps(body, option=orjson.OPT_INDENT_2), {}

    @contextmanager
    def serve(self) -> Iterator[Account]:
        """Answer on a free port of loopback."""
        account = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16  # header and body in one packet: in two, the second waits 40 ms for the first

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                split = urlsplit(self.path)
                params = dict(parse_qsl(split.query))
                account.calls.append((self.command, split.path, params))
                account.headers.append(dict(self.headers))
                status, body, headers = account.answer(split.path, params)
                if status == 0:  # the connection is cut
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), "Request-Id": "req_test", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_DELETE = do_GET

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class Mirror:
    """What a warehouse would hold after some reads: the last word on each key of each table, and each stream's cursor."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.rows: dict[str, dict[str, bytes]] = {}
        self.deleted: dict[str, set[str]] = {}
        self.cursors: dict[str, dict[str, Any]] = {}

    def settings(self, **changed: Any) -> Settings:
        chosen = {
            "stripe_url": self.account.url,
            "stripe_api_key": SecretStr("sk_test_pretend"),
            "stripe_requests_per_s": 100_000,
            "clock": datetime.fromtimestamp(self.account.now, UTC),
            **changed,
        }
        return Settings(_env_file=None, **chosen)

    def read(self, *names: str, full: bool = False, **changed: Any) -> dict[str, Finished]:
        """Read these streams (all when none is named) in one session and keep what they say."""
        ends = {}
        with SOURCE.open(self.settings(**changed)) as session:
            for stream in SOURCE.streams:
                if stream.belongs_to or (names and stream.name not in names):
                    continue
                end = self._take(session.read(stream, self.cursors.get(stream.name), full=full), stream.feeds)
                self.cursors[stream.name] = orjson.loads(orjson.dumps(end.state))
                ends[stream.name] = end
        return ends

    def _take(self, items: Iterable[Batch | Finished], feeds: tuple[str, ...]) -> Finished:
        seen: dict[str, set[str]] = {}
        for item in items:
            if isinstance(item, Finished):
                for table in (item.stream, *feeds) if item.is_complete else ():
                    for key in set(self.rows.get(table, {})) - seen.get(table, set()):
                        del self.rows[table][key]
                return item
            table = self.rows.setdefault(item.table, {})
            for body in records_of(item):
                key = key_of(item.table, orjson.loads(body))
                table[key] = body
                seen.setdefault(item.table, set()).add(key)
            for key in item.deleted_keys:
                table.pop(key, None)
                self.deleted.setdefault(item.table, set()).add(key)
        raise AssertionError("the read stopped before its end")


def key_of(table: str, record: dict[str, Any]) -> str:
    names = {
        "invoice_lines": ("invoice", "id"),
        "credit_note_lines": ("credit_note", "id"),
        "payout_transactions": ("payout", "balance_transaction"),
    }
    return "|".join(record[name] for name in names.get(table, ("id",)))


@pytest.fixture(scope="session")
def served() -> Iterator[Account]:
    with Account().serve() as account:
        yield account


@pytest.fixture
def account(served: Account) -> Account:
    """An empty Stripe account that answers."""
    served.reset()
    return served


@pytest.fixture
def mirror(account: Account) -> Mirror:
    return Mirror(account)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between attempts, noted instead of waited."""
    noted: list[float] = []
    monkeypatch.setattr("nexabooks.clients.retry.pause", noted.append)
    monkeypatch.setattr("nexabooks.clients.limits.Limiter.hold", lambda self, seconds: None)
    return noted
