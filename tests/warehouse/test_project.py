from __future__ import annotations

import pytest

from nexabooks.errors import BuildFailed
from nexabooks.warehouse import Project, compile_sql
from nexabooks.warehouse.layers import MAY_READ
from tests.warehouse.projects import FILES, write_project


def test_every_node_comes_after_what_it_reads(tmp_path):
    """And knows its layer, its schema, its references."""
    project = Project.load(write_project(tmp_path))
    names = [node.name for node in project.nodes]
    assert all(names.index(name) < names.index(node.name) for node in project.nodes for name in node.depends_on)
    revenue = project.node("fct_revenue")
    assert (revenue.layer, revenue.schema, revenue.materialized) == ("marts", "marts", "table")
    assert revenue.depends_on == ("stg_stripe__invoices", "currency_units")
    assert revenue.unique_id == "model.shop.fct_revenue"
    assert project.node("stg_stripe__invoices").sources == ("stripe.invoices",)


def test_sql_is_compiled_with_macros_that_call_macros(tmp_path):
    """A macro sees the macros of other files, and `return` gives its value as it is."""
    project = Project.load(write_project(tmp_path))
    assert "at time zone 'America/Toronto' as date)" in compile_sql(project, "stg_stripe__invoices")
    other = compile_sql(project, "stg_stripe__invoices", variables={"company_time_zone": "Europe/Berlin"})
    assert "at time zone 'Europe/Berlin'" in other
    assert 'from "marts"."fct_revenue"' in compile_sql(project, "out_odoo__revenue")


@pytest.mark.parametrize(
    ("select", "names"),
    [
        (["fct_revenue"], {"fct_revenue"}),
        (["+fct_revenue"], {"fct_revenue", "stg_stripe__invoices", "currency_units"}),
        (["stg_stripe__invoices+"], {"stg_stripe__invoices", "fct_revenue", "out_odoo__revenue"}),
    ],
)
def test_a_part_of_the_project_is_selected_by_name(tmp_path, select, names):
    """`+` before a name is all it reads, after it all that reads it."""
    project = Project.load(write_project(tmp_path))
    assert {node.name for node in project.selected(select)} == names


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param(
            {"models/marts/x.sql": "from {{ ref('nowhere') }}"}, r"x .*ref\('nowhere'\)", id="an unknown model"
        ),
        pytest.param(
            {"models/staging/x.sql": "from {{ source('stripe', 'nil') }}"}, r"x .*'nil'", id="an unknown source"
        ),
        pytest.param({"models/marts/x.sql": "select {{ var('nil') }}"}, "x .*'nil'", id="an unknown variable"),
        pytest.param({"models/marts/x.sql": "select {{ nil }}"}, "x .*'nil'", id="an unknown name"),
        pytest.param({"models/marts/x.sql": "{% if %}"}, "x cannot be rendered", id="a broken template"),
        pytest.param({"macros/x.sql": "{% macro y( %}"}, r"x\.sql", id="a broken macro"),
        pytest.param({"models/marts/stg_stripe__invoices.sql": "select 1"}, "Two files", id="a name twice"),
        pytest.param(
            {"models/marts/x.sql": "from {{ ref('y') }}", "models/marts/y.sql": "from {{ ref('x') }}"},
            "ring: ",
            id="a ring",
        ),
        pytest.param({"models/marts/x.yml": "models: [{name: nil}]"}, "describes nil", id="described and not there"),
        pytest.param(
            {"models/marts/x.yml": "models: [{description: y}]"}, r"x\.yml.*'name'", id="described without a name"
        ),
        pytest.param({"models/marts/x.yml": "a: [b"}, r"x\.yml is not YAML", id="broken YAML"),
        pytest.param(
            {"models/marts/x.sql": "{{ config(materialized='incremental') }} select 1"},
            "incremental",
            id="not built here",
        ),
        pytest.param({"dbt_project.yml": None}, r"dbt_project\.yml", id="no project"),
    ],
)
def test_a_project_that_cannot_be_read_names_the_file_or_the_model(tmp_path, changes, sentence):
    """One sentence, not a stack of the template engine."""
    with pytest.raises(BuildFailed, match=sentence):
        Project.load(write_project(tmp_path, **changes))


READS = {
    "source": "{{ source('stripe', 'invoices') }}",
    "staging": "{{ ref('stg_stripe__invoices') }}",
    "intermediate": "{{ ref('int_x') }}",
    "marts": "{{ ref('fct_revenue') }}",
    "outbound": "{{ ref('out_odoo__revenue') }}",
    "finance": "{{ ref('fin_x') }}",
    "seeds": "{{ ref('currency_units') }}",
}
FOLDERS = {layer: f"models/{layer}" for layer in MAY_READ if layer != "seeds"} | {"finance": "models/marts/finance"}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("layer", FOLDERS)
def test_a_layer_reads_only_what_lies_upstream(tmp_path, layer, read):
    """The offender is named with what it reads."""
    changes = {
        "models/intermediate/int_x.sql": f"select * from {READS['staging']}",
        "models/marts/finance/fin_x.sql": f"select * from {READS['marts']}",
        f"{FOLDERS[layer]}/offender.sql": f"select * from {READS[read]}",
    }
    folder = write_project(tmp_path, **changes)
    if read in MAY_READ[layer]:
        assert Project.load(folder).node("offender").layer == layer
    else:
        with pytest.raises(BuildFailed, match=rf"offender \({layer}\) reads .* \({read}\)"):
            Project.load(folder)


def test_a_model_outside_of_every_layer_is_refused(tmp_path):
    """Where a model lies says what it may read."""
    with pytest.raises(BuildFailed, match="lost lies in no layer"):
        Project.load(write_project(tmp_path, **{"models/lost.sql": "select 1 as x"}))


def test_the_files_of_the_example_are_a_project(tmp_path):
    """So that the tests above fail for what they change and for nothing else."""
    assert len(Project.load(write_project(tmp_path)).nodes) == sum(
        name.endswith(".csv") or ("models/" in name and name.endswith(".sql")) for name in FILES
    )
