"""The words on a reversal of ours: Odoo shows them in its reference, and a later look tells by them who made it, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nexabooks.clients.odoo import text_of

TAKES_BACK, CORRECTS = "nexabooks takes back", "nexabooks corrects it, run"


def undo_reason(run_id: str) -> str:
    """For the reversals of taking `run_id` back."""
    return f"{TAKES_BACK} {run_id}"


def correction_reason(run_id: str) -> str:
    """For the reversals of the corrections that `run_id` carries out."""
    return f"{CORRECTS} {run_id}"


def is_ours(reversal: Mapping[str, Any]) -> bool:
    """Whether an undo or a correction made it; what one that was cut off began, another one finishes."""
    return any(words in text_of(reversal["ref"]) for words in (TAKES_BACK, CORRECTS))


def corrected_by(reversal: Mapping[str, Any]) -> str:
    """The run that made it as the first half of a correction; '' for every other reversal. Odoo puts the reason last."""
    return text_of(reversal["ref"]).partition(f"{CORRECTS} ")[2]
