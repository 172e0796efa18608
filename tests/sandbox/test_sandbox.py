"""The whole pretend world starts, shows the next day, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg2
import pytest
import requests

from nexabooks.sandbox import story, traps
from nexabooks.sandbox.sandbox import Sandbox
from nexabooks.settings import secret

DAY_1, DAY_2, DAY_3 = story.days()


def stripe_invoices(sandbox: Sandbox) -> list[dict[str, object]]:
    settings = sandbox.settings()
    headers = {"Authorization": f"Bearer {secret(settings.stripe_api_key)}"}
    answer = requests.get(f"{settings.stripe_url}/v1/invoices", params={"limit": 100}, headers=headers, timeout=30)
    return answer.json()["data"]


def lago_status(sandbox: Sandbox) -> int:
    settings = sandbox.settings()
    headers = {"Authorization": f"Bearer {secret(settings.lago_api_key)}"}
    return requests.get(f"{settings.lago_url}/invoices", headers=headers, timeout=30).status_code


def test_every_service_answers_by_the_settings_it_gives(tmp_path: Path):
    """Addresses and keys of `settings` reach each of the five, and the clock stands at the world's now."""
    with Sandbox(DAY_1, tmp_path) as sandbox:
        settings = sandbox.settings()
        assert (settings.now(), settings.ledger_mode) == (DAY_1.now, "post")
        assert settings.source_names == ("nexacloud", "stripe", "lago", "vtiger")
        assert len(stripe_invoices(sandbox)) == 20
        assert lago_status(sandbox) == 200
        with psycopg2.connect(secret(settings.nexacloud_dsn).replace("+psycopg2", "")) as connection:
            assert not connection.closed
        connection.close()
        assert requests.get(f"{settings.odoo_url}/web/version", timeout=30).json()["version"] == "19.0"
        for name in ("stripe", "lago", "vtiger", "odoo"):
            assert sandbox.services[name].url.startswith(sandbox.address(name))
            assert sandbox.address(name).startswith("http://127.0.0.1:")


def test_the_next_day_is_shown_and_what_is_down_comes_back_on_its_port(tmp_path: Path):
    """Day 2 takes Lago away, day 3 brings it back where it was; the other services show the new world."""
    with Sandbox(DAY_1, tmp_path, services=("nexacloud", "stripe", "lago")) as sandbox:
        before = sandbox.address("lago")
        sandbox.show(DAY_2)
        assert not sandbox.lago.is_running
        with pytest.raises(requests.exceptions.ConnectionError):
            lago_status(sandbox)
        assert sum(i["status"] == "void" for i in stripe_invoices(sandbox)) == 2
        assert sandbox.settings().now() == DAY_2.now
        sandbox.show(DAY_3)
        assert (sandbox.address("lago"), lago_status(sandbox)) == (before, 200)


def test_leaving_by_an_error_stops_everything(tmp_path: Path):
    """The services are gone whatever the reason for leaving, Ctrl-C included."""
    sandbox = Sandbox(DAY_1, tmp_path, services=("nexacloud", "stripe"))
    with pytest.raises(KeyboardInterrupt), sandbox:
        server = psutil.Process(sandbox.nexacloud._server.get_pid())
        raise KeyboardInterrupt
    assert not any(service.is_running for service in sandbox.services.values())
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE


def test_a_start_that_fails_half_way_stops_what_had_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """No service is left behind by one that cannot start."""
    sandbox = Sandbox(DAY_1, tmp_path, services=("stripe", "lago"))

    def refuse(port: int = 0) -> None:
        raise OSError("no socket today")

    monkeypatch.setattr(sandbox.lago, "start", refuse)
    with pytest.raises(OSError, match="no socket"), sandbox:
        pass
    assert not sandbox.stripe.is_running


@pytest.mark.parametrize("interrupt", [os.kill, os.killpg], ids=["the process alone", "its group, as a terminal does"])
def test_ctrl_c_leaves_no_process(tmp_path: Path, interrupt):
    """A process that is interrupted while the world runs takes PostgreSQL with it."""
    code = (
        # A run of the tests in the background hands down that this signal is ignored.
        "import signal, sys, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nfrom pathlib import Path\nfrom nexabooks.sandbox import story\n"
        "from nexabooks.sandbox.sandbox import Sandbox\n"
        "with Sandbox(story.day_1(), Path(sys.argv[1]), services=('nexacloud', 'stripe')) as box:\n"
        "    print(box.nexacloud._server.get_pid(), flush=True)\n    time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env=os.environ,
    )
    assert child.stdout is not None
    server = psutil.Process(int(child.stdout.readline()))
    interrupt(child.pid, signal.SIGINT)
    child.wait(60)
    child.stdout.close()
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE


def test_faults_can_be_asked_of_every_service(tmp_path: Path):
    """Each HTTP service answers the next call with the fault and then goes on."""
    with Sandbox(DAY_1, tmp_path, services=("stripe", "lago", "vtiger", "odoo")) as sandbox:
        for name in sandbox.services:
            sandbox.services[name].faults.add(".", "502")
            codes = [requests.get(f"{sandbox.address(name)}/nothing", timeout=30).status_code for _ in range(2)]
            assert codes[0] == 502 != codes[1], name


def test_a_vtiger_with_time_logs_comes_with_their_mapping(tmp_path: Path):
    """The cloud transport has a time module, so the settings name a mapping file; the self-hosted one has none."""
    with Sandbox(DAY_1, tmp_path, services=("vtiger",), vtiger_transport="cloud") as sandbox:
        mapping = sandbox.settings().vtiger_timelog_mapping
        assert mapping is not None
        assert mapping.exists()
    with Sandbox(DAY_1, tmp_path, services=("vtiger",)) as sandbox:
        assert sandbox.settings().vtiger_timelog_mapping is None


def test_odoo_knows_the_worlds_currency_rates(tmp_path: Path):
    """The trap world has invoices in US dollars, and an accountant who entered the rate."""
    with Sandbox(traps.world(), tmp_path, services=("odoo",)) as sandbox:
        answer = requests.post(
            f"{sandbox.odoo.url}/json/2/res.currency.rate/search_read",
            json={"domain": [["currency_id.name", "=", "USD"]], "fields": ["name", "inverse_company_rate"]},
            headers={"Authorization": f"bearer {sandbox.odoo.admin_key}"},
            timeout=30,
        )
        (rate,) = answer.json()
        assert (rate["name"], round(rate["inverse_company_rate"], 6)) == ("2026-01-01", 1.37)
