"""Devices of workers."""

from __future__ import annotations

import pytest

from benchmark.core.errors import UsageError
from benchmark.execution import devices
from benchmark.execution.devices import choose_devices, has_accelerator


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_cuda_devices", lambda: ("cuda:0", "cuda:1"))


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_cuda_devices", lambda: ())
    monkeypatch.setattr(devices, "_has_mps", lambda: False)


@pytest.mark.usefixtures("no_gpu")
def test_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "usable_cores", lambda: 3)
    assert choose_devices("auto", None) == ("cpu",) * 3
    assert choose_devices("cpu", 2) == ("cpu", "cpu")
    assert not has_accelerator("auto")
    with pytest.raises(UsageError, match="no usable CUDA GPU here"):
        choose_devices("cuda", None)
    with pytest.raises(UsageError, match="'mps' is not available"):
        choose_devices("mps", None)


def test_mps_has_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_cuda_devices", lambda: ())
    monkeypatch.setattr(devices, "_has_mps", lambda: True)
    assert choose_devices("auto", 4) == ("mps",)


@pytest.mark.usefixtures("two_gpus")
def test_with_two_gpus() -> None:
    assert choose_devices("auto", None) == ("cuda:0", "cuda:1")
    assert choose_devices("cuda", 3) == ("cuda:0", "cuda:1", "cuda:0")
    assert choose_devices("cuda:1", None) == ("cuda:1",)
    assert choose_devices("cpu", 1) == ("cpu",)
    assert has_accelerator("auto")
    with pytest.raises(UsageError, match=r"'cuda:7' is not here\nknown: cuda:0, cuda:1"):
        choose_devices("cuda:7", None)


def test_nonsense_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown device 'gpu'"):
        choose_devices("gpu", None)
    with pytest.raises(UsageError, match="-j 0 leaves no worker"):
        choose_devices("cpu", 0)
