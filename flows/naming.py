"""Run names say the flow and the day, so that a list of runs reads like a diary."""

from __future__ import annotations

from prefect.runtime import flow_run

from nexabooks.errors import SettingsError
from nexabooks.settings import load_settings, wrong_settings
from nexabooks.windows import accounting_day


def run_name() -> str:
    """`daily_close 2026-06-02`; a backfill names its first and last day, post_approved the plan, or that it asks for one."""
    given = flow_run.parameters
    if "plan_hash" in given:
        return f"{flow_run.flow_name} {str(given['plan_hash'])[:12] or 'asks'}"
    if "first" in given:
        return f"{flow_run.flow_name} {given['first']} to {given['end']}"
    return f"{flow_run.flow_name} {given.get('day') or today()}"


def today() -> str:
    """The accounting day that the run will close, as the run itself cuts it; with settings that cannot be used, which the run
    is about to say, the day it was scheduled for."""
    try:
        settings = load_settings()
    except SettingsError:
        return f"{flow_run.scheduled_start_time:%Y-%m-%d}"
    zone = "UTC" if wrong_settings(settings, "") else settings.company_time_zone
    return str(accounting_day(settings.now(), zone))
