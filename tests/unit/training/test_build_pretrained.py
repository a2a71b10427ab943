"""Pretrained weights reach the encoders a model is built of, if they are those planned."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import pytest
import torch

from benchmark.core.errors import DataError
from benchmark.core.paths import Paths
from benchmark.core.problem import Component, Modality, Task
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.losses import LOSSES
from benchmark.losses._base import Loss
from benchmark.models.encoders import ENCODERS
from benchmark.training.build import build_model

pytestmark = pytest.mark.skipif(
    not (importlib.util.find_spec("timm") and importlib.util.find_spec("torchvision")),
    reason="needs the extra 'vision'",
)
COMPONENT = Component(
    dataset="toy",
    modalities=(Modality(name="cc", kind="image", shape=(1, 64, 64)),),
    tasks=(Task(name="flag", kind="binary", classes=("no", "yes")),),
)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A folder with the weights of a ResNet-18."""
    config = ENCODERS.config("resnet").parse({})
    torch.manual_seed(7)
    encoder = ENCODERS.load("resnet")(COMPONENT.modalities[0], config, output="vector")
    folder = tmp_path / "weights"
    folder.mkdir()
    torch.save(encoder.network.state_dict(), folder / "resnet18.pth")
    return Paths(cache=tmp_path / "cache", weights=folder)


def _spec(paths: Paths) -> RunSpec:
    assert paths.weights is not None
    digest = hashlib.sha256((paths.weights / "resnet18.pth").read_bytes()).hexdigest()
    part = ComponentSpec(
        dataset="toy", loader=Ref(name="toy"), modalities=("cc",), tasks=("flag",), data=""
    )
    return RunSpec(
        components=(part,),
        model=Ref(name="early_fusion", config={"hidden": [4]}),
        encoders={"cc": Ref(name="resnet", config={"pretrained": "resnet18.pth"})},
        losses={"flag": Ref(name="cross_entropy")},
        strategy=Ref(name="plain"),
        split=SplitSpec(),
        weights={"resnet18.pth": digest},
    )


def _losses() -> dict[str, Loss]:
    config = LOSSES.config("cross_entropy").parse({})
    return {
        "flag": LOSSES.load("cross_entropy")(COMPONENT.tasks[0], config, torch.zeros(2).numpy())
    }


def test_loaded_into_the_encoder_and_nothing_else_changes(paths: Paths) -> None:
    spec = _spec(paths)
    plain = build_model(spec, COMPONENT, _losses()).state_dict()
    model = build_model(spec, COMPONENT, _losses(), paths).state_dict()
    assert paths.weights is not None
    file = torch.load(paths.weights / "resnet18.pth", weights_only=True)
    inside = "encoders.0.network."
    for name, tensor in model.items():
        wanted = file[name.removeprefix(inside)] if name.startswith(inside) else plain[name]
        assert torch.equal(tensor, wanted), name
    assert not torch.equal(plain[f"{inside}conv1.weight"], file["conv1.weight"])


def test_another_file_than_planned_is_refused(paths: Paths) -> None:
    spec = _spec(paths)
    assert paths.weights is not None
    (paths.weights / "resnet18.pth").write_bytes(b"something else")
    with pytest.raises(DataError, match=r"resnet18.pth is not the file that the run was planned"):
        build_model(spec, COMPONENT, _losses(), paths)
    (paths.weights / "resnet18.pth").unlink()
    with pytest.raises(DataError, match=r"resnet18.pth cannot be read: No such file"):
        build_model(spec, COMPONENT, _losses(), paths)
