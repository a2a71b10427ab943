from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from benchmark.losses.config import BCEConfig, CrossEntropyConfig


def test_plain_values_are_accepted() -> None:
    assert CrossEntropyConfig.parse({"weights": [1, 2.5]}).weights == (1.0, 2.5)
    assert CrossEntropyConfig.parse({"weights": "balanced"}).weights == "balanced"
    assert BCEConfig.parse({"pos_weight": 3}).pos_weight == 3.0
    assert BCEConfig.parse({"pos_weight": [3, 0.5]}).pos_weight == (3.0, 0.5)
    assert BCEConfig.parse({}).pos_weight is None


@pytest.mark.parametrize("weights", ["Balanced", [1, 0], [1, -1], 2, ["1"]])
def test_bad_class_weights(weights: object) -> None:
    with pytest.raises(ValidationError, match="weights"):
        CrossEntropyConfig.parse({"weights": weights})


@pytest.mark.parametrize("pos_weight", ["auto", 0, -1.0, [0.0]])
def test_bad_positive_weights(pos_weight: object) -> None:
    with pytest.raises(ValidationError, match="pos_weight"):
        BCEConfig.parse({"pos_weight": pos_weight})


@pytest.mark.parametrize("smoothing", [-0.1, 1.0])
def test_bad_smoothing(smoothing: float) -> None:
    with pytest.raises(ValidationError, match="label_smoothing"):
        CrossEntropyConfig.parse({"label_smoothing": smoothing})


def test_configs_are_torch_free() -> None:
    code = "import benchmark.losses.config, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
