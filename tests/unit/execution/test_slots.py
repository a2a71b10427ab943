from __future__ import annotations

import pytest

from benchmark.core.errors import UsageError
from benchmark.execution.slots import Slot, slots


def test_cpu_slots_are_jobs() -> None:
    assert slots("cpu", 3) == [Slot(index, "cpu", "cpu") for index in range(3)]


def test_one_worker_per_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert slots("cuda:0,2", 8) == [Slot(0, "cuda:0", "cuda:0"), Slot(1, "cuda:2", "cuda:0")]
    assert slots("cuda", 8) == [Slot(0, "cuda:0", "cuda:0")]
    assert slots("mps", 8) == [Slot(0, "mps", "mps")]


def test_indices_count_what_is_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,GPU-abc")
    assert [slot.device for slot in slots("cuda:1,0", 1)] == ["cuda:GPU-abc", "cuda:4"]
    with pytest.raises(UsageError, match="no device cuda:2\nCUDA_VISIBLE_DEVICES='4,GPU-abc'"):
        slots("cuda:2", 1)


@pytest.mark.parametrize("device", ["tpu", "cpu:1", "cuda:x", ""])
def test_unknown_device(device: str) -> None:
    with pytest.raises(UsageError, match="unknown device"):
        slots(device, 1)


def test_no_jobs() -> None:
    with pytest.raises(UsageError, match="cannot work with 0 jobs"):
        slots("cpu", 0)
