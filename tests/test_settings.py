"""One settings object: secrets never print, wrong values are named all at once, the clock can be set."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from nexabooks.errors import EXIT_USAGE, SettingsError
from nexabooks.settings import RULES, SYSTEMS, Settings, load_settings, refuse_wrong_settings, secret, wrong_settings

ROOT = Path(__file__).parents[1]


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


def test_a_copy_of_the_example_holds_nothing_back_that_would_go_without_it():
    """`.env.example` says what holds anyway, but for the address that only its owner knows."""
    copied, bare = Settings(_env_file=ROOT / ".env.example"), Settings(_env_file=None)
    assert {name for name in Settings.model_fields if getattr(copied, name) != getattr(bare, name)} == {"nexacloud_dsn"}


def test_the_example_names_every_setting_that_the_readme_names():
    """Who looks for a setting looks there first."""
    named = {line.partition("=")[0] for line in (ROOT / ".env.example").read_text().splitlines()}
    assert set(re.findall(r"NEXABOOKS_[A-Z_]*[A-Z]", (ROOT / "README.md").read_text())) <= named


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


@pytest.fixture
def folders() -> dict[str, Path]:
    """An installation in which nothing is wrong."""
    for name in ("sql/dbt_project.yml", "expectations/marts/fct_payments.yml"):
        Path(name).parent.mkdir(parents=True)
        Path(name).write_text("")
    return {"sql_dir": Path("sql"), "expectations_dir": Path("expectations")}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("company_time_zone", "Mars/Olympus", "'Mars/Olympus', which is no time zone"),
        ("company_time_zone", "America", "no time zone"),
        ("company_time_zone", "/etc/localtime", "no time zone"),
        ("company_currency", "CA$", "no currency code"),
        ("company_currency", "cad", "no currency code"),
        ("lago_url", "nonsense", "no address of the form"),
        ("vtiger_url", "vtiger.example.com", "no address of the form"),
        ("stripe_url", "ftp://api.stripe.com", "no address of the form"),
        ("odoo_url", "http://[::1", "no address of the form"),
        ("odoo_url", "http://books:port", "no address of the form"),
        ("lago_url", "http://a..b/", "no address of the form"),
        ("lago_url", "https://", "no address of the form"),
        ("vtiger_url", "https://ann:s3cret@crm.example.com", "a user name or a password"),
        ("lago_api_key", "s3cret’", "not ASCII"),
        ("stripe_api_key", "s3cret key", "holds a blank"),
        ("odoo_api_key", "s3cret\n", "holds a blank"),
        ("vtiger_access_key", "“s3cret”", "not ASCII"),
        ("lago_requests_per_s", 0, "more than zero"),
        ("stripe_requests_per_s", -1, "more than zero"),
        ("vtiger_requests_per_s", "nan", "more than zero"),
        ("request_timeout_s", 0, "more than zero"),
        ("request_timeout_s", -1, "more than zero"),
        ("request_timeout_s", "inf", "at most 3600"),
        ("nexacloud_dsn", "postgresql://reader:to@s3cret@db/x", "percent-encode"),
        ("nexacloud_dsn", "postgresql://reader:s3cret@db:abc/x", "no database URL"),
        ("ops_url", "postgresql+asyncpg://ann:s3cret@db/x", "its driver is not"),
        ("ops_url", "sqlite:///sql/dbt_project.yml/below/ops.sqlite", "is a file"),
        ("home", "sql/dbt_project.yml/home", "is a file"),
        ("sql_dir", "elsewhere", "holds no dbt_project.yml"),
        ("expectations_dir", "sql", "holds no expectations"),
    ],
)
def test_a_value_that_breaks_a_rule_is_named_with_its_setting(folders, field, value, says):
    """In words, before anything is read; no part of a secret is shown."""
    found = wrong_settings(Settings(**folders | {field: value}), "", *SYSTEMS)
    assert len(found) == 1
    assert found[0].says.startswith(f"NEXABOOKS_{field.upper()} ")
    assert says in found[0].says
    assert "s3cret" not in found[0].says


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="the defaults"),
        pytest.param({"odoo_url": "http://[::1]:8069", "vtiger_url": "http://crm/vtiger/"}, id="addresses"),
        pytest.param(
            {"nexacloud_dsn": "postgres://reader:to%40s%2Fp@db:5432/x?sslmode=require"}, id="an encoded password"
        ),
        pytest.param({"nexacloud_dsn": "postgresql://postgres:@/x?host=/tmp/socket"}, id="a socket"),
        pytest.param({"ops_url": "sqlite:////tmp/a@b@c/ops.sqlite"}, id="@ in the path of a file"),
        pytest.param({"ops_url": "postgresql://ann@server:pw@db/x"}, id="a role with a server's name"),
        pytest.param({"company_currency": "EUR", "company_time_zone": "Europe/Amsterdam"}, id="another company"),
    ],
)
def test_a_value_that_can_be_used_is_no_finding(folders, values):
    """What worked goes on working."""
    assert wrong_settings(Settings(**folders | values), "", *SYSTEMS) == []


def test_a_system_that_is_not_used_may_have_wrong_settings(folders):
    """And a connection is refused for what it needs itself, not for the rest of the installation."""
    settings = Settings(**folders | {"lago_url": "nonsense", "sql_dir": "elsewhere", "request_timeout_s": 0})
    assert [one.system for one in wrong_settings(settings, "", "stripe")] == [""]
    refuse = pytest.raises(
        SettingsError, match=r"^These settings cannot be used: NEXABOOKS_LAGO_URL.*; NEXABOOKS_REQUEST"
    )
    with refuse as error:
        refuse_wrong_settings(settings, "lago")
    assert "SQL_DIR" not in str(error.value)


def test_every_address_key_and_rate_has_a_rule():
    """A new one without a rule would meet its first wrong value in a stack trace."""
    ruled = {name for _, names in RULES for name in names}
    ends = ("_url", "_dsn", "_key", "_per_s", "_timeout_s", "_dir")
    assert {name for name in Settings.model_fields if name.endswith(ends)} <= ruled
