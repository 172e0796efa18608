"""Build the dbt project in `sql/` in the warehouse, each model a step of its own."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from nexabooks.warehouse import Building, ModelRun, Node, Project, ensure_sources, open_warehouse
from tasks.run import Run
from tasks.step import step


@step("build the models")
def build_models(run: Run) -> list[ModelRun]:
    """Seeds and models in the order of their references. Raises BuildFailed naming the model and its compiled SQL."""
    run.say_detail("Building the models.")
    run.unpublished.set()
    project = project_of(run.run_id, run.settings.sql_dir)
    with open_warehouse(run.settings.warehouse_path) as db:
        ensure_sources(db, project)
        with Building(db, project, run_id=run.run_id, now=run.settings.now, variables=variables(run)) as building:
            built = [build_one(building, node) for node in project.nodes]
    run.say(f"sql: {len(built)} models built in {sum(one.seconds for one in built):.2f} s.")
    return built


@lru_cache(maxsize=1)
def project_of(_run_id: str, sql_dir: Path) -> Project:
    """The project as this run read it first: a close builds twice, and both times from the same SQL."""
    return Project.load(sql_dir)


@step("build {node.name}")
def build_one(building: Building, node: Node) -> ModelRun:
    """One seed or model."""
    return building.model(node)


def variables(run: Run) -> dict[str, Any]:
    """What the SQL may know of this run and this company; everything else it reads from tables."""
    return {
        "company_time_zone": run.settings.company_time_zone,
        "company_currency": run.settings.company_currency,
        "lago_app_url": run.settings.lago_app_url.rstrip("/"),
        "run_at": run.settings.now().isoformat(),
    }
