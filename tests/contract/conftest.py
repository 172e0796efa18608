"""The servers that the contract is held against: the sandbox by both transports, and a real one when it is named.

README.md says how to point the tests at a server. Every record carries the prefix of its run, so that they can be run
again and again on the same database.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from nexabooks.clients.odoo import OdooReader, OdooWriter, open_odoo
from nexabooks.clients.odoo_json2 import Json2
from nexabooks.clients.odoo_xmlrpc import XmlRpc
from nexabooks.ledger.books import Books, read_books
from nexabooks.ledger.desired import Desired, TaxCode
from nexabooks.ledger.setup import setup_apply
from nexabooks.sandbox.odoo.service import OdooService
from nexabooks.settings import Settings, secret
from tests.ledger.makers import FAMILIES, FAMILY_ROWS, ROUTE_ROWS, ROUTES, TAXES

REAL = ("NEXABOOKS_TEST_ODOO_URL", "NEXABOOKS_TEST_ODOO_DB", "NEXABOOKS_TEST_ODOO_KEY", "NEXABOOKS_TEST_ODOO_ADMIN_KEY")
SERVERS = [
    "sandbox by JSON-2",
    "sandbox by XML-RPC",
    *(["real server by JSON-2", "real server by XML-RPC"] if all(map(os.environ.get, REAL)) else []),
]

ZERO_RATED = {"gst_0": TaxCode("gst_0", "0% GST", Decimal(0), "gst_sale_tax_0")}


@dataclass
class Server:
    """A server to hold the contract against. `prefix` names the records of this run."""

    client: OdooWriter
    admin: OdooWriter
    books: Books
    settings: Settings
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")

    def key(self, name: str) -> str:
        """An external id of this run."""
        return f"nexabooks.test_{self.prefix}_{name}"

    def other(self, *, key: str = "", database: str = "", company_id: int = 0) -> OdooWriter:
        """A client like the posting user's, with another key, database or company. The caller closes it."""
        old = self.client._transport
        url, database, key = old.url, database or self.settings.odoo_database, key or secret(self.settings.odoo_api_key)
        transport = (
            XmlRpc(url, database, old.login, key, timeout_s=60)
            if isinstance(old, XmlRpc)
            else Json2(url, database, key, timeout_s=60)
        )
        return OdooWriter(transport, company_id or self.client.company_id, attempts=1)

    def holds(self, model: str, name: str) -> int | None:
        """The record of `model` that carries the external id of this run, or None."""
        module, _, rest = self.key(name).partition(".")
        return self.client.ids_of_names(model, module, [rest]).get(rest)

    @contextmanager
    def locked(self, name: str, day: str) -> Iterator[None]:
        """A soft lock date while the block runs; it is taken back. A lock date of the database's own fails the test."""
        company = [self.client.company_id]
        if held := self.admin.read("res.company", company, [name])[0][name]:
            pytest.fail(f"this database has a {name} already ({held}); use one without")
        self.admin.write_call("res.company", "write", ids=company, vals={name: day})
        try:
            yield
        finally:
            self.admin.write_call("res.company", "write", ids=company, vals={name: False})


def _settings(url: str, database: str, key: str, admin_key: str) -> Settings:
    return Settings(
        odoo_url=url,
        odoo_database=database,
        odoo_api_key=key,
        odoo_admin_key=admin_key,
        request_timeout_s=60,
        _env_file=None,
    )


def _by_xmlrpc(client: OdooReader, settings: Settings, key: str) -> OdooWriter:
    """The same user by the other transport, which needs his login."""
    uid = client.call("res.users", "context_get")["uid"]
    login = client.read("res.users", [uid], ["login"])[0]["login"]
    client.close()
    transport = XmlRpc(settings.odoo_url, settings.odoo_database, login, secret(getattr(settings, key)), timeout_s=60)
    return OdooWriter(transport, settings.odoo_company_id)


@pytest.fixture(scope="module", params=SERVERS)
def server(request) -> Iterator[Server]:
    """A server that is set up; its records stay, under the prefix of this run."""
    service = None
    if request.param.startswith("real server"):
        settings = _settings(*(os.environ[name] for name in REAL))
    else:
        service = OdooService()
        service.start()
        settings = _settings(service.url, service.database, service.posting_key, service.admin_key)
    admin, client = open_odoo(settings, "admin"), open_odoo(settings, "write")
    if request.param.endswith("by XML-RPC"):
        admin, client = _by_xmlrpc(admin, settings, "odoo_admin_key"), _by_xmlrpc(client, settings, "odoo_api_key")
    assert isinstance(admin, OdooWriter)
    assert isinstance(client, OdooWriter)
    setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)
    yield Server(client, admin, read_books(client, Desired({}, (), FAMILIES, TAXES | ZERO_RATED, ROUTES)), settings)
    client.close()
    admin.close()
    if service:
        service.stop()
