"""Promises about the data, checked: expectation files run as Great Expectations checkpoints, identities run as SQL.

Results are values; the warehouse keeps them as rows and a static site shows them (docs/contracts/quality.md).
"""

from nexabooks.quality.checks import run_checks
from nexabooks.quality.identities import run_identities
from nexabooks.quality.results import CheckReport, CheckResult, ParkedInvoice, in_a_sentence

__all__ = ["CheckReport", "CheckResult", "ParkedInvoice", "in_a_sentence", "run_checks", "run_identities"]
