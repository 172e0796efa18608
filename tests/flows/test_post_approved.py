"""`post_approved` without a hash: it shows a plan, suspends with a form, and goes on when a person has answered."""

from __future__ import annotations

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow
from prefect.flow_runs import resume_flow_run

from flows.post_approved import post_approved
from flows.refresh import refresh
from nexabooks.errors import PermanentError
from nexabooks.ops import open_ops
from nexabooks.settings import load_settings


@pytest.fixture(scope="module")
def refreshed(box):
    """The warehouse is built, Odoo is empty."""
    refresh.fn()
    return box


def started():
    """The flow as its deployment starts it; only such a run can wait. (id, the state in which it ended)."""
    with get_client(sync_client=True) as client:
        deployment_id = client.create_deployment(client.create_flow(post_approved), name="post-approved")
        flow_run = client.create_flow_run_from_deployment(deployment_id)
    try:
        return flow_run.id, run_flow(
            post_approved, flow_run=flow_run, parameters={"plan_hash": ""}, return_type="state"
        )
    except Pause as pause:  # the process ends here; a worker starts another one when the run is resumed
        return flow_run.id, pause.state


def asked():
    """A run of the flow that waits for its form; (id, the hash of the plan that it showed)."""
    flow_run_id, state = started()
    assert state.is_paused(), state
    settings = load_settings()
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        request = ops.request(str(flow_run_id))
    return flow_run_id, request.plan_hash


def answered(flow_run_id, **answer):
    """The same run after a person answered, as a worker takes it up again."""
    resume_flow_run(flow_run_id, run_input=answer)
    with get_client(sync_client=True) as client:
        flow_run = client.read_flow_run(flow_run_id)
    return run_flow(post_approved, flow_run=flow_run, parameters={"plan_hash": ""}, return_type="state")


def posted(box) -> int:
    return box.odoo.totals()["documents"].get("posted", 0)


def test_a_no_posts_nothing(refreshed):
    """The run fails with the person's own words."""
    flow_run_id, plan_hash = asked()
    state = answered(flow_run_id, plan_hash=plan_hash, approved_by="A. Accountant", note="NEX-2026-004 looks wrong")
    assert state.is_failed()
    assert "NEX-2026-004 looks wrong" in state.message
    assert posted(refreshed) == 0


def test_a_yes_posts_the_plan_that_was_shown(refreshed):
    """While it waits nothing is posted and no lease is held; the approval is written down with its name."""
    flow_run_id, plan_hash = asked()
    settings = load_settings()
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(exists_=True)))
    assert {"plan-steps", "plan-summary"} <= {artifact.key for artifact in found}
    assert posted(refreshed) == 0
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        assert ops.leases() == []
        assert plan_hash in {request.plan_hash for request in ops.waiting_requests()}
    state = answered(flow_run_id, plan_hash=plan_hash, approved_by="A. Accountant", is_approved=True)
    assert state.is_completed(), state.message
    assert posted(refreshed) == 23
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        assert ops.approval_of(plan_hash).approved_by == "A. Accountant"
        assert ops.waiting_requests() == []


def test_with_nothing_to_approve_nobody_is_asked(refreshed):
    """The books are as the sources say: the run says so and ends."""
    _, state = started()
    assert state.is_failed()
    assert "nothing to approve" in state.message


def test_a_run_that_nobody_deployed_cannot_wait(refreshed):
    """It says what to do instead."""
    with pytest.raises(PermanentError, match="post-approved --plan HASH"):
        post_approved()
