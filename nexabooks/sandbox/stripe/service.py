"""The HTTP side of the pretend Stripe: keys, addresses, error bodies, pages, expansion. It answers reading calls."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import orjson

from nexabooks.sandbox.pdf import invented_pdf
from nexabooks.sandbox.serving import Reply, Request, Service, json_reply
from nexabooks.sandbox.stripe.book import Book, Record
from nexabooks.sandbox.stripe.common import API_VERSION, list_object, related
from nexabooks.sandbox.stripe.listing import KINDS, Refused, matching, page, read_query
from nexabooks.sandbox.world import World

# field -> the list where its id is found
_EXPANDS = {
    "customer": "customers",
    "invoice": "invoices",
    "latest_invoice": "invoices",
    "latest_charge": "charges",
    "charge": "charges",
    "payment_intent": "payment_intents",
    "balance_transaction": "balance_transactions",
    "product": "products",
}
_DEEPEST = 4
_WITH_LINES = ("invoices", "credit_notes")


class StripeService(Service):
    """Stripe for one account. `api_key` is accepted; `denied` names the lists for which it lacks the permission (403).

    The key in force is `api_key`: set another one and the old one is revoked (401).
    """

    name = "stripe"

    def __init__(self, get_world: Callable[[], World]) -> None:
        super().__init__()
        self._get_world = get_world
        self._book: Book | None = None
        self.api_key = "sk_test_sandbox"
        self.denied: set[str] = set()

    @property
    def book(self) -> Book:
        """The world of now, rendered; made anew when another world is shown."""
        world = self._get_world()
        if self._book is None or self._book.world is not world:
            self._book = Book(world, self.url) if self.is_running else Book(world)
        return self._book

    def error_body(self, status: int) -> bytes:
        if status == 429:
            return _error(
                "Too many requests hit the API too quickly. We recommend an exponential backoff of your requests.",
                code="rate_limit",
            )
        return _error("An unknown error occurred", "api_error")

    def handle(self, request: Request) -> Reply:
        headers = {
            "Request-Id": related("req", request.path)[:18],
            "Stripe-Version": request.headers.get("Stripe-Version") or API_VERSION,
        }
        if request.verb == "GET" and (document := self.book.document_of(request.path)):  # no key: the address is one
            return Reply(200, invented_pdf(document), content_type="application/pdf")
        try:
            self._check_key(request)
            answer = self._answer(request)
        except Refused as refused:
            return Reply(refused.status, _error(refused.message, **refused.more), headers)
        return json_reply(answer, headers=headers)

    def _check_key(self, request: Request) -> None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            given = base64.b64decode(given).decode().partition(":")[0]
        if not given:
            raise Refused(
                401,
                "You did not provide an API key. You need to provide your API key in the Authorization header, "
                "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            )
        if given != self.api_key:
            stars = "*" * max(0, len(given) - 12)
            raise Refused(401, f"Invalid API Key provided: {given[:8]}{stars}{given[-4:]}")

    def _answer(self, request: Request) -> Any:
        parts = request.path.strip("/").split("/")
        name = parts[1] if len(parts) > 1 and parts[0] == "v1" else ""
        if (
            name not in KINDS
            or len(parts) > 4
            or (len(parts) == 4 and not (name in _WITH_LINES and parts[3] == "lines"))
        ):
            raise Refused(
                404,
                f"Unrecognized request URL ({request.verb}: {request.path}). If you are trying to list objects, remove "
                "the trailing slash. If you are trying to retrieve an object, make sure you passed a valid (non-empty) "
                "identifier in your code.",
            )
        if name in self.denied or request.verb != "GET":
            right = "read" if request.verb == "GET" else "write"
            raise Refused(
                403,
                f"The provided key '{self.api_key[:8]}***' does not have the required permissions for this endpoint on "
                f"account 'acct_sandbox'. Having the 'rak_{KINDS[name].word}_{right}' permission would allow this "
                "request to continue.",
                code="more_permissions_required",
            )
        if len(parts) == 2:
            return self._list(name, request)
        record = self.book.find(name, parts[2])
        if record is None:
            raise Refused(404, f"No such {KINDS[name].word}: '{parts[2]}'", code="resource_missing", param="id")
        if len(parts) == 3:
            asked = read_query(request.query)
            return self._expanded(record, asked.expand)
        return self._lines(name, parts[2], request)

    def _list(self, name: str, request: Request) -> Record:
        kind = KINDS[name]
        asked = read_query(request.query, kind.exact, kind.ranges)
        records, has_more = page(matching(self.book, kind, asked), asked, self.book.listing(name).position, kind.word)
        expand = [path.removeprefix("data.") for path in asked.expand]
        if any(not path.startswith("data.") for path in asked.expand) or (name == "events" and expand):
            raise _not_expandable(asked.expand[0])
        return list_object([self._expanded(r, expand) for r in records], f"/v1/{name}", has_more)

    def _lines(self, name: str, id: str, request: Request) -> Record:
        asked = read_query(request.query)
        lines = self.book.invoice_lines(id) if name == "invoices" else self.book.credit_note_lines(id)
        position = {line["id"]: n for n, line in enumerate(lines)}
        records, has_more = page(lines, asked, position, "line item")
        return list_object(records, f"/v1/{name}/{id}/lines", has_more)

    def _expanded(self, record: Record, paths: list[str], depth: int = 0) -> Record:
        """The record with the objects that `paths` ask for in place of their ids. Raises Refused (400) for others."""
        if not paths:
            return record
        record = dict(record)
        for path in paths:
            field, _, rest = path.partition(".")
            if depth >= _DEEPEST:
                raise _not_expandable(path)
            if field == "payments" and record["object"] == "invoice" and not rest:
                payments = [p for p in self.book.listing("invoice_payments").records if p["invoice"] == record["id"]]
                record["payments"] = list_object(payments, "/v1/invoice_payments")
            elif field in _EXPANDS and field in record:
                target = record[field]
                found = self.book.find(_EXPANDS[field], target) if isinstance(target, str) else target
                record[field] = self._expanded(found, [rest] if rest else [], depth + 1) if found else target
            else:
                raise _not_expandable(path)
        return record


def _not_expandable(path: str) -> Refused:
    return Refused(400, f"This property cannot be expanded ({path}).", param="expand")


def _error(message: str, type: str = "invalid_request_error", **more: Any) -> bytes:
    return orjson.dumps({"error": {**more, "message": message, "type": type}})
