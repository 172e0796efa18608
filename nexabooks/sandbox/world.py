"""The World: what really happened to a hosting group, as one value that every pretend service shows its own view of.

Money is whole minor units; moments are aware and in UTC; ids are what the real systems would give. A world never
contradicts itself unless a trap says so: the fields named `cloud_*` are what NexaCloud's synchronisation wrongly
stamped.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class User:
    """A NexaCloud user; also a Stripe customer when `stripe_customer_id` is set, a Lago one when `lago_customer_id`
    is."""

    id: str
    email: str
    full_name: str
    company: str = ""
    billing_email: str = ""
    billing_address: str = ""
    billing_city: str = ""
    billing_state: str = ""
    billing_postal_code: str = ""
    billing_country: str = ""  # an ISO code or a name, as people type it
    tax_id: str = ""
    stripe_customer_id: str = ""
    stripe_is_deleted: bool = False
    lago_customer_id: str = ""  # Lago's lago_id (a UUID)
    lago_external_id: str = ""
    lago_is_deleted: bool = False
    in_nexacloud: bool = True
    created_at: datetime | None = None
    updated_at: datetime | None = None  # the last change of his data, which Stripe tells as customer.updated
    former_email: str = ""  # the e-mail before `updated_at`, which documents of before keep

    def billing_email_at(self, moment: datetime | None) -> str:
        """The e-mail that a document of `moment` shows; None is a document that is still open to change."""
        if moment and self.former_email and self.updated_at and moment < self.updated_at:
            return self.former_email
        return self.billing_email or self.email


@dataclass(frozen=True, slots=True)
class Plan:
    id: str
    product_id: str
    name: str
    price_monthly: Decimal | None
    price_yearly: Decimal | None
    cpu_seconds_quota: int | None = None
    stripe_price_id: str = ""
    is_active: bool = True
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    id: str
    user_id: str
    product_id: str
    plan_id: str
    name: str
    status: str = "running"
    billing_cycle: str = "monthly"
    next_due_date: date | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    id: str
    user_id: str
    deployment_id: str | None
    plan_id: str
    status: str  # active, cancelled, past_due, trialing, paused
    billing_cycle: str  # monthly, yearly
    current_period_start: datetime
    current_period_end: datetime
    stripe_subscription_id: str = ""


@dataclass(frozen=True, slots=True)
class UsageRecord:
    id: str
    subscription_id: str
    period_start: datetime
    period_end: datetime
    cpu_hours: Decimal
    ram_gb_hours: Decimal = Decimal(0)
    disk_gb_hours: Decimal = Decimal(0)
    bandwidth_gb: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Addon:
    id: str
    name: str
    price_monthly: Decimal
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class DeploymentAddon:
    id: str
    deployment_id: str
    addon_id: str
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax on a line or an invoice. `code`: hst_13, gst_5, qst_9975, exempt, ..."""

    code: str
    rate: Decimal  # per cent
    amount_minor: int
    taxable_minor: int = 0
    is_inclusive: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an invoice, before tax. `amount_minor` is before discount, `discount_minor` what comes off it."""

    id: str
    description: str
    amount_minor: int
    quantity: Decimal = Decimal(1)
    period_start: datetime | None = None
    period_end: datetime | None = None
    taxes: tuple[Tax, ...] = ()
    discount_minor: int = 0
    is_proration: bool = False
    currency_code: str = ""  # "" = the invoice's


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back. With `failed_at` it is failed, and had succeeded until then; failed without it, it never did."""

    id: str
    created_at: datetime
    amount_minor: int
    status: str = "succeeded"
    failed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dispute:
    id: str
    created_at: datetime
    amount_minor: int
    status: str = "needs_response"
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """Money for one invoice. At Stripe `payment_id` is the pi_..., `charge_id` the ch_...; off-Stripe money has no
    charge. At Lago two invoices that have a payment of the same id were paid with it together, each with its part.

    `exchange_rate`: Stripe settled it in CAD, at so many CAD for one of the invoice's currency.

    `status` is succeeded or failed. A bank debit that came back after it had been counted is failed with
    `returned_at` set.
    """

    payment_id: str
    paid_at: datetime
    amount_minor: int
    charge_id: str = ""
    status: str = "succeeded"
    is_out_of_band: bool = False
    fee_minor: int = 0
    payout_id: str = ""
    returned_at: datetime | None = None
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    exchange_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """A payment as it stands at Stripe, under Stripe's ids. What it was for, Stripe knows only by the words of whoever asked
    for it: `description` and `metadata`."""

    user_id: str
    currency_code: str
    description: str
    payment: Payment
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreditNote:
    """A credit note, and how its total was made good. `refunded_minor` went back the way it came (at Stripe by the refund
    `refund_id` of the invoice's payment); Lago's `offset_minor` lowers what is due. The rest is credit of the customer at
    Lago, and at Stripe it is so only as far as `credited_minor`, beyond that it was given back outside Stripe."""

    id: str
    number: str
    created_at: datetime
    subtotal_minor: int
    tax_minor: int
    total_minor: int
    reason: str = ""
    status: str = "issued"
    voided_at: datetime | None = None  # Stripe's; a void note without it was void from the start
    is_pre_payment: bool = False
    refund_id: str = ""
    refund_status: str = "succeeded"  # Lago's; Stripe's refund has its own
    refunded_minor: int = 0
    credited_minor: int = 0
    offset_minor: int = 0
    consumed_minor: int = 0  # what later invoices of Lago used of it
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice as it truly is at its source (`source`: stripe or lago), and how NexaCloud shows it (`cloud_*`).

    `status` is in the source's own words: Stripe draft, open, paid, void, uncollectible; Lago draft, finalized, voided
    (with `lago_payment_status` pending, succeeded, failed). `subtotal_minor`, `tax_minor`, `total_minor` are explicit
    so that a trap can make them disagree with the lines. `subtotal_minor` is before `discount_minor`, as both sources
    count: total = subtotal - discount + tax that is not included in the prices.
    """

    source: str
    id: str  # in_... or Lago's UUID
    number: str
    status: str
    user_id: str
    currency_code: str
    created_at: datetime
    subtotal_minor: int
    tax_minor: int
    total_minor: int
    lines: tuple[Line, ...]
    taxes: tuple[Tax, ...] = ()
    discount_minor: int = 0
    issued_at: datetime | None = None  # Stripe's effective_at; its day is Lago's issuing_date
    finalized_at: datetime | None = None
    due_at: datetime | None = None
    paid_at: datetime | None = None
    voided_at: datetime | None = None
    uncollectible_at: datetime | None = None
    deleted_at: datetime | None = None
    payments: tuple[Payment, ...] = ()
    credit_notes: tuple[CreditNote, ...] = ()
    starting_balance_minor: int = 0
    # Stripe asks for nothing and adds the amount to what the customer owes.
    is_below_minimum: bool = False
    # What settled an invoice of Lago beside payments: credit notes of before, and a wallet's granted and purchased credit.
    lago_credit_notes_minor: int = 0
    lago_granted_minor: int = 0
    lago_purchased_minor: int = 0
    lago_tells_split: bool = (
        True  # False: an old wallet, of which Lago does not say what was granted and what purchased
    )
    lago_payment_status: str = "pending"
    lago_invoice_type: str = "subscription"
    subscription_id: str | None = None
    # NexaCloud's row; None id = the invoice is unknown to NexaCloud. `cloud_created_at` is the moment of the synchronisation
    # that made it: until then only the source has the invoice.
    cloud_id: str | None = None
    cloud_created_at: datetime | None = None
    cloud_status: str = "paid"
    cloud_paid_at: datetime | None = None
    is_deleted: bool = False  # a deleted draft: gone at the source, only its events remain


@dataclass(frozen=True, slots=True)
class Account:
    """A vTiger account (company)."""

    id: str  # the record number; the server adds the module's prefix
    accountname: str
    email: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    id: str
    firstname: str
    lastname: str
    email: str
    account_id: str = ""
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServiceContract:
    id: str
    contract_no: str
    subject: str
    account_id: str
    start_date: date
    due_date: date
    total_units: Decimal
    used_units: Decimal
    tracking_unit: str = "Hours"
    contract_status: str = "In Progress"
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A case (Cloud) or ticket (self-hosted HelpDesk)."""

    id: str
    case_no: str
    title: str
    account_id: str
    contract_id: str  # "" = linked to none
    status: str
    hours: Decimal
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Timelog:
    id: str
    case_id: str
    contract_id: str
    worked_on: date
    minutes: int
    is_billable: bool = True
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CurrencyRate:
    """A rate that the accountant entered in Odoo: `cad_per_unit` holds from `valid_from` on."""

    id: str
    currency_code: str
    valid_from: date
    cad_per_unit: Decimal


@dataclass(frozen=True, slots=True)
class World:
    """Everything, at one moment. `day` is 1 for the first day of the story. The services never change a world; a new
    day is a new value."""

    name: str
    now: datetime
    day: int = 1
    users: tuple[User, ...] = ()
    plans: tuple[Plan, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    usage_records: tuple[UsageRecord, ...] = ()
    addons: tuple[Addon, ...] = ()
    deployment_addons: tuple[DeploymentAddon, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    # What Stripe took beside the payments of invoices: asked for by hand, or by a program that nobody here knows.
    charges: tuple[Charge, ...] = ()
    # Lago charges through the Stripe account that is shown here; else through one of its own, which nobody here reads.
    lago_charges_here: bool = False
    accounts: tuple[Account, ...] = ()
    contacts: tuple[Contact, ...] = ()
    contracts: tuple[ServiceContract, ...] = ()
    cases: tuple[Case, ...] = ()
    timelogs: tuple[Timelog, ...] = ()
    currency_rates: tuple[CurrencyRate, ...] = ()
    down: frozenset[str] = frozenset()  # services that do not answer on this day: "lago", "stripe", ...

    def invoice(self, id: str) -> Invoice:
        return next(i for i in self.invoices if i.id == id)

    def user(self, id: str) -> User:
        return next(u for u in self.users if u.id == id)

    def with_invoice(self, id: str, **changes: Any) -> World:
        """The same world, with one invoice changed."""
        return replace(self, invoices=tuple(replace(i, **changes) if i.id == id else i for i in self.invoices))

    def with_user(self, id: str, **changes: Any) -> World:
        return replace(self, users=tuple(replace(u, **changes) if u.id == id else u for u in self.users))
