"""Build the dbt project in `sql/` in the warehouse, each model a step of its own."""

from __future__ import annotations

from nexabooks.warehouse import ModelRun, Node, Project, Warehouse, build_model, open_warehouse, prepare_build
from tasks.run import Run
from tasks.step import step


@step("build the models")
def build_models(run: Run) -> list[ModelRun]:
    """Seeds and models in the order of their references. Raises BuildFailed naming the model and its compiled SQL."""
    project = Project.load(run.settings.sql_dir)
    with open_warehouse(run.settings.warehouse_path) as db:
        build = prepare_build(db, project, run_id=run.run_id, variables=variables(run))
        built = [build_one(build, node) for node in project.nodes]
    run.say(f"sql: {len(built)} models built in {sum(one.seconds for one in built):.2f} s.")
    return built
