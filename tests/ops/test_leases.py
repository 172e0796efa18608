"""One holder at a time; a dead one is in nobody's way for longer than its lease."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from nexabooks.errors import TransientError
from nexabooks.ops import open_ops

TAKE_AND_SAY = """
import sys, time
from nexabooks.ops import open_ops
with open_ops(sys.argv[1]) as store, store.lease("writer", holder="the first", ttl_s=float(sys.argv[2])):
    print("taken", flush=True)
    time.sleep(60)
"""


def start_holder(url: str, ttl_s: float) -> subprocess.Popen:
    """Another process that holds the lease and renews it until it is killed."""
    process = subprocess.Popen([sys.executable, "-c", TAKE_AND_SAY, url, str(ttl_s)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"taken\n"
    return process


def test_a_second_taker_is_refused_with_the_holders_name(store):
    """The refusal says who holds it and until when, and that trying again may help."""
    with store.lease("writer", holder="daily_close of 31 May"):
        with pytest.raises(TransientError, match=r"refresh could not take .* daily_close of 31 May holds it until 20"):
            store.lease("writer", holder="refresh").__enter__()
        with store.lease("another name", holder="refresh"):
            assert [row.name for row in store.leases()] == ["another name", "writer"]
    assert store.leases() == []


def test_of_many_who_ask_at_once_exactly_one_gets_it(ops_url):
    """Sixteen threads with connections of their own; the winner keeps it until all have asked."""
    all_asked = threading.Barrier(16)
    with open_ops(ops_url) as store:

        def ask(number: int) -> bool:
            all_asked.wait()
            try:
                with store.lease("writer", holder=f"taker {number}"):
                    all_asked.wait()
                    return True
            except TransientError:
                all_asked.wait()
                return False

        with ThreadPoolExecutor(16) as pool:
            assert sum(pool.map(ask, range(16))) == 1


def test_a_killed_holder_is_taken_over_when_its_lease_runs_out(ops_url):
    """kill -9 gives nothing back; the next one waits for the rest of the lease and no longer, and nobody cleans up."""
    with open_ops(ops_url) as store:
        holder = start_holder(ops_url, ttl_s=4)  # long enough that a busy machine still finds it held
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
        with pytest.raises(TransientError):
            store.lease("writer", holder="the second").__enter__()
        with store.lease("writer", holder="the second", wait_s=30):
            assert [row.holder for row in store.leases()] == ["the second"]


def test_a_living_holder_keeps_its_lease_beyond_its_length(ops_url):
    """Work may take longer than the lease: it is renewed in the background."""
    with open_ops(ops_url) as store, store.lease("writer", holder="the first", ttl_s=2):
        time.sleep(2.5)
        with pytest.raises(TransientError):
            store.lease("writer", holder="the second").__enter__()


def test_who_slept_through_his_lease_learns_that_it_is_lost(ops_url):
    """A stopped process (a suspended machine) that wakes up after another took over must not go on, and frees nothing."""
    with open_ops(ops_url) as store:
        holder = start_holder(ops_url, ttl_s=0.5)
        os.kill(holder.pid, signal.SIGSTOP)
        with store.lease("writer", holder="the second", wait_s=10) as second:
            os.kill(holder.pid, signal.SIGCONT)
            time.sleep(0.5)
            second.check()
            assert [row.holder for row in store.leases()] == ["the second"]
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_check_raises_once_another_holds_the_lease(store):
    """The holder's own check is the last word before an act that must not happen twice."""
    with store.lease("writer", holder="the first", ttl_s=0.01) as first:
        first_token, first._token = first._token, "not ours any more"
        with pytest.raises(TransientError, match="no longer holds the lease writer"):
            first.check()
        first._token = first_token


def test_a_lease_goes_by_the_stores_clock_not_by_the_pretend_present(store):
    """In a replayed story the clock stands still; a lease must run out all the same."""
    with store.lease("writer", holder="the first", ttl_s=5):
        (row,) = store.leases()
        assert 4 < (row.expires_at - row.acquired_at).total_seconds() <= 5.1
        assert abs(row.acquired_at.timestamp() - time.time()) < 5
