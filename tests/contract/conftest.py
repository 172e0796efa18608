"""The servers that the contract is held against: the sandbox by both transports, and a real one when it is named.

README.md says how to point the tests at a server. Every record carries the prefix of its run, so that they can be run
again and again on the same database.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg2
import pytest

from nexabooks.clients.odoo import OdooReader, OdooWriter, open_odoo, server_version
from nexabooks.clients.odoo_json2 import Json2
from nexabooks.clients.odoo_xmlrpc import XmlRpc
from nexabooks.ledger.books import Books, read_books
from nexabooks.ledger.desired import Desired, TaxCode
from nexabooks.ledger.setup import setup_apply
from nexabooks.sandbox.odoo.service import OdooService
from nexabooks.settings import Settings, secret
from tests.ledger.makers import FAMILIES, FAMILY_ROWS, ROUTE_ROWS, ROUTES, TAXES

REAL = ("NEXABOOKS_TEST_ODOO_URL", "NEXABOOKS_TEST_ODOO_DB", "NEXABOOKS_TEST_ODOO_KEY", "NEXABOOKS_TEST_ODOO_ADMIN_KEY")
# Odoo before 19 knows no JSON-2, by which a key says whose it is.
# Odoo 17 tries a conflict again for a minute and a half (measured: 84 s), 18 and 19 for up to thirty seconds.
PATIENCE_S = 180
DSN = "NEXABOOKS_TEST_ODOO_DSN"  # a second door to its database: to hold rows, and to take a hard lock date back
LOGINS = ("NEXABOOKS_TEST_ODOO_LOGIN", "NEXABOOKS_TEST_ODOO_ADMIN_LOGIN")
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
    service: OdooService | None = None  # the sandbox; None for a real server
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")

    @property
    def version(self) -> int:
        """The server's major version; the sandbox is a 19."""
        return self.client.major_version

    def key(self, name: str) -> str:
        """An external id of this run."""
        return f"nexabooks.test_{self.prefix}_{name}"

    def other(self, *, key: str = "", database: str = "", company_id: int = 0, timeout_s: float = 60) -> OdooWriter:
        """A client like the posting user's, with another key, database, company or patience. The caller closes it."""
        old = self.client._transport
        url, database, key = old.url, database or self.settings.odoo_database, key or secret(self.settings.odoo_api_key)
        transport = (
            XmlRpc(url, database, old.login, key, timeout_s=timeout_s)
            if isinstance(old, XmlRpc)
            else Json2(url, database, key, timeout_s=timeout_s)
        )
        version = self.client.major_version
        return OdooWriter(transport, company_id or self.client.company_id, major_version=version, attempts=1)

    def holds(self, model: str, name: str) -> int | None:
        """The record of `model` that carries the external id of this run, or None."""
        module, _, rest = self.key(name).partition(".")
        return self.client.ids_of_names(model, module, [rest]).get(rest)

    def run_code(self, *statements: str) -> Any:
        """What a server action with these statements answers; an administrator makes it, runs it and deletes it."""
        model_id = self.admin.search_read("ir.model", [["model", "=", "account.move"]], ["id"])[0]["id"]
        vals = {"name": self.prefix, "model_id": model_id, "state": "code", "code": "\n".join(statements)}
        ids = self.admin.write_call("ir.actions.server", "create", vals_list=[vals])
        try:
            return self.admin.write_call("ir.actions.server", "run", ids=ids)
        finally:
            self.admin.write_call("ir.actions.server", "unlink", ids=ids)

    @contextmanager
    def held(self, model: str, id: int, *, is_changed: bool = False) -> Iterator[Callable[[], None]]:
        """Another transaction holds this row while the block runs, and has written to it if `is_changed`. What is given
        to the block returns as soon as a call waits for the row."""
        if self.service:
            with self.service.held(model, id, is_changed=is_changed):
                yield self.service.books.await_waiting
            return
        with _second_door() as door, door.cursor() as rows:
            table = model.replace(".", "_")
            rows.execute(f"select id from {table} where id = %s for update", [id])
            if is_changed:
                rows.execute(f"update {table} set write_date = write_date where id = %s", [id])

            def await_waiting() -> None:
                with _second_door() as looking, looking.cursor() as waiting:
                    held = [door.info.backend_pid]
                    while True:
                        waiting.execute("select 1 from pg_stat_activity where %s = any(pg_blocking_pids(pid))", held)
                        if waiting.fetchone():
                            return

            yield await_waiting
            door.commit()

    @contextmanager
    def hard_locked(self, day: str) -> Iterator[None]:
        """A hard lock date while the block runs. Odoo takes none back, so it is taken back below it."""
        self.needs_lock("hard_lock_date")
        company = [self.client.company_id]
        door = None if self.service else _second_door()
        self.admin.write_call("res.company", "write", ids=company, vals={"hard_lock_date": day})
        try:
            yield
        finally:
            if self.service:
                self.service.books.env()["res.company"].update(company[0], {"hard_lock_date": False})
                self.service.books.registry.store.commit()
            elif door:
                with door, door.cursor() as rows:
                    rows.execute("update res_company set hard_lock_date = null where id = %s", company)
        if door:
            door.close()

    @contextmanager
    def locked(self, name: str, day: str) -> Iterator[None]:
        """A soft lock date while the block runs; it is taken back. A lock date of the database's own fails the test."""
        company = [self.client.company_id]
        self.needs_lock(name)
        if held := self.admin.read("res.company", company, [name])[0][name]:
            pytest.fail(f"this database has a {name} already ({held}); use one without")
        # 17 locks nothing for everybody while drafts are in it; its other date, for all but advisers, reads as the same.
        theirs = "period_lock_date" if self.version < 18 and name == "fiscalyear_lock_date" else name
        self.admin.write_call("res.company", "write", ids=company, vals={theirs: day})
        try:
            yield
        finally:
            self.admin.write_call("res.company", "write", ids=company, vals={theirs: False})

    def needs_lock(self, name: str) -> None:
        """Skips the test where Odoo has no such lock date."""
        if name not in self.admin.field_names("res.company"):
            pytest.skip(f"Odoo {self.version} has no {name}")


def _second_door() -> Any:
    """A connection of our own to the real server's PostgreSQL."""
    if not os.environ.get(DSN):
        pytest.skip(f"set {DSN} to hold this against the real server too")
    return psycopg2.connect(os.environ[DSN])


def _settings(url: str, database: str, key: str, admin_key: str, login: str = "", admin_login: str = "") -> Settings:
    return Settings(
        odoo_url=url,
        odoo_database=database,
        odoo_login=login,
        odoo_admin_login=admin_login,
        odoo_api_key=key,
        odoo_admin_key=admin_key,
        request_timeout_s=PATIENCE_S,
        _env_file=None,
    )


def _by_xmlrpc(client: OdooReader, settings: Settings, key: str) -> OdooReader:
    """The same user by the other transport, which needs his login."""
    if isinstance(client._transport, XmlRpc):
        return client
    uid = client.call("res.users", "context_get")["uid"]
    login = client.read("res.users", [uid], ["login"])[0]["login"]
    client.close()
    transport = XmlRpc(
        settings.odoo_url, settings.odoo_database, login, secret(getattr(settings, key)), timeout_s=PATIENCE_S
    )
    return OdooWriter(transport, settings.odoo_company_id, major_version=client.major_version)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test marked `real_only` is about what the pretend Odoo does not do: it is held against real servers alone."""
    taken = [item for item in items if not item.get_closest_marker("real_only") or "real server" in item.name]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(taken)])
    items[:] = taken


@pytest.fixture(scope="module", params=SERVERS)
def server(request) -> Iterator[Server]:
    """A server that is set up; its records stay, under the prefix of this run."""
    service = None
    if request.param.startswith("real server"):
        settings = _settings(*(os.environ[name] for name in REAL), *(os.environ.get(name, "") for name in LOGINS))
    else:
        service = OdooService()
        service.start()
        settings = _settings(service.url, service.database, service.posting_key, service.admin_key)
    if settings.odoo_login and server_version(settings.odoo_url) < 19 and request.param.endswith("by JSON-2"):
        pytest.skip("this server is older than JSON-2")
    admin, client = open_odoo(settings, "admin"), open_odoo(settings, "write")
    if request.param.endswith("by XML-RPC"):
        admin, client = _by_xmlrpc(admin, settings, "odoo_admin_key"), _by_xmlrpc(client, settings, "odoo_api_key")
    assert isinstance(admin, OdooWriter)
    assert isinstance(client, OdooWriter)
    setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)
    books = read_books(client, Desired({}, (), FAMILIES, TAXES | ZERO_RATED, ROUTES))
    yield Server(client, admin, books, settings, service)
    client.close()
    admin.close()
    if service:
        service.stop()
