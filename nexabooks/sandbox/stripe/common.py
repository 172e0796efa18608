"""Words that every rendered Stripe object shares: seconds, currencies, related ids."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

API_VERSION = "2026-10-28.endive"
ACCOUNT = {"country": "CA", "name": "Hosting Group"}

# code -> (display name, per cent as Stripe sends it, a JSON float; state, tax type)
TAX_RATES: dict[str, tuple[str, float, str | None, str]] = {
    "hst_13": ("HST", 13.0, "ON", "hst"),
    "hst_15": ("HST", 15.0, "NS", "hst"),
    "gst_5": ("GST", 5.0, None, "gst"),
    "qst_9975": ("QST", 9.975, "QC", "qst"),
    "vat_19": ("VAT", 19.0, None, "vat"),
}


def seconds(moment: datetime | None) -> int | None:
    """A moment as Stripe counts it: whole Unix seconds."""
    return int(moment.timestamp()) if moment else None


def related(prefix: str, id: str) -> str:
    """The id of an object that belongs to another one, the same everywhere: related("txn", "ch_1") -> "txn_…"."""
    return f"{prefix}_{hashlib.sha256(f'{prefix}:{id}'.encode()).hexdigest()[:24]}"


def tax_rate_id(code: str, is_inclusive: bool) -> str:
    return related("txr", f"{code}:{is_inclusive}")


def list_object(data: list[Any], url: str, has_more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}
