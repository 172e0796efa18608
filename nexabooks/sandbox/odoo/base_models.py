"""The models that are not accounting: contacts, companies, users, countries, currencies and their rates."""

from __future__ import annotations

import secrets
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from nexabooks.sandbox.odoo.access import user_of
from nexabooks.sandbox.odoo.env import Env, UniqueIndex
from nexabooks.sandbox.odoo.fields import Field, number
from nexabooks.sandbox.odoo.model import Model, refuse_if, remote
from nexabooks.sandbox.odoo.refusals import NotPretended, RedirectWarning, ValidationError
from nexabooks.sandbox.odoo.store import Row
from nexabooks.sandbox.odoo.technical import Chatter

LOCKS = ("fiscalyear_lock_date", "tax_lock_date", "sale_lock_date", "purchase_lock_date", "hard_lock_date")


def _company_id(env: Env) -> int:
    return int(env.company["id"])


class Country(Model):
    name, label, order = "res.country", "Country", "name, id"
    own_fields = (
        Field("name", "char", "Country Name", is_required=True, is_indexed=True),
        Field("code", "char", "Country Code", is_indexed=True),
        Field("state_ids", "one2many", "States", comodel="res.country.state", inverse="country_id"),
    )


class CountryState(Model):
    name, label, order = "res.country.state", "Country state", "code, id"
    own_fields = (
        Field("name", "char", "State Name", is_required=True, is_indexed=True),
        Field("code", "char", "State Code", is_required=True, is_indexed=True),
        Field("country_id", "many2one", "Country", comodel="res.country", is_required=True, is_indexed=True),
    )

    def display_name(self, id: int) -> str:
        row = self.row(id)
        return f"{row['name']} ({self.env.row('res.country', row['country_id'])['code']})"


class Partner(Chatter):
    name, label, order = "res.partner", "Contact", "name, id desc"
    required_message = "Contacts require a name"
    own_fields = (
        Field("name", "char", "Name", is_required=True, is_indexed=True),
        Field("active", "boolean", default=True),
        Field("is_company", "boolean", "Is a Company"),
        Field(
            "company_type",
            "selection",
            selection=("person", "company"),
            compute=lambda env, r: "company" if r["is_company"] else "person",
        ),
        Field("email", "char", is_indexed=True),
        Field("phone", "char"),
        Field("ref", "char", "Reference", is_indexed=True),
        Field("vat", "char", "Tax ID"),
        Field("street", "char"),
        Field("street2", "char"),
        Field("city", "char"),
        Field("zip", "char"),
        Field("state_id", "many2one", "State", comodel="res.country.state"),
        Field("country_id", "many2one", "Country", comodel="res.country"),
        Field("parent_id", "many2one", "Related Company", comodel="res.partner", is_indexed=True),
        Field("commercial_partner_id", "many2one", comodel="res.partner", compute=lambda env, r: _commercial(env, r)),
        Field("company_id", "many2one", "Company", comodel="res.company"),
        Field("comment", "html", "Notes"),
        Field("website", "char"),
        Field("lang", "char", default="en_US"),
        Field("user_ids", "one2many", "Users", comodel="res.users", inverse="partner_id"),
        Field(
            "property_account_receivable_id",
            "many2one",
            comodel="account.account",
            default=lambda env: env.ref("account.1_l10n_ca_112110"),
        ),
        Field("property_payment_term_id", "many2one", comodel="account.payment.term"),
    )

    def display_name(self, id: int) -> str:
        row = self.row(id)
        if row["parent_id"] and not row["is_company"]:
            return f"{self.row(row['parent_id'])['name']}, {row['name']}"
        return str(row["name"])

    def _unlink(self, ids: list[int]) -> None:
        moves = self.env["account.move"].table
        for id in ids:
            if moves.having("partner_id", id):
                raise ValidationError(
                    "The operation cannot be completed: another model requires the record being deleted. If possible, archive it instead."
                    "\n\nModel: Journal Entry (account.move)\nConstraint: account_move_partner_id_fkey"
                )
        super()._unlink(ids)


def _commercial(env: Env, row: Row) -> int:
    while row["parent_id"] and not row["is_company"]:
        row = env.row("res.partner", row["parent_id"])
    return int(row["id"])


def _same_as(name: str, env: Env, row: Row) -> Any:
    return row[name]


class Company(Model):
    name, label = "res.company", "Companies"
    own_fields = (
        Field("name", "char", "Company Name", is_required=True),
        Field("partner_id", "many2one", comodel="res.partner"),
        Field("currency_id", "many2one", comodel="res.currency"),
        Field("country_id", "many2one", comodel="res.country"),
        Field("state_id", "many2one", comodel="res.country.state"),
        Field("chart_template", "char"),
        Field(
            "tax_calculation_rounding_method",
            "selection",
            selection=("round_per_line", "round_globally"),
            default="round_globally",
        ),
        Field("account_price_include", "selection", selection=("tax_included", "tax_excluded"), default="tax_excluded"),
        Field("account_sale_tax_id", "many2one", comodel="account.tax"),
        Field("account_purchase_tax_id", "many2one", comodel="account.tax"),
        Field("currency_exchange_journal_id", "many2one", comodel="account.journal"),
        Field("income_currency_exchange_account_id", "many2one", comodel="account.account"),
        Field("expense_currency_exchange_account_id", "many2one", comodel="account.account"),
        Field("restrictive_audit_trail", "boolean"),
        *(Field(name, "date") for name in LOCKS),
        *(Field(f"user_{n}", "date", compute=partial(_same_as, n)) for n in LOCKS),
    )

    def write_row(self, id: int, vals: dict[str, Any]) -> None:
        hard = self.row(id)["hard_lock_date"]
        if "hard_lock_date" in vals and hard:
            refuse_if(not vals["hard_lock_date"], "The Hard Lock Date cannot be removed.")
            refuse_if(
                vals["hard_lock_date"] < hard, "A new Hard Lock Date must be posterior (or equal) to the previous one."
            )
        if vals.get("hard_lock_date"):
            moves = self.env["account.move"]
            drafts = moves.find([["state", "=", "draft"], ["date", "<=", vals["hard_lock_date"]]])
            if drafts:
                raise RedirectWarning(
                    "There are still draft entries in the period you want to hard lock. "
                    "You should either post or delete them.",
                    {"view_mode": "list", "name": "Draft Entries", "domain": [("id", "in", drafts)]},
                    "Show draft entries",
                )
        super().write_row(id, vals)

    def _create(self, vals_list: list[dict[str, Any]]) -> list[int]:
        raise NotPretended("a second company")


class Users(Model):
    name, label = "res.users", "User"
    own_fields = (
        Field("name", "char", is_required=True),
        Field("login", "char", is_required=True),
        Field("active", "boolean", default=True),
        Field("partner_id", "many2one", comodel="res.partner", is_indexed=True),
        Field("company_id", "many2one", comodel="res.company", default=1),
        Field("company_ids", "many2many", comodel="res.company"),
    )

    @remote("model", "read")
    def context_get(self) -> Row:
        """The user's own context: language, time zone, id."""
        return {"lang": "en_US", "tz": "America/Toronto", "uid": self.env.uid}


class ApiKeys(Model):
    """A user sees his own keys and when they end; nobody makes one from outside."""

    name, label = "res.users.apikeys", "Users API Keys"
    own_fields = (
        Field("name", "char", "Description", is_required=True),
        Field("user_id", "many2one", comodel="res.users", is_required=True),
        Field("scope", "char"),
        Field("expiration_date", "datetime"),
    )

    def find(self, domain: list[Any], order: str = "id", limit: int | None = None) -> list[int]:
        return super().find([["user_id", "=", self.env.uid], *(domain or [])], order, limit)

    def _create(self, vals_list: list[dict[str, Any]]) -> list[int]:
        raise NotPretended("making an API key")

    def generate(self, uid: int, name: str, lives: timedelta | None) -> str:
        """A new key of `uid`, as Odoo's own code makes it: one that may not manage the system has to end in 90 days.
        A key whose end lies in the past is made all the same."""
        if not user_of(uid).is_admin:
            refuse_if(lives is None, "The API key must have an expiration date")
            refuse_if(lives is not None and lives > timedelta(days=90), "You cannot exceed 90.0 days.")
        ends = None if lives is None else self.env.now + lives
        key = secrets.token_hex(20)
        self.env.registry.keys[key] = (uid, ends)
        expiration = f"{ends:%Y-%m-%d %H:%M:%S}" if ends else False
        self.insert({"name": name, "user_id": uid, "scope": "rpc", "expiration_date": expiration})
        return key

    def give(self, uid: int, days: int) -> None:
        """A key of `uid` that ends in `days`, as the wizard in the user interface makes it."""
        ends = self.env.now + timedelta(days=days)
        self.insert({"name": "nexabooks", "user_id": uid, "expiration_date": f"{ends:%Y-%m-%d %H:%M:%S}"})


class Currency(Model):
    name, label, order = "res.currency", "Currency", "active desc, name"
    own_fields = (
        Field("name", "char", "Currency", is_required=True, is_indexed=True),
        Field("full_name", "char", "Name"),
        Field("symbol", "char"),
        Field("active", "boolean", default=True),
        Field("rounding", "float", "Rounding Factor", default=Decimal("0.01")),
        Field("decimal_places", "integer", compute=lambda env, r: max(0, -r["rounding"].as_tuple().exponent)),
        Field(
            "rate",
            "float",
            "Current Rate",
            compute=lambda env, r: env["res.currency"].rate(r["id"], env.today.isoformat()),
        ),
        Field("rate_ids", "one2many", comodel="res.currency.rate", inverse="currency_id"),
    )

    def rate(self, id: int, day: str) -> Decimal:
        """Units of this currency for one of the company's on `day`: the newest rate up to it, before the first one that first one, else 1."""
        if id == self.env.company["currency_id"]:
            return Decimal(1)
        rates = self.env["res.currency.rate"].table
        known = sorted((rates.rows[i]["name"], rates.rows[i]["rate"]) for i in rates.having("currency_id", id))
        if not known:
            return Decimal(1)
        return next((rate for name, rate in reversed(known) if name <= day), known[0][1])


class CurrencyRate(Model):
    name, label, order = "res.currency.rate", "Currency Rate", "name desc, id"
    unique_indexes = (
        UniqueIndex(
            "res_currency_rate_unique_name_per_day",
            ("name", "currency_id", "company_id"),
            "currency_id",
            message="Only one currency rate per day allowed!",
        ),
    )
    own_fields = (
        Field("name", "date", "Date", is_required=True, default=lambda env: env.today.isoformat()),
        Field("currency_id", "many2one", comodel="res.currency", is_required=True, is_indexed=True),
        Field("company_id", "many2one", comodel="res.company", default=_company_id),
        Field("rate", "float", "Technical Rate", default=Decimal(1)),
        Field("company_rate", "float", compute=lambda env, r: r["rate"]),
        Field("inverse_company_rate", "float", compute=lambda env, r: 1 / r["rate"]),
    )

    def prepare(self, vals: dict[str, Any]) -> tuple[Row, dict[str, list[Any]]]:
        vals = dict(vals)
        if "company_rate" in vals:
            vals["rate"] = number(vals.pop("company_rate"))
        if "inverse_company_rate" in vals:
            # Odoo keeps the rate as a double; its shortest text is what is read back.
            vals["rate"] = number(float(1 / number(vals.pop("inverse_company_rate"))))
        return super().prepare(vals)


MODELS = (Country, CountryState, Partner, Company, Users, ApiKeys, Currency, CurrencyRate)
