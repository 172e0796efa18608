"""A pretend Odoo that is set up, as new for every test."""

from __future__ import annotations

import pytest

from nexabooks.clients.odoo import OdooWriter, open_odoo
from nexabooks.ledger.setup import setup_apply
from nexabooks.sandbox.odoo.service import OdooService
from nexabooks.settings import Settings
from tests.ledger.makers import FAMILY_ROWS, ROUTE_ROWS


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
