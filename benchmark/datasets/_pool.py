"""Chunks of work over several processes, which end with the one that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.connection import wait as wait_for
from typing import TypeVar

from benchmark.core.errors import StoreError

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")

#: Chunks handed out per process: the next one is there when it has finished one.
_AHEAD = 2


def run_chunks(
    work: Callable[[Chunk], Result], chunks: Iterable[Chunk], jobs: int
) -> Iterator[Result]:
    """Yield ``work(chunk)`` of every chunk, in the order they are finished.

    Args:
        work: A function of a module.
        chunks: Are taken as they are needed.
        jobs: Processes; one does the work here.

    Raises:
        StoreError: A process was killed.
    """
    if jobs <= 1:
        yield from map(work, chunks)
        return
    todo = iter(chunks)
    # Started afresh, not forked: a fork would carry locks of this process's threads along.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_end_with_parent)
    try:
        pending: set[Future[Result]] = set()
        while True:
            for chunk in islice(todo, _AHEAD * jobs - len(pending)):
                pending.add(pool.submit(work, chunk))
            if not pending:
                return
            finished, pending = wait(pending, return_when=FIRST_COMPLETED)
            yield from (one.result() for one in finished)
    except BrokenProcessPool as error:
        raise StoreError(
            "a process that prepared data was killed, perhaps for want of memory; what it had "
            "finished is kept",
            "run the same command again, with fewer processes: -j 1",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """End when the parent ends, however it does; leave Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, name="end-with-parent", daemon=True).start()


def _watch() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)
