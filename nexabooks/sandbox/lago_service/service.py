"""The HTTP face of the pretend Lago: pages, filters, errors and caches as facts/lago.md tells them of v1.51."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import orjson

from nexabooks.sandbox.lago_service import documents, people
from nexabooks.sandbox.lago_service.view import View
from nexabooks.sandbox.pdf import invented_pdf
from nexabooks.sandbox.serving import Reply, Request, Service, json_reply
from nexabooks.sandbox.world import World

BASE = "/api/v1"
FILES = "/rails/active_storage"
CACHED_TOTALS = ("invoices", "fees")  # the only lists whose total_count Lago keeps for up to 30 minutes
SINGULAR = {
    "customers": "customer",
    "subscriptions": "subscription",
    "plans": "plan",
    "invoices": "invoice",
    "fees": "fee",
    "credit_notes": "credit_note",
    "payments": "payment",
    "wallets": "wallet",
}


class LagoService(Service):
    """Lago on loopback, showing `get_world()` at each call.

    `api_key` is the key it accepts, `api_url` what a client is given. What a test may turn:
    `forbidden` (singular names the key has no right to), `cached_totals` (list -> the stale total it still believes),
    `unreadable` (invoice id -> status of its detail), `extra` (list -> further records), `overrides` (invoice id ->
    fields that replace those of its row and detail), `detail_overrides` (of its detail alone), `before_page` (called with list and page before a page is
    answered, so the world can change between two pages), `limit` (reads allowed a window, window in seconds).
    """

    name = "lago"

    def __init__(self, get_world: Callable[[], World]) -> None:
        super().__init__()
        self.get_world = get_world
        self.api_key = "lago-sandbox-key"
        self.forbidden: set[str] = set()
        self.cached_totals: dict[str, int] = {}
        self.unreadable: dict[str, int] = {}
        self.extra: dict[str, list[dict[str, Any]]] = {}
        self.overrides: dict[str, dict[str, Any]] = {}
        self.detail_overrides: dict[str, dict[str, Any]] = {}
        self.before_page: Callable[[str, int], None] | None = None
        self.limit: tuple[int, float] | None = None
        self._window_ends_at, self._window_reads = 0.0, 0
        self._last_view: View | None = None

    @property
    def api_url(self) -> str:
        return self.url + BASE

    def error_body(self, status: int) -> bytes:
        words = {429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway"}
        return orjson.dumps({"status": status, "error": words.get(status, "Error")})

    def handle(self, request: Request) -> Reply:
        if self.name in self.get_world().down:
            return Reply(503, b"upstream unavailable", content_type="text/plain")
        if request.path.startswith(f"{FILES}/") and request.path.count("/") == 6:  # no key: the address is one
            return self._file(request)
        if request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return _error(401, "Unauthorized")
        limits = self._count_read()
        if limits.get("X-RateLimit-Remaining") == "-1":
            return Reply(429, self.error_body(429), limits | {"X-RateLimit-Remaining": "0"})
        reply = self._route(request)
        return Reply(reply.status, reply.body, reply.headers | limits, reply.content_type)

    def _count_read(self) -> dict[str, str]:
        """The headers of the cloud's limiter; a self-hosted Lago (`limit` None) sends none."""
        if self.limit is None:
            return {}
        allowed, window_s = self.limit
        now = time.monotonic()
        if now >= self._window_ends_at:
            self._window_ends_at, self._window_reads = now + window_s, 0
        self._window_reads += 1
        return {
            "X-RateLimit-Limit": str(allowed),
            "X-RateLimit-Remaining": str(max(allowed - self._window_reads, -1)),
            "X-RateLimit-Reset": f"{self._window_ends_at - now:.2f}",  # seconds to wait, not a moment
        }

    def _route(self, request: Request) -> Reply:
        parts = request.path.removeprefix(BASE).strip("/").split("/")
        plural = parts[0]
        if not request.path.startswith(BASE) or plural not in SINGULAR or len(parts) > 2:
            return _error(404, "Not Found", code="not_found")
        if request.verb not in ("GET", "HEAD"):
            return _error(405, "Method Not Allowed", code="not_allowed")
        if SINGULAR[plural] in self.forbidden:
            return _error(403, "Forbidden", code=f"read_action_not_allowed_for_{SINGULAR[plural]}")
        if len(parts) == 2:
            return self._one(plural, parts[1])
        if self.before_page:
            self.before_page(plural, _whole(request.param("page"), 1))
        return self._page(plural, request)

    def _one(self, plural: str, id: str) -> Reply:
        view, name = self._view(), SINGULAR[plural]
        if plural == "invoices":
            if id in self.unreadable:
                status = self.unreadable[id]
                return _error(404, "Not Found", code="invoice_not_found") if status == 404 else _error(status, "Error")
            invoice = view.invoices_by_id.get(id)
            changes = self.overrides.get(id, {}) | self.detail_overrides.get(id, {})
            found = invoice and self._with_file(documents.detail(view.world, invoice)) | changes
        else:
            found = next((r for r in self._rows(plural) if r["lago_id"] == id), None)
        return json_reply({name: found}) if found else _error(404, "Not Found", code=f"{name}_not_found")

    def _with_file(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record with the address of its PDF; a draft has none. Like Rails' own, it redirects to the storage."""
        if record.get("status") == "draft" or not self.is_running:
            return record
        return record | {"file_url": f"{self.url}{FILES}/blobs/redirect/{record['lago_id']}/{record['number']}.pdf"}

    def _file(self, request: Request) -> Reply:
        kind, _, token, name = request.path.removeprefix(f"{FILES}/").split("/", 3)
        if kind == "blobs":
            return Reply(302, b"", {"Location": f"{FILES}/disk/show/{token}/{name}"}, content_type="text/html")
        return Reply(200, invented_pdf(name), content_type="application/pdf")

    def _view(self) -> View:
        """The world as it is at this call; its records are made once, however many pages are asked for."""
        world = self.get_world()
        view = self._last_view
        if view is None or view.world is not world:
            view = self._last_view = View(world)
        return view

    def _rows(self, plural: str) -> list[dict[str, Any]]:
        """Every record of a list, in Lago's own order."""
        rows = self._view().rows(plural)
        if plural in ("invoices", "credit_notes"):
            rows = [self._with_file(row) for row in rows]
        rows = rows + self.extra.get(plural, [])
        if plural != "invoices" or not self.overrides:
            return rows
        changed = [row | self.overrides.get(row["lago_id"], {}) for row in rows]
        return [{k: v for k, v in row.items() if k != "fees"} for row in changed]

    def _page(self, plural: str, request: Request) -> Reply:
        rows = self._rows(plural)
        rows_or_error = self._filtered(plural, rows, request)
        if isinstance(rows_or_error, Reply):
            return rows_or_error
        rows = rows_or_error
        page, per_page = _whole(request.param("page"), 1), _whole(request.param("per_page"), 100)
        total = len(rows)
        # A cached total is believed only while it is larger than what has been paged past.
        cached = self.cached_totals.get(plural, 0) if plural in CACHED_TOTALS else 0
        if cached > page * per_page:
            total = cached
        shown = rows[(page - 1) * per_page : page * per_page]
        pages = -(-total // per_page)
        meta = {
            "current_page": page if shown else 0,
            "next_page": page + 1 if shown and page < pages else None,
            "prev_page": page - 1 if shown and page > 1 else None,
            "total_pages": pages if shown else 0,
            "total_count": total if shown else 0,
        }
        return json_reply({plural: shown, "meta": meta})

    def _filtered(self, plural: str, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]] | Reply:
        """The rows the query asks for; a name that Lago does not know is ignored, so a typo returns everything."""
        if plural == "subscriptions":
            wanted = request.params("status[]") or ["active"]
            return [r for r in rows if r["status"] in wanted]
        if plural == "wallets":
            owner = request.param("external_customer_id")
            if not any(c["external_id"] == owner for c in self._rows("customers")):
                return _error(404, "Not Found", code="customer_not_found")
            return [r for r in rows if r["external_customer_id"] == owner]
        if plural == "payments" and request.param("invoice_id"):
            return [r for r in rows if request.param("invoice_id") in r["invoice_ids"]]
        if plural == "fees":
            since, until = _moment(request.param("created_at_from")), _moment(request.param("created_at_to"))
            return [
                r for r in rows if (not since or r["created_at"] >= since) and (not until or r["created_at"] <= until)
            ]
        return self._filtered_invoices(rows, request) if plural == "invoices" else rows

    def _filtered_invoices(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]] | Reply:
        for name, known in (
            ("status", documents.VISIBLE),
            ("payment_status", ("pending", "succeeded", "failed")),
        ):
            wanted = request.params(name) + request.params(f"{name}es[]")
            if any(w not in known for w in wanted):
                details = {name: ["value_is_invalid"]}
                return _error(422, "Unprocessable Entity", code="validation_errors", error_details=details)
            rows = [r for r in rows if not wanted or r[name] in wanted]
        since, until = _day(request.param("issuing_date_from")), _day(request.param("issuing_date_to"))
        return [
            r for r in rows if (not since or r["issuing_date"] >= since) and (not until or r["issuing_date"] <= until)
        ]


def _error(status: int, words: str, **more: Any) -> Reply:
    return json_reply({"status": status, "error": words, **more}, status)


def _whole(text: str, default: int) -> int:
    return int(text) if text.isdigit() and int(text) > 0 else default


def _day(text: str) -> str:
    """The date, or "": a date that does not parse is dropped silently, and the call returns everything."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _moment(text: str) -> str:
    try:
        return people.text_of(datetime.fromisoformat(text)) or ""
    except ValueError:
        return ""
