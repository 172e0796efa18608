"""The customers, plans and subscriptions of the trap world. All invented."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from nexabooks.sandbox.making import month, stripe_id, uid, utc
from nexabooks.sandbox.world import CurrencyRate, Deployment, Plan, Subscription, UsageRecord, User


def _user(key: str, name: str, company: str, state: str, country: str = "CA", **more: Any) -> User:
    values: dict[str, Any] = {
        "billing_address": "1 Test Street",
        "billing_city": "Anytown",
        "billing_state": state,
        "billing_postal_code": "A1A 1A1",
        "billing_country": country,
        "stripe_customer_id": stripe_id("cus", f"traps:{key}"),
        "lago_customer_id": uid(f"traps:lago-customer:{key}"),
        "lago_external_id": uid(f"traps:user:{key}"),
        "created_at": utc("2025-12-01T10:00"),
    }
    return User(uid(f"traps:user:{key}"), f"{key}@traps.example", name, company, **(values | more))


PLAIN = _user("plain", "Nadia Plain", "Plain Goods Ltd", "ON")
QUEBECER = _user("quebecer", "Luc Béland", "Atelier Béland inc.", "QC")
ALBERTAN = _user("albertan", "Ray Stone", "Prairie Stone Co.", "AB")
TWICE = _user("twice", "Olga Double", "Double Sites Inc.", "ON")
AMERICAN = _user("american", "Dana Lake", "Lakeside LLC", "NY", "United States", billing_postal_code="14201")
GERMAN = _user("german", "Jörg Weiß", "Weiß & Söhne GmbH", "", "DE", billing_postal_code="10115")
EXEMPT = _user("exempt", "Chief Rowan", "Riverbend First Nation", "ON")
DOWNGRADER = _user("downgrader", "Kim Less", "Less Is More Inc.", "ON")
DELETED = _user(
    "deleted",
    "Gone Person",
    "Gone & Co.",
    "ON",
    stripe_is_deleted=True,
    lago_is_deleted=True,
    updated_at=utc("2026-05-15T09:00"),
)
# Pays too much, is credited, and uses it up; pays too little, and is asked for it later; pays in advance.
CREDITED = _user("credited", "Ana Surplus", "Surplus & Daughters Ltd", "ON")
DEBTOR = _user("debtor", "Ivo Small", "Small Change Inc.", "ON")
PREPAYER = _user("prepayer", "Petra Early", "Early Bird Ltd", "ON")
EMOJI = _user("emoji", "<i>Zoë</i> O'Hara", '<b>Brown &amp; Sons</b> 🍰 "Bakery"\t; DROP', "ON")
# One person in two services: known to NexaCloud and Stripe, and once more to Lago under the chat service's own id. The
# e-mail is the same but for its case.
HOSTED = _user("mira", "Mira Both", "", "ON", lago_customer_id="", lago_external_id="")
CHATTER = User(
    uid("traps:user:chat-77"),
    "Mira@Traps.example",
    "Mira Both",
    billing_country="CA",
    # Lago charges nobody who is no customer at Stripe, and makes one of its own for him.
    stripe_customer_id=stripe_id("cus", "traps:chat-77"),
    lago_customer_id=uid("traps:lago-customer:chat-77"),
    lago_external_id="chat-77",
    in_nexacloud=False,
    created_at=utc("2026-01-10T10:00"),
)
# A customer of another service of the group, who is at Stripe only.
OUTSIDER = _user(
    "outsider", "Sam Map", "Mapping Friends Inc.", "ON", in_nexacloud=False, lago_customer_id="", lago_external_id=""
)
USERS = (
    PLAIN,
    QUEBECER,
    ALBERTAN,
    TWICE,
    AMERICAN,
    GERMAN,
    EXEMPT,
    DOWNGRADER,
    DELETED,
    CREDITED,
    DEBTOR,
    PREPAYER,
    EMOJI,
    HOSTED,
    CHATTER,
    OUTSIDER,
)

PLANS = (
    Plan(
        uid("traps:plan:site"),
        uid("traps:product"),
        "WordPress Website Hosting - Managed",
        Decimal("50.00"),
        Decimal("500.00"),
        None,
        stripe_id("price", "traps:site"),
    ),
    Plan(
        uid("traps:plan:no-price"),
        uid("traps:product"),
        "Legacy plan",
        None,
        None,
        18_000,
        stripe_id("price", "traps:none"),
    ),
)


def sub(key: str) -> str:
    """The id of a subscription: "one", "two" (both of one customer), "no-price"."""
    return uid(f"traps:subscription:{key}")


_OWNERS = {"one": (TWICE, PLANS[0]), "two": (TWICE, PLANS[0]), "no-price": (PLAIN, PLANS[1])}
DEPLOYMENTS = tuple(
    Deployment(uid(f"traps:deployment:{key}"), user.id, plan.product_id, plan.id, f"site-{key}")
    for key, (user, plan) in _OWNERS.items()
)
SUBSCRIPTIONS = tuple(
    Subscription(
        sub(key),
        user.id,
        uid(f"traps:deployment:{key}"),
        plan.id,
        "active",
        "monthly",
        *month("2026-05"),
        stripe_id("sub", f"traps:{key}"),
    )
    for key, (user, plan) in _OWNERS.items()
)
USAGE = (UsageRecord(uid("traps:usage:1"), sub("no-price"), *month("2026-05"), Decimal("7.000000")),)
RATES = (CurrencyRate("usd", "USD", date(2026, 1, 1), Decimal("1.37")),)
