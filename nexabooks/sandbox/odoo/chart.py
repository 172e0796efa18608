"""A database as it stands on its first day: an Ontario company with chart ca_2023, its journals, taxes, terms and users.

Accounts are those that the pretend behaviour needs, with the codes and names of l10n_ca; the real chart has more. External ids
are Odoo's: `account.<company id>_<name>` for what a chart brings, `base.…` for the rest.
"""

from __future__ import annotations

from nexabooks.sandbox.odoo.access import USERS
from nexabooks.sandbox.odoo.countries import COUNTRIES, RECORD_NAMES, STATES
from nexabooks.sandbox.odoo.env import Env
from nexabooks.sandbox.odoo.fields import number

CURRENCIES = {
    "USD": ("United States dollar", "$", "0.01"), "CAD": ("Canadian dollar", "$", "0.01"), "EUR": ("Euro", "€", "0.01"),
    "GBP": ("Pound sterling", "£", "0.01"), "AUD": ("Australian dollar", "$", "0.01"), "CHF": ("Swiss franc", "CHF", "0.01"),
    "MXN": ("Mexican peso", "$", "0.01"), "JPY": ("Japanese yen", "¥", "1"), "INR": ("Indian rupee", "₹", "0.01"),
    "BRL": ("Brazilian real", "R$", "0.01"), "NZD": ("New Zealand dollar", "$", "0.01"), "SEK": ("Swedish krona", "kr", "0.01"),
    "KWD": ("Kuwaiti dinar", "KD", "0.001"),
}  # fmt: skip
ACTIVE_CURRENCIES = ("CAD", "USD")

ACCOUNTS = """
111100 asset_cash Cash in Canadian Currency
111311 asset_current Liquidity Transfer
111313 asset_current Outstanding Receipts
111314 asset_current Outstanding Payments
112110 asset_receivable Trade Accounts Receivable
118100 asset_current GST receivable
118200 asset_current PST/QST receivable
118300 asset_current HST receivable - 13%
118400 asset_current HST receivable - 14%
118500 asset_current HST receivable - 15%
221110 liability_payable Trade Accounts Payable
231000 liability_current GST to pay
232000 liability_current PST/QST to pay
233000 liability_current HST to pay - 13%
234000 liability_current HST to pay - 14%
235000 liability_current HST to pay - 15%
411100 income Sales of Goods
411200 income Sales of Services
420000 income_other Foreign Exchange Gain
511100 expense Cost of Goods Sold
523000 expense Bank Charges
525000 expense Foreign Exchange Loss
999999 equity_unaffected Undistributed Profits/Losses
"""
# What every chart brings under a name of its own, whatever the country.
ACCOUNT_NAMES = {
    "111313": "account_journal_payment_debit_account_id",
    "111314": "account_journal_payment_credit_account_id",
}
RECONCILED = ("111311", "111313", "111314")

TAX_GROUPS = {
    "gst": "GST", "qst": "QST", "hst_13": "HST 13%", "hst_14": "HST 14%", "hst_15": "HST 15%", "pst_6": "PST 6%", "pst_7": "PST 7%", "fix": "Taxes",
}  # fmt: skip
# suffix of the external id | name | per cent | group | sequence | account of a sale, of a purchase
PERCENT_TAXES = """
gst_{use}_tax_5 | 5% GST | 5 | gst | 10 | 231000 | 118100
gst_{use}_tax_0 | 0% GST | 0 | gst | 10 | 231000 | 118100
pst_{use}_tax_6 | 6% PST SK | 6 | pst_6 | 20 | 232000 | 118200
pst_{use}_tax_7_bc | 7% PST BC | 7 | pst_7 | 20 | 232000 | 118200
pst_{use}_tax_7_mb | 7% PST MB | 7 | pst_7 | 20 | 232000 | 118200
qst_{use}_tax_9975 | 9.975% QST | 9.975 | qst | 20 | 232000 | 118200
hst_{use}_tax_13 | 13% HST | 13 | hst_13 | 20 | 233000 | 118300
hst_{use}_tax_14 | 14% HST | 14 | hst_14 | 20 | 234000 | 118400
hst_{use}_tax_15 | 15% HST | 15 | hst_15 | 20 | 235000 | 118500
int_{use}_tax_0 | 0% Int | 0 | fix | 10 | |
exempt_{use}_tax_0 | 0% Exempt | 0 | fix | 10 | |
"""
# suffix of the external id | name | members
GROUP_TAXES = """
gstpst_{use}_tax_11 | 11% GST+PST SK | gst_{use}_tax_5, pst_{use}_tax_6
gstpst_{use}_tax_12_bc | 12% GST+PST BC | gst_{use}_tax_5, pst_{use}_tax_7_bc
gstpst_{use}_tax_12_mb | 12% GST+PST MB | gst_{use}_tax_5, pst_{use}_tax_7_mb
gstqst_{use}_tax_14975 | 14.975% GST+QST | gst_{use}_tax_5, qst_{use}_tax_9975
"""
JOURNALS = (
    ("INV", "Sales", "sale", 5), ("BILL", "Purchases", "purchase", 6), ("MISC", "Miscellaneous Operations", "general", 9),
    ("EXCH", "Exchange Difference", "general", 10), ("CABA", "Cash Basis Taxes", "general", 10), ("BNK1", "Bank", "bank", 11),
)  # fmt: skip
# name -> parts: per cent, how the days are counted, days, day of the month
TERMS = {
    "Immediate Payment": [(100, "days_after", 0, 0)],
    "15 Days": [(100, "days_after", 15, 0)],
    "21 Days": [(100, "days_after", 21, 0)],
    "30 Days": [(100, "days_after", 30, 0)],
    "45 Days": [(100, "days_after", 45, 0)],
    "End of Following Month": [(100, "days_after_end_of_next_month", 0, 0)],
    "10 Days after End of Next Month": [(100, "days_after_end_of_next_month", 10, 0)],
    "30% Now, Balance 60 Days": [(30, "days_after", 0, 0), (70, "days_after", 60, 0)],
    "2/7 Net 30": [(100, "days_after", 30, 0)],
    "90 days, on the 10th": [(100, "days_end_of_month_on_the", 90, 10)],
}
TERM_IDS = (
    "immediate",
    "15days",
    "21days",
    "30days",
    "45days",
    "end_following_month",
    "10days_eom",
    "advance",
    "30days_early_discount",
    "90days_on_the_10th",
)


def install(env: Env, company_name: str) -> None:
    """Fill an empty database."""
    data = env["ir.model.data"]
    models = env["ir.model"]
    for name, cls in sorted(env.registry.classes.items()):
        data.give(f"base.model_{name.replace('.', '_')}", "ir.model", models.insert({"name": cls.label, "model": name}))
    _places(env)
    _currencies(env)
    company = _company(env, company_name)
    accounts = _accounts(env)
    _taxes(env, accounts)
    journals = _journals(env, accounts)
    for place, (name, parts) in enumerate(TERMS.items()):
        term = env["account.payment.term"].insert({"name": name, "parts": parts, "sequence": place})
        data.give(f"account.account_payment_term_{TERM_IDS[place]}", "account.payment.term", term)
    env["res.company"].update(
        company,
        {
            "account_sale_tax_id": env.ref("account.1_hst_sale_tax_13"),
            "account_purchase_tax_id": env.ref("account.1_hst_purchase_tax_13"),
            "currency_exchange_journal_id": journals["EXCH"],
            "income_currency_exchange_account_id": accounts["420000"],
            "expense_currency_exchange_account_id": accounts["525000"],
        },
    )


def _places(env: Env) -> None:
    data = env["ir.model.data"]
    for code, name in COUNTRIES.items():
        id = env["res.country"].insert({"name": name, "code": code})
        data.give(f"base.{RECORD_NAMES.get(code, code.lower())}", "res.country", id)
        for state_code, state in STATES.get(code, {}).items():
            state_id = env["res.country.state"].insert({"name": state, "code": state_code, "country_id": id})
            data.give(f"base.state_{code.lower()}_{state_code.lower()}", "res.country.state", state_id)


def _currencies(env: Env) -> None:
    for name, (full_name, symbol, step) in CURRENCIES.items():
        vals = {
            "name": name,
            "full_name": full_name,
            "symbol": symbol,
            "rounding": number(step),
            "active": name in ACTIVE_CURRENCIES,
        }
        env["ir.model.data"].give(f"base.{name}", "res.currency", env["res.currency"].insert(vals))


def _company(env: Env, name: str) -> int:
    partners, data = env["res.partner"], env["ir.model.data"]
    place = {"country_id": env.ref("base.ca"), "state_id": env.ref("base.state_ca_on")}
    partner = partners.insert({"name": name, "is_company": True, **place, "property_account_receivable_id": False})
    company = env["res.company"].insert(
        {"name": name, "partner_id": partner, "currency_id": env.ref("base.CAD"), "chart_template": "ca_2023", **place}
    )
    data.give("base.main_partner", "res.partner", partner)
    data.give("base.main_company", "res.company", company)
    users = env["res.users"]
    for user in USERS:
        person = partners.insert(
            {"name": user.name, "email": f"{user.login}@example.com", "property_account_receivable_id": False}
        )
        users.table.next_id = user.uid
        users.insert(
            {
                "name": user.name,
                "login": user.login,
                "partner_id": person,
                "company_id": company,
                "company_ids": (company,),
            }
        )
        env["res.users.apikeys"].give(user.uid, 60)
    data.give("base.user_admin", "res.users", USERS[0].uid)
    data.give("mail.mt_note", "mail.message.subtype", env["mail.message.subtype"].insert({"name": "Note"}))
    return company


def _accounts(env: Env) -> dict[str, int]:
    ids = {}
    for line in ACCOUNTS.strip().splitlines():
        code, kind, name = line.split(" ", 2)
        ids[code] = env["account.account"].insert(
            {
                "code": code,
                "name": name,
                "account_type": kind,
                "reconcile": kind.endswith(("able",)) or code in RECONCILED,
            }
        )
        env["ir.model.data"].give(
            f"account.1_{ACCOUNT_NAMES.get(code, f'l10n_ca_{code}')}", "account.account", ids[code]
        )
    for id in env["res.partner"].table.rows:
        env["res.partner"].update(id, {"property_account_receivable_id": ids["112110"]})
    return ids


def _taxes(env: Env, accounts: dict[str, int]) -> None:
    data, taxes = env["ir.model.data"], env["account.tax"]
    for suffix, name in TAX_GROUPS.items():
        group = env["account.tax.group"].insert({"name": name, "country_id": env.ref("base.ca")})
        data.give(f"account.1_tax_group_{suffix}", "account.tax.group", group)
    for place, use in enumerate(("sale", "purchase")):
        for line in PERCENT_TAXES.strip().splitlines():
            suffix, name, percent, group_name, sequence, *booked = (part.strip() for part in line.split("|"))
            vals = {
                "name": name,
                "invoice_label": f"{percent}%",
                "amount": number(percent),
                "type_tax_use": use,
                "sequence": int(sequence),
            }
            vals |= {
                "tax_group_id": env.ref(f"account.1_tax_group_{group_name}"),
                "account_id": accounts.get(booked[place], False),
            }
            data.give(f"account.1_{suffix.format(use=use)}", "account.tax", taxes.insert(vals))
        for line in GROUP_TAXES.strip().splitlines():
            suffix, name, members = (part.strip().format(use=use) for part in line.split("|"))
            children = tuple(env.ref(f"account.1_{m.strip()}") for m in members.split(","))
            vals = {
                "name": name,
                "amount": number(100),
                "amount_type": "group",
                "type_tax_use": use,
                "children_tax_ids": children,
            }
            data.give(f"account.1_{suffix}", "account.tax", taxes.insert(vals))


def _journals(env: Env, accounts: dict[str, int]) -> dict[str, int]:
    ids = {}
    standard = {"sale": accounts["411100"], "purchase": accounts["511100"]}
    names = {"INV": "sale", "BILL": "purchase", "MISC": "general", "EXCH": "exch", "CABA": "caba", "BNK1": "bank"}
    for code, name, kind, sequence in JOURNALS:
        vals = {
            "name": name,
            "code": code,
            "type": kind,
            "sequence": sequence,
            "default_account_id": standard.get(kind, False),
        }
        ids[code] = env["account.journal"].insert(vals)
        env["ir.model.data"].give(f"account.1_{names[code]}", "account.journal", ids[code])
    return ids
