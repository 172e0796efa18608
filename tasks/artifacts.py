"""What the Prefect UI shows beside a run: a summary table, the open breaks, links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from nexabooks.money import format_minor
from tasks.step import in_prefect

if TYPE_CHECKING:
    from tasks.report import CloseReport

# What a person wants to know first; the key, which is long, last.
BREAK_COLUMNS = ("class", "invoice", "says", "first_seen_on", "age_days", "break_key")


def keep_artifacts(report: CloseReport) -> None:
    """Three artifacts for this run, when it runs under Prefect; nothing otherwise."""
    if not in_prefect():
        return
    create_table_artifact(
        key="ledger-summary",
        table=[readable(row) for row in report.blocks["ledger"]],
        description=f"{report.flow} {report.day}: what the ledger holds beside what the sources say. Mode: {report.mode}.",
    )
    create_table_artifact(
        key="open-breaks",
        table=[readable({name: row[name] for name in BREAK_COLUMNS}) for row in report.blocks["breaks"]]
        or [{"breaks": "none open"}],
        description="Differences that wait for a person; `nexabooks resolve BREAK_KEY` writes down what was decided.",
    )
    unread = "".join(f"\n- not read: {sentence}" for sentence in report.unread)
    unsettled = "".join(f"\n- not settled: {sentence}" for sentence in report.unsettled)
    read = "".join(
        f"\n| {row['source']} | {row['read_count']:,} | {row['changed_count']:,} |" for row in report.blocks["sources"]
    )
    done = ", ".join(f"{step['action']} {step['outcome']} {step['count']:,}" for step in report.steps) or "nothing"
    relisted = "".join(f"\n- {row['says']}" for row in report.blocks["relisted"])
    waiting = "".join(f"\n- waits for a person: {sentence}" for sentence in report.waiting)
    links = "".join(f"\n- {name}: `{path}`" for name, path in report.paths.items())
    create_markdown_artifact(
        key="run-summary",
        markdown=f"# {report.flow} {report.day}\n\nRun `{report.run_id}`, mode `{report.mode}`.\n{unread}{unsettled}{relisted}{waiting}\n\n"
        f"| read | records | new or changed |\n|---|---:|---:|{read}\n\nIn Odoo: {done}.\n{links}\n",
        description="What was read and done, what could not be read, what a relist found, which plans wait for an approval, and where the "
        "results lie.",
    )


def readable(row: dict[str, Any]) -> dict[str, Any]:
    """A row for people: amounts in minor units become amounts with their currency, the unit leaves the name."""
    currency = row.get("currency_code") or ""
    return {
        name.removesuffix("_minor"): format_minor(int(value), currency)
        if name.endswith("_minor") and value is not None and currency
        else ("" if value is None else str(value))
        for name, value in row.items()
        if name != "currency_code"
    }
