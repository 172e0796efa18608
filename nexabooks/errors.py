"""The error tree. Each error is one sentence for the person who must act.

    NexabooksError                    says what was tried, on which record, whether another attempt may help
    |-- TransientError                another attempt may succeed; clients make some, tasks none
    |   |-- RateLimited                 the service asked us to wait (retry_after_s)
    |   `-- Unreachable                 no answer, a cut connection, HTTP 5xx
    |-- UnclearOutcome                a write got no answer: look at the other side before acting again
    `-- PermanentError                a person must act
        |-- SettingsError               a setting is missing or wrong (all of them named at once)
        |-- AccessRefused               a key is wrong, expired, or lacks a right
        |-- SourceContractBroken        a source sent what its contract excludes (a turned type, a missing table)
        |-- LoadRefused                 a load came back thin or incomplete; the old rows stand
        |-- BuildFailed                 a SQL model or test failed; its compiled SQL is named
        |-- QualityFailed               an error-severity expectation does not hold; nothing is published or posted
        `-- LedgerRefused               Odoo refused a record; the record and Odoo's own words are named

EXIT_CODES says what a scheduler reads; 75 is what sysexits.h calls a temporary failure, 128 and a signal's number is a shell's.
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_PERSON = 1
EXIT_USAGE = 2
EXIT_TRY_LATER = 75
EXIT_CODES = (
    "Exit codes: 0 done; 1 a person must act, the books are unharmed; 2 a setting or the command is wrong; 75 trying again "
    "later may do more; 130 or 143, of `run`, stopped by Ctrl-C or SIGTERM with nothing half-written."
)


class NexabooksError(Exception):
    """What every error here shares: a sentence, and whether another attempt may help."""

    may_retry = False
    exit_code = EXIT_PERSON

    def __init__(self, sentence: str, *, source: str = "", record: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.source = source
        self.record = record

    def __str__(self) -> str:
        return self.sentence


class TransientError(NexabooksError):
    """Another attempt may succeed."""

    may_retry = True
    exit_code = EXIT_TRY_LATER


class RateLimited(TransientError):
    """The service asked us to slow down; `retry_after_s` is its own wish, or None."""

    def __init__(
        self, sentence: str, *, retry_after_s: float | None = None, source: str = "", record: str = ""
    ) -> None:
        super().__init__(sentence, source=source, record=record)
        self.retry_after_s = retry_after_s


class Unreachable(TransientError):
    """No answer, a cut connection, or the service's own failure."""


class UnclearOutcome(NexabooksError):
    """A write was sent and no answer came: it may or may not have happened. Read the state back first."""

    exit_code = EXIT_TRY_LATER


class PermanentError(NexabooksError):
    """Another attempt will end the same way; a person must act."""


class SettingsError(PermanentError):
    """A setting is missing or wrong. Names every one of them at once."""

    exit_code = EXIT_USAGE


class AccessRefused(PermanentError):
    """A key is wrong, expired, or lacks a right."""


class SourceContractBroken(PermanentError):
    """A source sent what its contract excludes: a missing table, a turned type, an unknown shape."""


class LoadRefused(PermanentError):
    """A load came back thin or incomplete. Nothing was replaced; the old rows stand."""


class BuildFailed(PermanentError):
    """A SQL model or its contract failed; `record` is the model, `compiled_sql` what was run."""

    def __init__(self, sentence: str, *, record: str = "", compiled_sql: str = "") -> None:
        super().__init__(sentence, source="sql", record=record)
        self.compiled_sql = compiled_sql


class QualityFailed(PermanentError):
    """An error-severity expectation does not hold: nothing is published and nothing is posted."""


class LedgerRefused(PermanentError):
    """Odoo refused a record."""
