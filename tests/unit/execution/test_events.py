from __future__ import annotations

import os

from benchmark.execution.events import Listener, Reporter


def test_events_arrive_whole_even_in_pieces() -> None:
    reading, writing = os.pipe()
    listener = Listener(reading)
    os.write(writing, b'{"event": "st')
    assert listener.read() == []
    os.write(writing, b'art", "fp": "a"}\nnonsense\n[1]\n{"event": "done"}\n')
    assert listener.read() == [{"event": "start", "fp": "a"}, {"event": "done"}]
    assert not listener.ended
    os.close(writing)
    assert listener.read() == []
    assert listener.ended
    listener.close()


def test_progress_is_thinned_out_and_ends_are_not() -> None:
    reading, writing = os.pipe()
    listener, reporter = Listener(reading), Reporter(writing, interval=60)
    for epoch in range(100):
        reporter.progress("a", {"epoch": epoch})
    reporter.ended("a", "error", "x" * 10_000)
    events = listener.read()
    assert [event["event"] for event in events] == ["progress", "end"]
    assert len(events[1]["message"]) == 2000
    os.close(writing)
    listener.close()


def test_nobody_listens() -> None:
    Reporter(None).send("ready")
    reading, writing = os.pipe()
    os.close(reading)
    reporter = Reporter(writing)
    reporter.send("ready")
    assert not reporter.supervised
    os.close(writing)
