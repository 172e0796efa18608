"""Customers, by `load` under `nexabooks.partner_…`: a second load of the same customer is an update, never a double."""

from __future__ import annotations

from nexabooks.clients.odoo import text_of
from nexabooks.ledger.actions import Action
from nexabooks.ledger.batches import drive
from nexabooks.ledger.desired import Partner
from nexabooks.ledger.journal import Outcome
from nexabooks.ledger.keys import partner_key
from nexabooks.ledger.present import read_partners
from nexabooks.ledger.run import Run

FIELDS = (
    "id",
    "name",
    "is_company",
    "email",
    "street",
    "city",
    "zip",
    "state_id/.id",
    "country_id/.id",
    "vat",
    "x_fc_customer_id",
    "x_fc_stripe_customer_id",
    "x_fc_content_hash",
)
NO_RIGHT = (
    "The posting user may not create or change customers: give it the right Contact / Creation in Odoo, then run again."
)


def write_partners(run: Run) -> dict[str, int]:
    """Create and update the plan's customers. Returns the Odoo id of every customer that Odoo now has."""
    actions = {a.customer_id: a for a in run.plan.of("partner_create", "partner_update")}
    known = {customer_id: held.partner_id for customer_id, held in run.plan.present.partners.items()}
    if not actions:
        return known
    partners = [run.plan.desired.partners[customer_id] for customer_id in actions]
    places = _Places(run, partners)

    def send(batch: list[Partner]) -> None:
        run.intend(actions[p.customer_id] for p in batch)
        run.client.load("res.partner", FIELDS, [_row(p, places) for p in batch])

    def still_to_do(batch: list[Partner]) -> list[Partner]:
        held = read_partners(run.client, [p.customer_id for p in batch])
        return [p for p in batch if p.customer_id not in held or held[p.customer_id].content_hash != p.content_hash]

    driven = drive(partners, send, still_to_do)
    held = read_partners(run.client, list(actions))
    written: list[tuple[Outcome, list[Partner]]] = [("done", driven.done), ("already", driven.already)]
    for outcome, settled in written:
        for partner in settled:
            if partner.customer_id in held:
                known[partner.customer_id] = held[partner.customer_id].partner_id
                _settle(run, actions[partner.customer_id], outcome, places.says(partner), known[partner.customer_id])
            else:
                _settle(run, actions[partner.customer_id], "unclear", "it was written, and Odoo does not show it", None)
    for partner, said in driven.refused:
        words = f"{NO_RIGHT} ({said})" if "not allowed" in said else said
        _settle(run, actions[partner.customer_id], "refused", words, known.get(partner.customer_id))
    for partner, said in driven.unclear:
        _settle(run, actions[partner.customer_id], "unclear", said, known.get(partner.customer_id))
    run.end_batch("customers", len(partners), len(partners))
    return known


def _settle(run: Run, action: Action, outcome: Outcome, says: str, partner_id: int | None) -> None:
    run.settle(action, outcome, says, odoo_model="res.partner", odoo_id=partner_id)


def _row(partner: Partner, places: _Places) -> list[str]:
    country_id, state_id = places.of(partner)
    return [
        partner_key(partner.customer_id),
        partner.name,
        "1" if partner.is_company else "0",
        partner.email,
        partner.street,
        partner.city,
        partner.postal_code,
        str(state_id or ""),
        str(country_id or ""),
        partner.tax_id,
        partner.customer_id,
        partner.stripe_customer_id,
        partner.content_hash,
    ]


class _Places:
    """Odoo's countries and provinces for some customers. A province that Odoo does not know is left empty, and said."""

    def __init__(self, run: Run, partners: list[Partner]) -> None:
        codes = sorted({p.country_code.upper() for p in partners if p.country_code})
        countries = run.client.search_read("res.country", [["code", "in", codes]], ["id", "code"]) if codes else []
        self._countries = {text_of(c["code"]): int(c["id"]) for c in countries}
        self._states: dict[tuple[int, str], int] = {}
        wanted = sorted({self._countries.get(p.country_code.upper(), 0) for p in partners if p.state_name} - {0})
        if wanted:
            domain = [["country_id", "in", wanted]]
            for state in run.client.search_read("res.country.state", domain, ["id", "name", "code", "country_id"]):
                for word in (state["name"], state["code"]):
                    self._states[state["country_id"][0], text_of(word).casefold()] = int(state["id"])

    def of(self, partner: Partner) -> tuple[int | None, int | None]:
        """(country id, state id), None where there is none."""
        country_id = self._countries.get(partner.country_code.upper())
        state_id = self._states.get((country_id, partner.state_name.strip().casefold())) if country_id else None
        return country_id, state_id

    def says(self, partner: Partner) -> str:
        country_id, state_id = self.of(partner)
        unknown = [f"country {partner.country_code!r}"] if partner.country_code and not country_id else []
        unknown += [f"province {partner.state_name!r}"] if partner.state_name and not state_id else []
        return f"{partner.name}; left empty, not known to Odoo: {', '.join(unknown)}" if unknown else partner.name
