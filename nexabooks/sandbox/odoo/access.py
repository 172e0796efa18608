"""Who may do what, as facts/odoo.md "Keys and rights" describes it.

An internal user reads contacts and the company's lists; the billing user writes invoices, entries and payments; the
posting user may make customers too; the administrator may do everything. Odoo's groups are more; a right that no fact speaks of is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from nexabooks.sandbox.odoo.refusals import AccessError

USER, BILLING, CONTACTS, ADMIN = "Role / User", "Accounting/Invoicing", "Contact/Creation", "Role / Administrator"

OPEN = (
    "res.country",
    "res.country.state",
    "res.currency",
    "res.currency.rate",
    "res.company",
    "res.users",
    "res.users.apikeys",
    "res.partner",
    "account.account",
    "account.payment.method.line",
    "account.tax",
    "account.tax.group",
    "account.payment.term",
)
BOOKS = (
    "account.account",
    "account.journal",
    "account.payment.method.line",
    "account.tax",
    "account.tax.group",
    "account.payment.term",
)
ENTRIES = (
    "account.move",
    "account.move.line",
    "account.payment",
    "account.payment.register",
    "account.move.reversal",
    "account.partial.reconcile",
    "account.full.reconcile",
)
SHARED = ("ir.attachment", "mail.message", "mail.message.subtype")

# Which groups allow a change of a model, where it is neither the billing user's nor everybody's: the words of the refusal.
CHANGE_GROUPS = {
    "res.partner": CONTACTS,
    "account.account": "Accounting/Administrator",
    "account.journal": "Accounting/Administrator",
    "account.tax": "Accounting/Administrator",
    "account.tax.group": "Accounting/Administrator",
    "account.payment.method.line": "Accounting/Administrator",
    "ir.model": "Access Rights",
    "ir.model.fields": "Access Rights",
    "ir.model.data": "Access Rights",
    "res.company": "Access Rights",
    "res.users.log": ADMIN,
    "ir.actions.server": ADMIN,
}
VERBS = {"create": "create", "write": "modify", "unlink": "delete", "read": "access"}


@dataclass(frozen=True, slots=True)
class User:
    uid: int
    login: str
    name: str
    key: str
    groups: frozenset[str]

    @property
    def is_admin(self) -> bool:
        return ADMIN in self.groups

    def may(self, model: str, operation: str) -> bool:
        """Whether this user may `operation` (read, write, create, unlink) records of `model`."""
        if ADMIN in self.groups:
            return model != "ir.model.constraint"
        if operation == "read":
            return model in OPEN or model in SHARED or (BILLING in self.groups and model in (*BOOKS, *ENTRIES))
        may_enter = BILLING in self.groups and model in ENTRIES
        return model in SHARED or may_enter or (CONTACTS in self.groups and model == "res.partner")


ADMIN_USER = User(2, "admin", "Administrator", "admin-key-of-the-pretend-odoo", frozenset({USER, BILLING, ADMIN}))
BILLING_USER = User(6, "billing", "Billing", "billing-key-of-the-pretend-odoo", frozenset({USER, BILLING}))
PLAIN_USER = User(7, "plain", "Plain", "plain-key-of-the-pretend-odoo", frozenset({USER}))
# What an integration needs to post: the billing user's rights and those of making customers.
POSTING_USER = User(8, "posting", "Posting", "posting-key-of-the-pretend-odoo", frozenset({USER, BILLING, CONTACTS}))
USERS = (ADMIN_USER, BILLING_USER, PLAIN_USER, POSTING_USER)


def user_of(uid: int) -> User:
    """The user with this id, who is known to be there."""
    return next(u for u in USERS if u.uid == uid)


def check(user: User, model: str, label: str, operation: str) -> None:
    """Raises AccessError, with Odoo's words, when `user` lacks the right."""
    if user.may(model, operation):
        return
    verb = VERBS[operation]
    head = f"You are not allowed to {verb} '{label}' ({model}) records."
    group = CHANGE_GROUPS.get(model) or (BILLING if model in (*ENTRIES, *BOOKS) else "")
    if model == "ir.model.constraint" or not group:
        raise AccessError(
            f"{head}\n\nNo group currently allows this operation.\n\nContact your administrator to request access if necessary."
        )
    raise AccessError(
        f"{head}\n\nThis operation is allowed for the following groups:\n\t- {group}\n\nContact your administrator to request access if necessary."
    )
