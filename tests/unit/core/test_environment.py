"""Provenance and the environment of workers."""

from __future__ import annotations

import json

import pytest

from benchmark.core.environment import provenance, worker_environment


def test_provenance_is_plain_json() -> None:
    record = provenance()
    assert json.loads(json.dumps(record)) == record
    assert record["packages"]["torch"].startswith("2.")


def test_a_worker_gets_one_thread_and_one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "16")
    cpu = worker_environment("cpu")
    assert cpu["OMP_NUM_THREADS"] == cpu["MKL_NUM_THREADS"] == "1"
    assert cpu["CUDA_VISIBLE_DEVICES"] == ""
    assert worker_environment("cuda:3")["CUDA_VISIBLE_DEVICES"] == "3"
    assert worker_environment("cpu", threads=4)["OMP_NUM_THREADS"] == "4"
