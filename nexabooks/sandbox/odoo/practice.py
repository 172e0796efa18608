"""A pretend Odoo with the few records that an invoice needs: what tests and trials start from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from nexabooks.sandbox.odoo.asking import Asker
from nexabooks.sandbox.odoo.service import OdooService

# "Today" of every example in facts/odoo.md is 2026-11-20.
TODAY = datetime(2026, 11, 20, 15, tzinfo=UTC)


class Practice:
    """A server on the facts' day, with two income accounts, a partner in Ontario, a Stripe journal and the x_ fields."""

    def __init__(self) -> None:
        self.service = OdooService(now=TODAY)
        self.ask = ask = Asker(self.service)
        self.saas, self.pro = ask(
            "account.account",
            "create",
            vals_list=[
                {"code": "411901", "name": "SaaS subscriptions", "account_type": "income"},
                {"code": "411902", "name": "Professional services", "account_type": "income"},
            ],
        )
        ontario = self.ref("base.state_ca_on")
        self.partner = ask(
            "res.partner", "create", vals_list={"name": "Acme", "country_id": self.ref("base.ca"), "state_id": ontario}
        )[0]
        self.bank = ask("account.journal", "create", vals_list={"name": "Stripe CAD", "type": "bank", "code": "STR1"})[
            0
        ]
        self.cad, self.usd, self.eur = (self.ref(f"base.{c}") for c in ("CAD", "USD", "EUR"))
        move_model = ask("ir.model", "search", domain=[["model", "=", "account.move"]])[0]
        for name in ("x_fc_source_system", "x_fc_source_invoice_id"):
            ask(
                "ir.model.fields",
                "create",
                vals_list=[
                    {
                        "name": name,
                        "model_id": move_model,
                        "field_description": name,
                        "ttype": "char",
                        "index": True,
                        "copied": False,
                    }
                ],
            )

    def ref(self, external_id: str) -> int:
        """The id behind an external id."""
        module, _, name = external_id.partition(".")
        named = {"module": module, "xml_id": name, "context": {"active_test": False}}
        return int(self.ask("ir.model.data", "check_object_reference", **named)[1])

    def tax(self, suffix: str) -> int:
        """A tax of the chart by the suffix of its external id."""
        return self.ref(f"account.1_{suffix}")

    def line(self, price: Any, tax: str | None = "hst_sale_tax_13", **vals: Any) -> list[Any]:
        """The command for one invoice line."""
        taxes = [self.tax(tax)] if tax else []
        return [
            0,
            0,
            {"name": "Line", "quantity": 1, "price_unit": price, "account_id": self.saas, "tax_ids": [[6, 0, taxes]]}
            | vals,
        ]

    def draft(self, *lines: Any, **vals: Any) -> int:
        """A draft invoice of 2026-10-05 with these lines (commands, or prices with 13 % HST)."""
        commands = [line if isinstance(line, list) else self.line(line) for line in lines]
        header = {
            "move_type": "out_invoice",
            "partner_id": self.partner,
            "invoice_date": "2026-10-05",
            "invoice_date_due": "2026-11-04",
        }
        return int(self.ask("account.move", "create", vals_list=[header | vals | {"invoice_line_ids": commands}])[0])

    def posted(self, *lines: Any, **vals: Any) -> int:
        """The same, posted."""
        id = self.draft(*lines, **vals)
        self.ask("account.move", "action_post", ids=[id])
        return id

    def move(self, id: int, *fields: str) -> Any:
        """Fields of one entry: one value, or several."""
        row = self.ask("account.move", "read", ids=[id], fields=list(fields), load=None)[0]
        return row[fields[0]] if len(fields) == 1 else tuple(row[f] for f in fields)

    def lines(self, move_id: int, kind: str = "", field: str = "") -> list[Any]:
        """The lines of an entry, of one display type if given; whole rows, or one field of each."""
        domain = [["move_id", "=", move_id], *([["display_type", "=", kind]] if kind else [])]
        rows = self.ask("account.move.line", "search_read", domain=domain, order="id", load=None)
        return [r[field] for r in rows] if field else rows

    def due_line(self, move_id: int) -> int:
        """The receivable line of an invoice, or of a payment's entry."""
        receivable = self.ref("account.1_l10n_ca_112110")
        return int(
            self.ask(
                "account.move.line", "search", domain=[["move_id", "=", move_id], ["account_id", "=", receivable]]
            )[0]
        )

    def pay(self, *move_ids: int, **vals: Any) -> Any:
        """Register a payment with the wizard; its answer."""
        context = {"active_model": "account.move", "active_ids": list(move_ids)}
        wizard = {"journal_id": self.bank, "payment_date": "2026-10-07"} | vals
        ids = self.ask("account.payment.register", "create", vals_list=[wizard], context=context)
        return self.ask("account.payment.register", "action_create_payments", ids=ids)
