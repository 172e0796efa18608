"""The sources' PDFs come onto the posted entries, once each, and their addresses go nowhere else."""

from __future__ import annotations

import base64

import duckdb
import pytest

from flows.daily_close import daily_close
from nexabooks.cli.examining import apply_odoo_setup
from nexabooks.clients.odoo import open_odoo
from nexabooks.sandbox import story
from nexabooks.sandbox.sandbox import Sandbox
from nexabooks.settings import load_settings

# What makes an address of the pretend Stripe and of the pretend Lago open for whoever has it.
SECRETS = ("/i/live_", "/rails/active_storage/")


@pytest.fixture
def box(tmp_path, monkeypatch):
    with Sandbox(story.day_1(), tmp_path / "world") as box:
        for name, value in (box.environment() | {"NEXABOOKS_HOME": str(tmp_path / "home")}).items():
            monkeypatch.setenv(name, value)
        apply_odoo_setup()
        yield box


def test_each_posted_entry_gets_its_pdf_and_one_that_fails_gets_it_the_next_day(box, monkeypatch, capsys):
    """23 entries are posted; one PDF cannot be had that day, which stops nothing; the next run attaches that one and asks for
    no other. No address is in what finance reads, in the ops store, on a page or in what the run says."""
    monkeypatch.setenv("NEXABOOKS_LEDGER_ATTACH_PDF", "true")
    box.stripe.faults.add("/i/live_", "500")
    report = daily_close.fn()
    assert report.exit_code == 0
    first = outcomes(report)
    assert first == {"done": 22, "refused": 1}
    box.stripe.faults.calls.clear()
    box.lago.faults.calls.clear()
    assert outcomes(daily_close.fn()) == {"done": 1}
    asked = [call for call in box.stripe.faults.calls + box.lago.faults.calls if any(s in call for s in SECRETS)]
    assert len(asked) == 1

    settings = load_settings()
    with open_odoo(settings) as odoo:
        fields = ["name", "res_id", "mimetype", "datas"]
        held = odoo.all_of("ir.attachment", [["res_model", "=", "account.move"]], fields)
        notes = odoo.all_of("mail.message", [["model", "=", "account.move"]], ["res_id", "body"])
    assert len(held) == len({row["res_id"] for row in held}) == 23
    assert {base64.b64decode(row["datas"])[:5] for row in held} == {b"%PDF-"}
    assert len([note for note in notes if any(s in note["body"] for s in SECRETS)]) == 23

    said = capsys.readouterr()
    pages = [path.read_bytes() for path in settings.home.rglob("*") if path.suffix in (".html", ".json", ".sqlite", ".sqlite-wal")]  # fmt: skip
    for secret in SECRETS:
        assert secret not in said.out + said.err
        assert not any(secret.encode() in page for page in pages)
        assert published_tables_with(settings, secret) == []


def test_without_the_setting_nothing_is_fetched(ledger_only, box):
    """Off by default: the note links the PDF, and nobody asks for it."""
    assert outcomes(daily_close.fn()) == {}
    assert not any(secret in call for call in box.stripe.faults.calls for secret in SECRETS)


def outcomes(report) -> dict[str, int]:
    return {step["outcome"]: step["count"] for step in report.steps if step["action"] == "attach"}


def published_tables_with(settings, words: str) -> list[str]:
    with duckdb.connect(str(settings.published_path), read_only=True) as con:
        tables = [name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()]
        return [
            table
            for table in tables
            if con.execute(
                f"select count(*) from finance.{table} as t where contains(cast(t as varchar), ?)", [words]
            ).fetchone()[0]
        ]
