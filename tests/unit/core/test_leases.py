from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from benchmark.core import leases
from benchmark.core.errors import StoreError

NAME = "ab" * 16
TAKE_AND_DIE = (
    "import os,sys; from pathlib import Path; from benchmark.core.leases import acquire\n"
    "assert acquire(Path(sys.argv[1]), sys.argv[2]); os._exit(0)"
)


def leave_dead_lease(folder: Path) -> None:
    subprocess.run([sys.executable, "-c", TAKE_AND_DIE, str(folder), NAME], check=True)
    assert (folder / NAME).exists()


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    with leases.acquire(tmp_path, NAME) as lease:  # type: ignore[union-attr]
        assert lease.held
        assert leases.acquire(tmp_path, NAME) is None
    assert list(tmp_path.iterdir()) == []
    again = leases.acquire(tmp_path, NAME)
    assert again is not None
    again.release()


def test_dead_holder_is_taken_over(tmp_path: Path) -> None:
    leave_dead_lease(tmp_path)
    lease = leases.acquire(tmp_path, NAME)
    assert lease is not None
    lease.release()
    assert list(tmp_path.iterdir()) == []


def test_recycled_pid_is_dead(tmp_path: Path) -> None:
    holder = leases.Holder(os.uname().nodename, os.getpid(), 1.0, "x")
    assert holder.dead


def test_holder_on_another_host_is_stale_without_heartbeat_only(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text('{"host":"elsewhere","pid":1,"started":1.0,"token":"x"}')
    assert leases.acquire(tmp_path, NAME) is None
    old = time.time() - leases.STALE_AFTER - 1
    os.utime(path, (old, old))
    lease = leases.acquire(tmp_path, NAME)
    assert lease is not None
    lease.release()


def test_unreadable_lease_is_given_a_moment(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text("")
    assert leases.acquire(tmp_path, NAME) is None
    old = time.time() - leases.UNREADABLE_FOR - 1
    os.utime(path, (old, old))
    assert leases.acquire(tmp_path, NAME) is not None


def test_heartbeat_refreshes_and_stops_when_lost(tmp_path: Path) -> None:
    lease = leases.acquire(tmp_path, NAME, heartbeat=0.01)
    assert lease is not None
    path = tmp_path / NAME
    os.utime(path, (0, 0))
    deadline = time.monotonic() + 5
    while path.stat().st_mtime == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert path.stat().st_mtime > 0
    path.write_text('{"host":"elsewhere","pid":1,"started":1.0,"token":"x"}')
    assert not lease.held
    lease.release()
    assert path.exists(), "another holder's lease must not be deleted"


@pytest.mark.parametrize("attempt", range(5))
def test_many_takers_of_a_stale_lease_one_winner(tmp_path: Path, attempt: int) -> None:
    leave_dead_lease(tmp_path)
    barrier = threading.Barrier(8)
    won: list[leases.Lease] = []

    def take() -> None:
        barrier.wait()
        lease = leases.acquire(tmp_path, NAME)
        if lease is not None:
            won.append(lease)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A loser may notice the fresh lease only after moving it; it then puts it back.
    assert [lease.held for lease in won].count(True) == 1
    for lease in won:
        lease.release()


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "leases").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        leases.acquire(tmp_path / "leases", NAME)
