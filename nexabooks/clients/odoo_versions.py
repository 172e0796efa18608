"""What an older Odoo names otherwise than 19: the one place that knows, so that everything else speaks of Odoo 19.

A call goes through `as_older`, its answer through `as_newer`. What they change is the table below; two things are no field of
one model: a draft without a number was named "/" until 18, and until 17 the question whether a user may do something was
another method.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NEWEST = 19  # which is spoken of everywhere else
NO_NAME = "/"
TAKES_RATES = 19  # the first that converts an invoice by the rate it is sent; 18 shows the field and counts by its own
HAS_RATES = 18  # the first whose invoices bear a rate; before, Odoo's of the invoice date counts and no other


@dataclass(frozen=True, slots=True)
class Change:
    """A field of Odoo 19 that a server before `since` has otherwise: under the name `older`, or not at all when that is
    empty (then nothing stands in it). `words`: a value of 19 -> the older one; `later_of`: another day of the older
    server, which counts where it is the later one."""

    since: int
    model: str
    name: str
    older: str = ""
    words: Mapping[Any, Any] = field(default_factory=dict)
    later_of: str = ""

    @property
    def newer_words(self) -> Mapping[Any, Any]:
        """The words of the older server, each with what the newer one says for it."""
        return {older: newer for newer, older in self.words.items()}


CHANGES = (
    # An account was not archived, it was deprecated, and no search hid it.
    Change(19, "account.account", "active", "deprecated", {True: False, False: True}),
    # A payment was an entry (`_inherits`): its state was the entry's, and a value for a field that both models have was
    # written to both, so that its entry would have borne the name of the invoice that it pays.
    Change(18, "account.payment", "memo", "ref"),
    Change(18, "account.payment", "state", "state", {"paid": "posted", "canceled": "cancel"}),
    Change(18, "account.payment", "x_fc_source_system", "x_fc_payment_source_system"),
    Change(18, "account.payment", "x_fc_source_invoice_id", "x_fc_payment_source_invoice_id"),
    Change(18, "account.payment", "x_fc_revision", "x_fc_payment_revision"),
    # It showed no rate; TAKES_RATES says from when it takes one.
    Change(18, "account.move", "invoice_currency_rate"),
    # A second date held for all but advisers, which a posting user is not; sales had none of their own, and none was hard.
    Change(18, "res.company", "fiscalyear_lock_date", "fiscalyear_lock_date", later_of="period_lock_date"),
    Change(18, "res.company", "sale_lock_date"),
    Change(18, "res.company", "purchase_lock_date"),
    Change(18, "res.company", "hard_lock_date"),
    # A key never ended.
    Change(18, "res.users.apikeys", "expiration_date"),
)


def older_method(method: str, arguments: Mapping[str, Any], version: int) -> tuple[str, dict[str, Any]]:
    """A method and its arguments as an Odoo of `version` has them."""
    if method == "has_access" and version < 18:  # of the model: it took no records
        return "check_access_rights", {"operation": arguments["operation"], "raise_exception": False}
    return method, dict(arguments)


def older_name(model: str, name: str, version: int) -> str:
    """What an Odoo of `version` calls the field `name` of Odoo 19; '' when it has none."""
    change = _changes(model, version).get(name)
    return change.older if change else name


def as_older(model: str, arguments: Mapping[str, Any], version: int) -> dict[str, Any]:
    """The arguments of a call as an Odoo of `version` takes them. A condition on, or a value for, a field that it has not is
    left as it is, and Odoo refuses it: only what is read of it is known, that there is nothing."""
    changes, found = _changes(model, version), dict(arguments)
    if not changes:
        return found
    if "domain" in found:
        found["domain"] = [_leaf(leaf, changes) for leaf in found["domain"]]
    if "fields" in found and "data" in found:  # the columns of a load
        found["fields"] = [older_name(model, name, version) or name for name in found["fields"]]
    elif "fields" in found:
        found["fields"] = _names(found["fields"], changes)
    if "order" in found:
        found["order"] = _order(found["order"], changes)
    if "vals" in found:
        found["vals"] = _older_values(found["vals"], changes)
    if "vals_list" in found:
        found["vals_list"] = [_older_values(vals, changes) for vals in found["vals_list"]]
    return found


def as_newer(model: str, answer: Any, version: int) -> Any:
    """What an Odoo of `version` answered, records or the names of fields, as 19 would."""
    if version >= NEWEST:
        return answer
    changes = _changes(model, version)
    if (
        isinstance(answer, dict) and changes
    ):  # the fields of a model; one that has an older name is not the one of that name
        hidden = {change.name for change in changes.values() if change.older != change.name}
        names = {change.older: change.name for change in changes.values()}
        return {names.get(name, name): said for name, said in answer.items() if name in names or name not in hidden}
    if not isinstance(answer, list):
        return answer
    return [_newer_record(record, changes) if isinstance(record, dict) else record for record in answer]


def _changes(model: str, version: int) -> dict[str, Change]:
    """The fields of `model` that a server of `version` has otherwise, by the name of 19."""
    return {c.name: c for c in CHANGES if c.model == model and version < c.since}


def _names(fields: list[str], changes: Mapping[str, Change]) -> list[str]:
    asked = []
    for name in fields:
        change = changes.get(name)
        asked += [n for n in (change.older, change.later_of) if n] if change else [name]
    return asked


def _order(order: str, changes: Mapping[str, Change]) -> str:
    """An order without what cannot be told apart: a field that the server has not is empty in every record."""
    kept = []
    for part in order.split(","):
        name, *way = part.split()
        older = changes[name].older if name in changes else name
        kept += [" ".join([older, *way])] if older else []
    return ",".join(kept) or "id"


def _leaf(leaf: Any, changes: Mapping[str, Change]) -> Any:
    if not isinstance(leaf, list | tuple) or len(leaf) != 3 or leaf[0] not in changes or not changes[leaf[0]].older:
        return leaf
    name, operator, value = leaf
    words = changes[name].words
    older = [words.get(v, v) for v in value] if isinstance(value, list | tuple) else words.get(value, value)
    return [changes[name].older, operator, older]


def _older_values(values: Mapping[str, Any], changes: Mapping[str, Change]) -> dict[str, Any]:
    found = {}
    for name, value in values.items():
        change = changes.get(name)
        if change and change.older:
            found[change.older] = change.words.get(value, value)
        else:
            found[name] = value
    return found


def _newer_record(record: Mapping[str, Any], changes: Mapping[str, Change]) -> dict[str, Any]:
    """One record. A field that the older server has not reads as an empty one."""
    older = {c.older: c for c in changes.values() if c.older} | {c.later_of: c for c in changes.values() if c.later_of}
    found: dict[str, Any] = {c.name: False for c in changes.values() if not c.older}
    for name, value in record.items():
        change = older.get(name)
        if change is None:
            found[name] = False if name == "name" and value == NO_NAME else value
        elif change.later_of:
            found[change.name] = max(value or "", found.get(change.name) or "") or False
        else:
            found[change.name] = change.newer_words.get(value, value)
    return found
