"""A pretend Odoo that is set up, as new for every test."""

from __future__ import annotations

import pytest

from nexabooks.clients.odoo import OdooWriter, open_odoo
from nexabooks.ledger import make_plan, read_present
from nexabooks.ledger.setup import setup_apply
from nexabooks.sandbox.odoo.service import OdooService
from nexabooks.settings import Settings
from tests.ledger.makers import FAMILY_ROWS, ROUTE_ROWS, applied


def settings_of(service: OdooService, key: str) -> Settings:
    return Settings(
        odoo_url=service.url,
        odoo_database=service.database,
        odoo_api_key=key,
        odoo_admin_key=service.admin_key,
        _env_file=None,
    )


@pytest.fixture(scope="package")
def running_odoo():
    """The server, set up once: starting it and setting it up costs more than a test."""
    service = OdooService()
    service.start()
    with open_odoo(settings_of(service, service.admin_key), "admin") as admin:
        setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)
    yield service, service.snapshot()
    service.stop()


@pytest.fixture
def odoo(running_odoo) -> OdooService:
    """The server as it was right after the setup."""
    service, as_new = running_odoo
    service.restore(as_new)
    service.faults.clear()
    service.faults.calls.clear()
    return service


@pytest.fixture
def client(odoo):
    """A user who may post and make customers."""
    with open_odoo(settings_of(odoo, odoo.posting_key), "write") as client:
        assert isinstance(client, OdooWriter)
        yield client


@pytest.fixture
def accountant(odoo):
    """Somebody who may change the books themselves: accounts, rates, lock dates."""
    with open_odoo(settings_of(odoo, odoo.admin_key), "admin") as client:
        yield client


def close(client, desired, mode="post", run_id="r1", journal=None):
    """One daily close: plan and apply. Returns the receipts."""
    plan = make_plan(desired, read_present(client, desired), mode=mode, run_id=run_id)
    return applied(plan, client, journal)


def outcomes(receipts):
    return [(r.action, r.source_invoice_id, r.outcome) for r in receipts if r.action != "note"]


def move(client, source_invoice_id, *fields):
    records = client.search_read("account.move", [["x_fc_source_invoice_id", "=", source_invoice_id]], list(fields))
    assert len(records) == 1
    return [records[0][field] for field in fields]


def plan_again(client, desired, mode="post"):
    return make_plan(desired, read_present(client, desired), mode=mode, run_id="again")
