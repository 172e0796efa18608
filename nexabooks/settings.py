"""One settings object, read from the environment (prefix NEXABOOKS_) or a .env file. Secrets never print.

A missing setting is named together with the others that are missing or wrong, before anything is read: RULES is what a
value must be beyond its type.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from nexabooks import faults
from nexabooks.errors import SettingsError

LedgerMode = Literal["dry_run", "draft", "post"]
OdooOrSource = Literal["odoo", "source"]


class Settings(BaseSettings):
    """Everything that differs between two installations."""

    model_config = SettingsConfigDict(
        env_prefix="NEXABOOKS_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    # Where things are kept.
    home: Path = Path("var")
    ops_url: str = ""  # SQLAlchemy URL of the ops store; empty = SQLite below `home`
    sql_dir: Path = Path("sql")
    expectations_dir: Path = Path("expectations")

    clock: datetime | None = None  # the pretend present of the demo and the tests; unset = the real one

    # The company.
    company_time_zone: str = "America/Toronto"
    company_currency: str = "CAD"
    sources: str = "nexacloud,stripe,lago,vtiger"

    # Reading. Every credential here should be read-only.
    nexacloud_dsn: SecretStr | None = None
    nexacloud_schema: str = "public"
    stripe_api_key: SecretStr | None = None
    stripe_url: str = "https://api.stripe.com"
    stripe_requests_per_s: float = 20
    lago_api_key: SecretStr | None = None
    lago_url: str = "https://api.getlago.com/api/v1"
    lago_requests_per_s: float = 20
    lago_app_url: str = ""  # where people open Lago, with the organization's part of the address: for links in notes
    vtiger_url: str = ""
    vtiger_username: str = ""
    vtiger_access_key: SecretStr | None = None
    vtiger_transport: Literal["cloud", "selfhosted"] = "cloud"
    vtiger_requests_per_s: float = 1
    vtiger_timelog_mapping: Path | None = None  # see docs/contracts/vtiger.md

    # The ledger.
    odoo_url: str = ""
    odoo_database: str = ""
    odoo_login: str = ""  # whose odoo_api_key is: only XML-RPC (Odoo 17 and 18) needs it
    odoo_admin_login: str = ""  # whose odoo_admin_key is, likewise; empty: the same user's
    odoo_api_key: SecretStr | None = None
    odoo_admin_key: SecretStr | None = None  # only `nexabooks odoo setup --apply` uses it
    odoo_company_id: int = 1
    odoo_rate: OdooOrSource = "odoo"  # whose rate converts an invoice in another currency: docs/decisions/0017
    odoo_numbers: OdooOrSource = "odoo"  # whose number an entry carries: docs/decisions/0024
    ledger_mode: LedgerMode = "draft"
    ledger_notes: bool = True  # a note with its proof on each posted entry: one more call for 200 of them
    ledger_attach_pdf: bool = False  # the source's PDF as an attachment of each posted entry
    ledger_modes: str = ""  # stricter ones by source or service family: stripe=post,lago=draft,other=draft

    # The most that is written without a person; 0 = no such brake. Amounts in major units of the invoice's own currency.
    brake_invoice_amount: Decimal = Field(Decimal(250_000), ge=0)
    brake_customer_invoices: int = Field(500, ge=0)
    brake_customer_amount: Decimal = Field(Decimal(500_000), ge=0)
    brake_unknown_family_percent: int = Field(50, ge=0, le=100)
    brake_day_invoices: int = Field(10_000, ge=0)
    brake_day_amount: Decimal = Field(Decimal(10_000_000), ge=0)
    brake_run_invoices: int = Field(5_000, ge=0)
    brake_run_amount: Decimal = Field(Decimal(5_000_000), ge=0)
    brake_median_times: int = Field(20, ge=0)  # more than so many times the median of the last runs

    # A plan that waits for approval is reminded of, and an approval runs out.
    approval_reminder_days: int = Field(3, ge=1)
    approval_expiry_days: int = Field(14, ge=1)

    request_timeout_s: float = 30

    def now(self) -> datetime:
        """The present moment, aware and in UTC. Everything that asks the time asks here, so that a story can be replayed."""
        return self.clock.astimezone(UTC) if self.clock else datetime.now(UTC)

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file that is rebuilt at any time; below `home`."""
        return self.home / "warehouse.duckdb"

    @property
    def published_path(self) -> Path:
        """The DuckDB file that finance reads; below `home`."""
        return self.home / "published" / "nexabooks.duckdb"

    @property
    def plans_dir(self) -> Path:
        """Where each plan lies as a page, under its hash."""
        return self.home / "plans"

    @property
    def ops_store_url(self) -> str:
        """The address of the ops store: as set, else an SQLite file below `home`."""
        return self.ops_url or f"sqlite:///{self.home / 'ops.sqlite'}"

    @property
    def source_names(self) -> tuple[str, ...]:
        """The sources in use, in the order in which they are read; whether each exists is not looked at."""
        return tuple(name.strip() for name in self.sources.split(",") if name.strip())

    def missing(self, *fields: str) -> list[str]:
        """The environment names among `fields` that are not set."""
        return [f"NEXABOOKS_{f.upper()}" for f in fields if not getattr(self, f)]


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process. Raises SettingsError naming every wrong value at once."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        wrong = "; ".join(f"NEXABOOKS_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"The settings cannot be used: {wrong}.") from None


# What a setting's first word may name; a setting of none of them is the installation's own.
SYSTEMS = ("nexacloud", "stripe", "lago", "vtiger", "odoo", "ops", "request")
RULES: tuple[tuple[Callable[[Any], str], tuple[str, ...]], ...] = (
    (faults.of_time_zone, ("company_time_zone",)),
    (faults.of_currency, ("company_currency",)),
    (faults.of_folder_to_write, ("home",)),
    (faults.of_sql, ("sql_dir",)),
    (faults.of_expectations, ("expectations_dir",)),
    (faults.of_store, ("ops_url",)),
    (faults.of_postgres, ("nexacloud_dsn",)),
    (faults.of_web_address, ("stripe_url", "lago_url", "lago_app_url", "vtiger_url", "odoo_url")),
    (faults.of_key, ("stripe_api_key", "lago_api_key", "vtiger_access_key", "odoo_api_key", "odoo_admin_key")),
    (faults.of_key, ("odoo_database",)),  # it travels in a header too
    (faults.of_rate, ("stripe_requests_per_s", "lago_requests_per_s", "vtiger_requests_per_s")),
    (faults.of_timeout, ("request_timeout_s",)),
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A setting that is there and cannot be used. `system`: one of SYSTEMS, or '' for the installation."""

    system: str
    says: str


def wrong_settings(settings: Settings, *systems: str) -> list[Wrong]:
    """Every value of the settings of `systems` ('' is the installation) that breaks a rule."""
    found = []
    for fault_of, fields in RULES:
        for name in fields:
            value, system = getattr(settings, name), _system_of(name)
            if system in systems and value not in (None, "") and (fault := fault_of(value)):
                found.append(Wrong(system, f"NEXABOOKS_{name.upper()} {fault}"))
    return found


def refuse_wrong_settings(settings: Settings, system: str) -> None:
    """Raise SettingsError naming every wrong setting that a connection to `system` needs."""
    if found := wrong_settings(settings, system, "request"):
        raise SettingsError(says_wrong(found))


def says_wrong(found: list[Wrong]) -> str:
    """One sentence that names every wrong setting, and no value that is a secret."""
    return f"These settings cannot be used: {'; '.join(wrong.says for wrong in found)}."


def _system_of(field: str) -> str:
    system = field.partition("_")[0]
    return system if system in SYSTEMS else ""


def secret(value: SecretStr | None) -> str:
    """The secret itself, for the one call that sends it."""
    return value.get_secret_value() if value else ""
