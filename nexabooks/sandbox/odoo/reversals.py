"""The wizard that makes credit notes out of invoices (facts: "Credit notes")."""

from __future__ import annotations

from typing import Any

from nexabooks.sandbox.odoo import posting
from nexabooks.sandbox.odoo.fields import Field
from nexabooks.sandbox.odoo.model import Model, one, remote
from nexabooks.sandbox.odoo.refusals import UserError, ValidationError
from nexabooks.sandbox.odoo.store import Row

TURNED = {
    "out_invoice": "out_refund", "out_refund": "out_invoice", "in_invoice": "in_refund", "in_refund": "in_invoice",
    "entry": "entry", "out_receipt": "out_refund", "in_receipt": "in_refund",
}  # fmt: skip
COPIED_OF_LINES = ("name", "sequence", "account_id", "quantity", "price_unit", "discount", "tax_ids", "display_type")


class MoveReversal(Model):
    name, label = "account.move.reversal", "Account Move Reversal"
    own_fields = (
        Field("move_ids", "many2many", comodel="account.move"),
        Field("new_move_ids", "many2many", comodel="account.move"),
        Field("date", "date", default=lambda env: env.today.isoformat()),
        Field("reason", "char"),
        Field("journal_id", "many2one", comodel="account.journal"),
    )

    def display_name(self, id: int) -> str:
        return f"{self.name},{id}"

    def insert(self, given: Row) -> int:
        env = self.env
        if not given.get("move_ids"):
            given["move_ids"] = (
                tuple(env.context.get("active_ids") or ()) if env.context.get("active_model") == "account.move" else ()
            )
        moves = [env.row("account.move", i) for i in env["account.move"].must_exist(given["move_ids"])]
        if any(m["state"] != "posted" for m in moves):
            raise UserError("To reverse a journal entry, it has to be posted first.")
        if not given.get("journal_id"):
            raise ValidationError(
                "The operation cannot be completed: Missing required value for the field 'Journal' (journal_id).\n"
                "Model: 'Account Move Reversal' (account.move.reversal)"
            )
        return super().insert(given)

    @remote("one")
    def refund_moves(self, ids: list[int]) -> Row:
        """Drafts that take the documents back; nothing is matched until they are posted. Plain journal entries are
        posted and matched at once. A second call makes a second set."""
        made = self._reverse(one(ids, self.name))
        posting.post(self.env, [i for i in made if self.env.row("account.move", i)["move_type"] == "entry"])
        return self._answer(made)

    reverse_moves = refund_moves

    @remote("one")
    def modify_moves(self, ids: list[int]) -> Row:
        """Credit notes, posted and matched, and beside each a new draft of the document."""
        wizard = self.row(one(ids, self.name))
        made = self._reverse(wizard["id"])
        posting.post(self.env, made)
        return self._answer(
            [self._copied(self.env.row("account.move", i), {"date": wizard["date"]}) for i in wizard["move_ids"]]
        )

    def _answer(self, made: list[int]) -> Row:
        kind = self.env.row("account.move", made[0])["move_type"]
        answer = {"name": "Reverse Moves", "type": "ir.actions.act_window", "res_model": "account.move"}
        if len(made) == 1:
            return answer | {"view_mode": "form", "res_id": made[0], "context": {"default_move_type": kind}}
        return answer | {
            "view_mode": "list,form",
            "domain": [["id", "in", sorted(made)]],
            "context": {"default_move_type": kind},
        }

    def _reverse(self, wizard_id: int) -> list[int]:
        wizard = self.row(wizard_id)
        made = []
        # The newest document first: the ids of the credit notes need not follow those of the invoices.
        for id in sorted(wizard["move_ids"], reverse=True):
            move = self.env.row("account.move", id)
            ref = f"Reversal of: {move['name']}" + (f", {wizard['reason']}" if wizard["reason"] else "")
            changes = {
                "move_type": TURNED[move["move_type"]],
                "reversed_entry_id": id,
                "ref": ref,
                "date": wizard["date"],
            }
            made.append(
                self._copied(move, changes | ({"journal_id": wizard["journal_id"]} if wizard["journal_id"] else {}))
            )
        self.update(wizard_id, {"new_move_ids": tuple(made)})
        return made

    def take_back(self, move: Row, day: str) -> int:
        """A draft that takes a plain entry back on this day."""
        changes = {"move_type": "entry", "reversed_entry_id": move["id"], "ref": f"Reversal of: {move['name']}"}
        return self._copied(move, changes | {"date": day})

    def _copied(self, move: Row, changes: dict[str, Any]) -> int:
        """A draft with the copied fields of `move`; x_ fields with copied=False stay empty, and
        taxes are worked out again: a forced one is lost."""
        moves, lines = self.env["account.move"], self.env["account.move.line"]
        vals = {
            f.name: move[f.name]
            for f in moves.fields.values()
            if f.is_stored and f.is_copied and f.name in move and move[f.name] not in (False, ())
        }
        vals |= changes
        rows = [lines.row(i) for i in lines.table.having("move_id", move["id"])]
        if move["move_type"] == "entry":
            kept = ("name", "account_id", "partner_id", "currency_id")
            vals["line_ids"] = [
                [0, 0, {n: r[n] for n in kept} | {"balance": -r["balance"], "amount_currency": -r["amount_currency"]}]
                for r in rows
            ]
            return moves._create([vals])[0]
        shown = [r for r in rows if r["display_type"] in ("product", "line_section", "line_note")]
        extra = [f.name for f in lines.fields.values() if f.is_own and f.is_copied]
        vals["invoice_line_ids"] = [
            [
                0,
                0,
                {n: r[n] for n in (*COPIED_OF_LINES, *extra) if n in r and n != "tax_ids"}
                | {"tax_ids": [[6, 0, list(r["tax_ids"])]]},
            ]
            for r in shown
        ]
        vals |= {"invoice_date": changes["date"], "invoice_date_due": changes["date"]}  # at the rate of that day
        return moves._create([vals])[0]


MODELS = (MoveReversal,)
