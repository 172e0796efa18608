"""NexaCloud's tables, as data: the columns that are needed, in the types they are landed in (docs/contracts/raw.md).

Every declared table and column must be there, in a type that lands in the declared one without losing anything. The
real tables have more columns; those are welcome and land as text behind the declared ones.
"""

from __future__ import annotations

import re

from nexabooks.streams import Stream

# The PostgreSQL types (information_schema's words) whose every value fits the declared one. `double precision` and
# `money` fit none on purpose, nor does a timestamp without a time zone: what it means is anybody's guess.
FITTING: dict[str, frozenset[str]] = {
    "VARCHAR": frozenset({"uuid", "text", "character varying", "character", "USER-DEFINED"}),
    "DECIMAL": frozenset({"numeric", "bigint", "integer", "smallint"}),
    "BIGINT": frozenset({"bigint", "integer", "smallint"}),
    "INTEGER": frozenset({"integer", "smallint"}),
    "BOOLEAN": frozenset({"boolean"}),
    "DATE": frozenset({"date"}),
    "TIMESTAMPTZ": frozenset({"timestamp with time zone"}),
}

# A column that nobody declared is left out when its name says that it keeps a secret: none belongs in a warehouse.
SECRET_NAME = re.compile(
    r"passw|secret|token|hash|salt|credential|private|api_?key|otp|mfa|totp|recovery", re.IGNORECASE
)


def _as(kind: str, names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, kind) for name in names.split())


def _text(names: str) -> tuple[tuple[str, str], ...]:
    return _as("VARCHAR", names)


_MONEY = "DECIMAL(18,2)"
_QUANTITY = "DECIMAL(18,6)"

# Usage of a period is counted up while the period lasts, a month at most: what began in the last 35 days is read again.
USAGE_OVERLAP_DAYS = 35

STREAMS: tuple[Stream, ...] = (
    Stream(
        "users",
        ("id",),
        may_not_lose="An invoice without its customer cannot be booked.",
        columns=_text(
            "id email full_name company billing_email billing_address billing_city billing_state billing_postal_code "
            "billing_country tax_id stripe_customer_id"
        ),
    ),
    Stream(
        "plans",
        ("id",),
        may_not_lose="What should have been billed could not be computed.",
        columns=(
            *_text("id product_id name"),
            *_as(_MONEY, "price_monthly price_yearly"),
            ("stripe_price_id", "VARCHAR"),
            ("cpu_seconds_quota", "BIGINT"),
            ("is_active", "BOOLEAN"),
        ),
    ),
    Stream(
        "deployments",
        ("id",),
        may_not_lose="A subscription would lose what it is for.",
        columns=(*_text("id user_id product_id plan_id name status billing_cycle"), ("next_due_date", "DATE")),
    ),
    Stream(
        "subscriptions",
        ("id",),
        may_not_lose="A period that should have been billed would not be missed by anyone.",
        columns=(
            *_text("id user_id deployment_id plan_id status billing_cycle"),
            *_as("TIMESTAMPTZ", "current_period_start current_period_end"),
            ("stripe_subscription_id", "VARCHAR"),
        ),
    ),
    # The one table that grows without end. A row is written once for its period and counted up until the period ends.
    Stream(
        "usage_records",
        ("id",),
        cursor="period_start",
        may_not_lose="CPU overage would not be expected, and so never be missed.",
        columns=(
            *_text("id subscription_id"),
            *_as("TIMESTAMPTZ", "period_start period_end"),
            *_as(_QUANTITY, "cpu_hours ram_gb_hours disk_gb_hours bandwidth_gb"),
        ),
    ),
    # created_at, status and paid_at are stamped by a synchronisation: landed as they are, believed by no model.
    Stream(
        "invoices",
        ("id",),
        may_not_lose="The list of what must be in the books.",
        columns=(
            *_text("id user_id subscription_id stripe_invoice_id invoice_number"),
            ("created_at", "TIMESTAMPTZ"),
            *_text("currency status"),
            *_as(_MONEY, "subtotal tax amount_due amount_paid"),
            ("paid_at", "TIMESTAMPTZ"),
        ),
    ),
    Stream(
        "invoice_items",
        ("id",),
        may_not_lose="An invoice would not add up, and its revenue would have no family.",
        columns=(
            *_text("id invoice_id description"),
            ("quantity", _QUANTITY),
            *_as(_MONEY, "unit_price amount"),
            *_as("TIMESTAMPTZ", "period_start period_end"),
        ),
    ),
    Stream(
        "addons",
        ("id",),
        may_not_lose="An add-on would have no list price.",
        columns=(*_text("id name"), ("price_monthly", _MONEY), ("is_active", "BOOLEAN")),
    ),
    Stream(
        "deployment_addons",
        ("id",),
        may_not_lose="An add-on in use would not be expected on the bill.",
        columns=(*_text("id deployment_id addon_id"), ("quantity", "INTEGER")),
    ),
)
