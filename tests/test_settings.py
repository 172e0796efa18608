"""One settings object: secrets never print, wrong values are named all at once, the clock can be set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from nexabooks.errors import EXIT_USAGE, SettingsError
from nexabooks.settings import Settings, load_settings, secret


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """No environment and no .env file but the test's own."""
    import os

    for name in list(os.environ):
        if name.startswith("NEXABOOKS_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_a_secret_does_not_print(monkeypatch):
    """Neither in repr nor as JSON, and it can still be sent."""
    monkeypatch.setenv("NEXABOOKS_STRIPE_API_KEY", "rk_live_very_secret")
    settings = load_settings()
    assert "very_secret" not in f"{settings!r} {settings} {settings.model_dump_json()}"
    assert secret(settings.stripe_api_key) == "rk_live_very_secret"
    assert secret(None) == ""


def test_every_wrong_value_is_named_at_once(monkeypatch):
    """One start, one list of what to mend; exit code 2."""
    monkeypatch.setenv("NEXABOOKS_LEDGER_MODE", "maybe")
    monkeypatch.setenv("NEXABOOKS_REQUEST_TIMEOUT_S", "soon")
    with pytest.raises(SettingsError, match=r"NEXABOOKS_LEDGER_MODE.*NEXABOOKS_REQUEST_TIMEOUT_S") as raised:
        load_settings()
    assert raised.value.exit_code == EXIT_USAGE


def test_what_is_missing_is_named_as_the_environment_names_it():
    """All of it, in the order asked."""
    settings = Settings(odoo_url="http://127.0.0.1")
    assert settings.missing("odoo_url", "odoo_api_key", "stripe_api_key") == [
        "NEXABOOKS_ODOO_API_KEY",
        "NEXABOOKS_STRIPE_API_KEY",
    ]


def test_a_env_file_counts_and_the_environment_wins(monkeypatch):
    """As everywhere else."""
    Path(".env").write_text("NEXABOOKS_COMPANY_CURRENCY=EUR\nNEXABOOKS_SOURCES=lago\n")
    monkeypatch.setenv("NEXABOOKS_COMPANY_CURRENCY", "CAD")
    settings = load_settings()
    assert (settings.company_currency, settings.source_names) == ("CAD", ("lago",))


def test_the_writer_starts_in_draft():
    """Nobody posts by forgetting a setting."""
    assert load_settings().ledger_mode == "draft"


def test_now_is_the_clock_when_one_is_set_and_always_utc():
    """A story can be replayed; an unset clock is the real one."""
    toronto = timezone(timedelta(hours=-4))
    assert Settings(clock=datetime(2026, 5, 27, 20, tzinfo=toronto)).now() == datetime(2026, 5, 28, tzinfo=UTC)
    before = datetime.now(UTC)
    assert before <= Settings().now() <= datetime.now(UTC)
    assert Settings().now().tzinfo is UTC


def test_everything_is_kept_below_home():
    """One folder to delete, and the warehouse is rebuilt."""
    settings = Settings(home=Path("elsewhere"))
    assert settings.warehouse_path == Path("elsewhere/warehouse.duckdb")
    assert settings.published_path == Path("elsewhere/published/nexabooks.duckdb")
    assert settings.ops_store_url == "sqlite:///elsewhere/ops.sqlite"
    assert Settings(ops_url="postgresql:///ops").ops_store_url == "postgresql:///ops"


@pytest.mark.parametrize("listed", ["stripe, lago", "stripe,lago,", " stripe ,, lago "])
def test_sources_are_named_by_commas(listed):
    """Spaces and empty places mean nothing."""
    assert Settings(sources=listed).source_names == ("stripe", "lago")


def test_settings_do_not_change_while_they_are_used():
    """A task that set one would set it for another."""
    with pytest.raises(ValueError, match="frozen"):
        Settings().home = Path("x")
