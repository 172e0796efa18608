"""`doctor`, `odoo setup` and `odoo check`: what is missing to run for real, said before anything is run."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from decimal import Decimal

from nexabooks.cli.console import console, heading, print_json, print_rows
from nexabooks.clients.odoo import open_odoo
from nexabooks.errors import EXIT_OK, EXIT_PERSON, NexabooksError, SettingsError
from nexabooks.ledger import Desired, Finding, Step, blocking, check, setup_apply, setup_plan
from nexabooks.ops import look_at_ops
from nexabooks.settings import Settings, load_settings
from nexabooks.sources.registry import SOURCES


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing looked at: is it well, and if not, what to do."""

    what: str
    is_ok: bool
    says: str


def examine(*, as_json: bool) -> int:
    """Every setting, connection and permission; 0 when nothing is missing. Reads only."""
    from tasks.run import wrong_in

    settings = load_settings()
    wrong = wrong_in(settings)
    # What has a wrong setting is not asked: it could only say so once more. The settings of a request are everybody's.
    unusable = {one.system for one in wrong}
    asked = {name for name in SOURCES if not unusable & {name, "request"}}
    company = f"{settings.company_currency}, days cut in {settings.company_time_zone}"
    found = [
        Diagnosis("ledger mode", True, settings.ledger_mode),
        *([] if any("NEXABOOKS_COMPANY_" in one.says for one in wrong) else [Diagnosis("company", True, company)]),
        *(Diagnosis("setting", False, one.says) for one in wrong),
        *(
            diagnosis
            for name in settings.source_names
            if name != "ops"  # to be looked at below; reading it would make it
            for diagnosis in _diagnose_source(name, settings, is_asked=name in asked)
        ),
        *_diagnose_odoo(settings, is_asked="odoo" in asked),
        *([] if "ops" in unusable else [_diagnose_ops(settings)]),
    ]
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        for one in found:
            console.print(f"  {'ok ' if one.is_ok else 'NO '} {one.what}: {one.says}", markup=False)
        missing = sum(not one.is_ok for one in found)
        console.print(
            f"{missing} things are missing; nothing was written." if missing else "Ready to run; nothing was written.",
            markup=False,
        )
    return EXIT_OK if all(one.is_ok for one in found) else EXIT_PERSON


def _diagnose_source(name: str, settings: Settings, *, is_asked: bool = True) -> list[Diagnosis]:
    """The missing settings of one source; where it `is_asked`, its connection, and whether each stream may be read."""
    if name not in SOURCES:
        return [Diagnosis(name, False, f"there is no such source; NEXABOOKS_SOURCES knows {', '.join(SOURCES)}")]
    source = SOURCES[name]
    missing = source.missing_settings(settings)
    if missing:
        return [Diagnosis(name, False, f"set {', '.join(missing)}")]
    if not is_asked:
        return []
    refused = []
    try:
        with source.open(settings) as session:
            for stream in source.streams:
                if stream.belongs_to:
                    continue
                try:
                    next(iter(session.read(stream, None)), None)
                except NexabooksError as error:
                    refused.append(Diagnosis(f"{name} {stream.name}", False, str(error)))
    except NexabooksError as error:
        return [Diagnosis(name, False, str(error))]
    readable = sum(not stream.belongs_to for stream in source.streams) - len(refused)
    return [Diagnosis(name, not refused, f"connected; {readable} streams can be read"), *refused]


def _diagnose_odoo(settings: Settings, *, is_asked: bool = True) -> list[Diagnosis]:
    """The missing settings; where it `is_asked`, the connection, and whether posting would work."""
    missing = SOURCES["odoo"].missing_settings(settings)
    if missing:
        return [Diagnosis("odoo", False, f"set {', '.join(missing)}")]
    if not is_asked:
        return []
    try:
        return [Diagnosis(f"odoo {one.what}", one.is_ok, one.says) for one in findings(settings)]
    except NexabooksError as error:
        return [Diagnosis("odoo", False, str(error))]


def _diagnose_ops(settings: Settings) -> Diagnosis:
    """Whether the ops store opens, and how old it is. Only looks: opening it would bring it up to date."""
    try:
        return Diagnosis("ops store", True, look_at_ops(settings.ops_store_url))
    except NexabooksError as error:
        return Diagnosis("ops store", False, str(error))


def seed(settings: Settings, name: str) -> list[dict[str, str]]:
    """The rows of a seed that finance edits: `family_accounts`, the account of each family, `payment_routes`, the journal
    of each route of money, and `tax_codes`, the named taxes."""
    path = settings.sql_dir / "seeds" / f"{name}.csv"
    if not path.exists():
        raise SettingsError(f"There is no {path}; run from the project's folder or set NEXABOOKS_SQL_DIR.")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def findings(settings: Settings) -> list[Finding]:
    """How Odoo stands for the families' accounts and whatever the warehouse asks of it today."""
    with open_odoo(settings) as client:
        # A replayed story's clock stands still: against it every key and every clock would look wrong.
        return check(client, desired_now(settings), now=None if settings.clock else settings.now())


def desired_now(settings: Settings) -> Desired:
    """What the warehouse asks of the ledger, or, before the first run, the families, routes and tax codes of the seeds."""
    from nexabooks.ledger.desired import Choices, Family, TaxCode
    from nexabooks.ledger.desired_payments import route_of
    from nexabooks.warehouse import open_warehouse
    from tasks.ledger import is_built, read_desired

    choices = Choices.of(settings)
    if settings.warehouse_path.exists():
        with open_warehouse(settings.warehouse_path, read_only=True) as db:
            if is_built(db):
                return read_desired(db, (), None, None, choices)
    names = ("service_family", "account_code", "account_name", "account_type")
    families = [Family(*(row[name] for name in names)) for row in seed(settings, "family_accounts")]
    routes = [route_of(row) for row in seed(settings, "payment_routes")]
    by_name = {f.service_family: f for f in families}
    codes = {
        row["tax_code"]: TaxCode(row["tax_code"], row["tax_name"], Decimal(row["rate"]), row["odoo_external_name"])
        for row in seed(settings, "tax_codes")
    }
    return Desired({}, (), by_name, codes, {r.route: r for r in routes}, choices)


def check_odoo(*, as_json: bool) -> int:
    """`nexabooks odoo check`: each finding with what to do; 0 when nothing blocks."""
    found = findings(load_settings())
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        print_rows([{"well": "ok" if one.is_ok else "NO", "what": one.what, "says": one.says} for one in found])
    return EXIT_PERSON if blocking(found) else EXIT_OK


def set_up_odoo(*, apply: bool, has_unique_index: bool, as_json: bool) -> int:
    """`nexabooks odoo setup`: show what is there and what is missing; with `apply`, make it. The unique index is looked
    at with the admin key, for the posting user does not see the action that made it."""
    settings = load_settings()
    if apply:
        steps = apply_odoo_setup(settings, has_unique_index=has_unique_index)
    else:
        with open_odoo(settings, "admin" if has_unique_index else "read") as client:
            steps = setup_plan(
                client,
                seed(settings, "family_accounts"),
                seed(settings, "payment_routes"),
                currencies=currencies(settings),
                has_unique_index=has_unique_index,
                keeps_numbers=settings.odoo_numbers == "source",
            )
    if as_json:
        print_json([asdict(step) for step in steps])
    else:
        heading("In Odoo, after this" if apply else "Nothing was written. This is what nexabooks needs in Odoo")
        print_rows([{"is": state(step), "what": step.what, "says": step.says} for step in steps])
        if not apply and any(not step.is_present for step in steps):
            console.print("  `nexabooks odoo setup --apply` creates what is missing, with the admin key.", markup=False)
    return EXIT_PERSON if any(step.is_blocked for step in steps) else EXIT_OK


def state(step: Step) -> str:
    """`there`, `blocked` (a person must act first) or `missing` (the setup makes it)."""
    return "there" if step.is_present else "blocked" if step.is_blocked else "missing"


def currencies(settings: Settings) -> tuple[str, ...]:
    """The currencies of the invoices that the warehouse knows so far."""
    return tuple(sorted({invoice.currency_code for invoice in desired_now(settings).invoices}))


def apply_odoo_setup(settings: Settings | None = None, *, has_unique_index: bool = False) -> list[Step]:
    """Make what is missing in Odoo, with the admin key. Harmless to repeat."""
    settings = settings or load_settings()
    with open_odoo(settings, "admin") as client:
        return setup_apply(
            client,
            seed(settings, "family_accounts"),
            seed(settings, "payment_routes"),
            currencies=currencies(settings),
            has_unique_index=has_unique_index,
            keeps_numbers=settings.odoo_numbers == "source",
        )
