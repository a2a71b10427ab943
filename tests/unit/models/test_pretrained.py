"""Weights from files into encoders: all of them, in their places, or an error."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from benchmark.core.errors import DataError, UsageError
from benchmark.core.problem import Modality
from benchmark.models.encoders import ENCODERS
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders._weights import load_into, read_tensors, resize_positions

needs_timm = pytest.mark.skipif(
    not (importlib.util.find_spec("timm") and importlib.util.find_spec("torchvision")),
    reason="needs the extra 'vision'",
)


def _network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def _state(seed: int = 1) -> dict[str, torch.Tensor]:
    return {name: one.clone() for name, one in _network(seed).state_dict().items()}


def _equal(module: nn.Module, state: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one, state[name]) for name, one in module.state_dict().items())


@pytest.mark.parametrize("ending", ["safetensors", "pt", "pth"])
def test_every_format(tmp_path: Path, ending: str) -> None:
    path, state = tmp_path / f"file.{ending}", _state()
    if ending == "safetensors":
        save_file(state, path)
    else:
        torch.save(state if ending == "pt" else {"epoch": 3, "state_dict": state}, path)
    module = _network()
    load_into(module, path)
    assert _equal(module, state)


def test_names_are_changed_and_left_out(tmp_path: Path) -> None:
    state = _state()
    named = {f"encoder.body.{name}": one for name, one in state.items()}
    torch.save({**named, "head.weight": torch.zeros(2)}, tmp_path / "file.pt")
    module = _network()
    rename = {"encoder.": "wrong.", "encoder.body.": ""}
    load_into(module, tmp_path / "file.pt", rename=rename, drop=("head.",))
    assert _equal(module, state)


def test_a_counter_of_old_files_may_lack(tmp_path: Path) -> None:
    state = {name: one for name, one in _state().items() if "num_batches" not in name}
    torch.save(state, tmp_path / "file.pt")
    load_into(_network(), tmp_path / "file.pt")


def test_what_does_not_fit_is_named_and_nothing_is_copied(tmp_path: Path) -> None:
    state = _state()
    state["1.bias"] = torch.zeros(5)
    state["2.weight"] = state.pop("0.weight")
    torch.save(state, tmp_path / "file.pt")
    module, before = _network(), _state(0)
    with pytest.raises(DataError) as caught:
        load_into(module, tmp_path / "file.pt")
    for text in (
        "does not fit Sequential",
        "lacks: 0.weight",
        "has what the module lacks: 2.weight",
        "has other shapes: 1.bias (5,) for (4,)",
    ):
        assert text in caught.value.message
    assert _equal(module, before)


def test_files_that_are_no_weights(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not there"):
        read_tensors(tmp_path / "gone.pt")
    for name in ("text.pt", "text.safetensors"):
        (tmp_path / name).write_text("not weights")
        with pytest.raises(DataError, match=f"{name} cannot be read as weights"):
            read_tensors(tmp_path / name)
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(DataError, match="holds a list, not named tensors"):
        read_tensors(tmp_path / "list.pt")
    torch.save({"epoch": 3, "x": torch.zeros(1)}, tmp_path / "odd.pt")
    with pytest.raises(DataError, match="holds 'epoch', which is no tensor"):
        read_tensors(tmp_path / "odd.pt")


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    torch.save({"a": _network()}, tmp_path / "module.pt")
    with pytest.raises(DataError, match="cannot be read as weights"):
        read_tensors(tmp_path / "module.pt")


def test_position_embeddings_follow_the_grid() -> None:
    rows, columns = torch.meshgrid(torch.arange(6.0), torch.arange(6.0), indexing="ij")
    grid = torch.stack([rows, columns], dim=2).reshape(1, 36, 2)
    table = torch.cat([torch.full((1, 1, 2), 9.0), grid], dim=1)
    smaller = resize_positions(1, (3, 2))(table, torch.empty(1, 7, 2))
    assert torch.equal(smaller[:, 0], table[:, 0])
    found = smaller[0, 1:].reshape(3, 2, 2)
    # Symmetric about the middle, growing along the axis, constant along the other.
    torch.testing.assert_close(found[:, :, 0].mean(), torch.tensor(2.5))
    assert bool((found[1:, :, 0] > found[:-1, :, 0]).all())
    torch.testing.assert_close(found[:, 0, 0], found[:, 1, 0])
    same = resize_positions(1, (6, 6))(table, table)
    torch.testing.assert_close(same, table)
    odd = torch.zeros(1, 8, 2)
    assert resize_positions(1, (3, 2))(odd, table) is odd


def _encoder(name: str, size: int, **settings: Any) -> Encoder:
    modality = Modality(name="cc", kind="image", shape=(1, size, size))
    config = ENCODERS.config(name).parse(settings)
    encoder: Encoder = ENCODERS.load(name)(modality, config, output="vector")
    return encoder


@needs_timm
def test_vit_of_another_size_and_depth(tmp_path: Path) -> None:
    arch = "vit_tiny_patch16_224"
    torch.manual_seed(0)
    large = _encoder("vit", 64, arch=arch, depth=3).get_submodule("network").state_dict()
    torch.save({**large, "head.weight": torch.zeros(2, 192)}, tmp_path / "vit.pth")
    torch.manual_seed(1)
    small = _encoder("vit", 32, arch=arch, depth=2)
    small.load_pretrained(tmp_path / "vit.pth")
    own = small.get_submodule("network").state_dict()
    assert own["pos_embed"].shape == (1, 5, 192)
    changed = [name for name, one in own.items() if not torch.equal(one, large.get(name, one))]
    assert not [name for name in changed if name != "pos_embed"]
    assert torch.equal(own["pos_embed"][:, 0], large["pos_embed"][:, 0])


@needs_timm
def test_resnet_without_its_classifier(tmp_path: Path) -> None:
    torch.manual_seed(0)
    state = _encoder("resnet", 64).get_submodule("network").state_dict()
    save_file({**state, "fc.weight": torch.zeros(2, 512)}, tmp_path / "resnet.safetensors")
    torch.manual_seed(1)
    other = _encoder("resnet", 64)
    other.load_pretrained(tmp_path / "resnet.safetensors")
    assert _equal(other.get_submodule("network"), state)


def test_an_encoder_that_takes_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="SmallCNNEncoder takes no pretrained weights"):
        _encoder("small_cnn", 64).load_pretrained(tmp_path / "file.pt")
