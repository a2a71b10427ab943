"""X-rays through a DenseNet-121 with drawn weights."""

from __future__ import annotations

import importlib.util
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.datasets.mimic import xray_vectors as module
from benchmark.datasets.mimic.xray_vectors import find_weights, xray_vectors

pytestmark = pytest.mark.skipif(
    not (importlib.util.find_spec("timm") and importlib.util.find_spec("torchvision")),
    reason="needs the extra 'vision'",
)


@pytest.fixture(scope="module")
def network() -> Any:
    """torchvision's DenseNet-121 for one channel, with a classifier."""
    from benchmark.core.torchvision_ops import make_importable

    make_importable()
    from torchvision.models import densenet121

    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = densenet121(weights=None, num_classes=18)
        made.features.conv0 = torch.nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
    return made.eval()


def test_vectors_are_the_pooled_last_feature_map(
    network: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = Paths(cache=tmp_path / "cache", weights=tmp_path)
    state = {name: one.contiguous() for name, one in network.state_dict().items()}
    save_file({**state, "op_threshs": torch.zeros(18)}, tmp_path / "chex.safetensors")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 1, 64, 64), dtype=np.uint8)
    np.save(tmp_path / "xray.npy", pixels)

    weights = find_weights("chex.safetensors", paths)
    found = xray_vectors("data", tmp_path / "xray.npy", 2, weights, DataContext(paths))
    assert (found.shape, found.dtype) == ((2, 1024), np.float32)
    with torch.inference_mode():
        scaled = (torch.from_numpy(pixels).float() / 255 * 2 - 1) * 1024
        expected = torch.relu(network.features(scaled)).mean(dim=(2, 3)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    assert np.ptp(expected, axis=0).max() > 0.01

    monkeypatch.setattr(module, "_network", None)
    again = xray_vectors("data", tmp_path / "xray.npy", 2, weights, DataContext(paths))
    np.testing.assert_array_equal(found, again)


class Malicious:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_weights_that_are_none_are_refused(network: Any, tmp_path: Path) -> None:
    paths = Paths(cache=tmp_path / "cache", weights=tmp_path)
    np.save(tmp_path / "xray.npy", np.zeros((1, 1, 64, 64), dtype=np.uint8))

    def run(name: str) -> None:
        xray_vectors("d", tmp_path / "xray.npy", 1, find_weights(name, paths), DataContext(paths))

    ran = tmp_path / "ran"
    torch.save(Malicious(ran), tmp_path / "whole.pt", pickle_module=pickle)
    torch.save([torch.zeros(1)], tmp_path / "list.pt")
    (tmp_path / "torn.safetensors").write_bytes(b"some")
    for name in ("whole.pt", "list.pt", "torn.safetensors"):
        with pytest.raises(DataError, match=f"{name} holds no named tensors that can be read"):
            run(name)
    assert not ran.exists()
    torch.save({"features.conv0.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "other.pt")
    with pytest.raises(DataError, match=r"other\.pt does not fit a DenseNet-121 of one channel"):
        run("other.pt")
    with pytest.raises(DataNotAvailable, match=r"weights gone\.pt of a DenseNet-121 are not in"):
        find_weights("gone.pt", paths)
    with pytest.raises(DataNotAvailable, match="are not in MMBENCH_WEIGHTS"):
        find_weights("gone.pt", Paths(cache=tmp_path))
    with pytest.raises(DataError, match="is no name of a file"):
        find_weights("../gone.pt", paths)
