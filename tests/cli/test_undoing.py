"""`nexabooks undo` from the outside: shown, then taken by name, and never otherwise than shown."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from nexabooks.cli.main import app
from nexabooks.clients.odoo import open_odoo
from nexabooks.errors import PermanentError, SettingsError
from nexabooks.ledger import apply_plan, make_plan, read_present, setup_apply
from nexabooks.ops import open_ops
from nexabooks.sandbox.odoo.service import OdooService
from nexabooks.settings import load_settings
from tests.ledger.makers import FAMILY_ROWS, ROUTE_ROWS, an_invoice, desired_of


@pytest.fixture
def posted(monkeypatch, tmp_path) -> OdooService:
    """A pretend Odoo in which run `r1` posted and paid one invoice; the settings reach it."""
    service = OdooService()
    service.start()
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "HOME": str(tmp_path / "var"),
        "CLOCK": "2026-11-20T12:00:00Z",
        "ODOO_URL": service.url,
        "ODOO_DATABASE": service.database,
        "ODOO_API_KEY": service.posting_key,
        "ODOO_ADMIN_KEY": service.admin_key,
    }.items():
        monkeypatch.setenv(f"NEXABOOKS_{name}", value)
    settings = load_settings()
    settings.home.mkdir()
    with open_odoo(settings, "admin") as admin:
        setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)
    with (
        open_odoo(settings, "write") as client,
        open_ops(settings.ops_store_url, now=settings.now) as ops,
    ):
        desired = desired_of(an_invoice(paid_minor=11_300))
        plan = make_plan(desired, read_present(client, desired), mode="post", run_id="r1")
        apply_plan(plan, client, ops.journal("r1"), now=settings.now)
    yield service
    service.stop()


def run(*words: str):
    return CliRunner().invoke(app, ["undo", *words])


def test_an_undo_is_shown_then_taken_by_name_and_then_there_is_nothing_left(posted):
    """What was shown is approved in the ops store under the name that was given."""
    assert "Nothing was written" in run("r1").output
    shown = json.loads(run("r1", "--json").output)
    assert posted.totals()["payment_states"] == {"paid": 1}
    taken = run("r1", "--apply", "--by", "Ann", "--note", "wrong account")
    assert taken.exit_code == 0, taken.output
    assert posted.totals()["payment_states"] == {"reversed": 1, "paid": 1}
    settings = load_settings()
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        actions = [r["action"] for r in ops.receipts_after(0, 100) if r["action"].startswith("undo_")]
        assert sorted(actions) == ["undo_cancel", "undo_reverse", "undo_unmatch", "undo_unmatch"]
        approval = ops.approval_of(shown["hash"])
        assert approval and (approval.approved_by, approval.note) == ("Ann", "wrong account")
        assert not ops.unfinished_intents()
    again = run("r1", "--apply", "--by", "Ann")
    assert again.exit_code == 0
    assert "There is nothing to take back" in again.output
    assert posted.totals()["payment_states"] == {"reversed": 1, "paid": 1}


WRONG = {
    "without having been shown": (("r1", "--apply", "--by", "Ann"), PermanentError, "was not shown yet"),
    "without a name": (("r1", "--apply"), SettingsError, "--by NAME"),
    "of a run that nobody knows": (("r9",), PermanentError, "Nothing of a run r9 is known"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_run_is_never_taken_back(posted, name):
    """And nothing is touched then."""
    words, kind, says = WRONG[name]
    got = run(*words)
    assert isinstance(got.exception, kind)
    assert says in str(got.exception)
    assert posted.totals()["payment_states"] == {"paid": 1}
