"""Run names say the flow and the day, so that a list of runs reads like a diary."""

from __future__ import annotations

from prefect.runtime import flow_run


def run_name() -> str:
    """`daily_close 2026-06-02`; a backfill names its first and last day, post_approved the plan, or that it asks for one."""
    given = flow_run.parameters
    if "plan_hash" in given:
        return f"{flow_run.flow_name} {str(given['plan_hash'])[:12] or 'asks'}"
    if "first" in given:
        return f"{flow_run.flow_name} {given['first']} to {given['end']}"
    day = given.get("day") or f"{flow_run.scheduled_start_time:%Y-%m-%d}"
    return f"{flow_run.flow_name} {day}"
