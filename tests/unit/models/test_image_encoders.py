"""Image encoders: printed sizes, order of tokens, pixels, edges."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
import torch
from torch import nn

from benchmark.core.batch import ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality
from benchmark.models.encoders import ENCODERS
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders._pixels import IMAGENET_MEAN, IMAGENET_STD, Pixels

needs_timm = pytest.mark.skipif(
    not (importlib.util.find_spec("timm") and importlib.util.find_spec("torchvision")),
    reason="needs the extra 'vision'",
)
GREY = Modality(name="cc", kind="image", shape=(1, 64, 64))
WIDE = Modality(name="fundus", kind="image", shape=(3, 64, 96))
CASES = [
    pytest.param("vit", {"arch": "vit_tiny_patch16_224", "depth": 1}, marks=needs_timm),
    pytest.param("resnet", {}, marks=needs_timm),
    ("small_cnn", {"width": 12}),
]


def _build(name: str, modality: Modality, output: str, **settings: Any) -> Encoder:
    config = ENCODERS.config(name).parse(settings)
    torch.manual_seed(0)
    encoder: Encoder = ENCODERS.load(name)(modality, config, output=output)
    return encoder


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _images(modality: Modality, size: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (size, *modality.shape), generator=generator, dtype=torch.uint8)


@needs_timm
@pytest.mark.parametrize(
    ("name", "settings", "printed"),
    [
        ("vit", {"arch": "vit_base_patch16_224"}, 85_798_656),
        ("resnet", {"arch": "resnet18"}, 11_176_512),
    ],
)
def test_published_sizes(name: str, settings: dict[str, Any], printed: int) -> None:
    full = Modality(name="cc", kind="image", shape=(1, 224, 224))
    with torch.device("meta"):
        tokens = _build(name, full, "tokens", **settings)
        vector = _build(name, full, "vector", **settings)
    assert _count(tokens) == _count(vector) == printed
    assert (tokens.tokens, tokens.width) == {"vit": (197, 768), "resnet": (49, 512)}[name]
    assert tokens.grid == {"vit": (14, 14), "resnet": (7, 7)}[name]


@pytest.mark.parametrize(("c", "d"), [(1, 64), (3, 10)])
def test_the_small_one_is_small(c: int, d: int) -> None:
    modality = Modality(name="x", kind="image", shape=(c, 64, 64))
    own = 8 * (16 * c + 1) + (9 * 8 + 3) * 16 + (9 * 16 + 3) * 32 + 33 * d
    assert _count(_build("small_cnn", modality, "tokens", width=d)) == own < 9000


@pytest.mark.parametrize(("name", "settings"), CASES)
@pytest.mark.parametrize("modality", [GREY, WIDE], ids=["grey", "wide"])
@pytest.mark.parametrize("output", ["tokens", "vector"])
def test_shapes_and_gradients(
    name: str, settings: dict[str, Any], modality: Modality, output: str
) -> None:
    encoder = _build(name, modality, output, **settings).train()
    for parameter in encoder.parameters():  # residual branches that start at zero
        parameter.data.add_(0.01)
    for size in (1, 2):
        encoded = encoder(ModalityData(_images(modality, size)))
        per_sample = (encoder.width,)
        if output == "tokens":
            assert encoder.grid is not None
            assert encoder.tokens == encoder.prefix_tokens + encoder.grid[0] * encoder.grid[1]
            per_sample = (encoder.tokens, encoder.width)
        assert encoded.shape == (size, *per_sample)
    uneven = torch.linspace(-1, 1, encoded.numel()).reshape(encoded.shape)
    (encoded * uneven).sum().backward()
    silent = [n for n, p in encoder.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


def test_tokens_come_row_by_row() -> None:
    encoder = _build("small_cnn", WIDE, "tokens", width=6).eval()
    assert encoder.grid == (4, 6)
    for module in encoder.modules():  # its statistics would spread a change over the image
        if isinstance(module, nn.GroupNorm):
            module.forward = lambda values: values  # type: ignore[method-assign]
    images = torch.zeros(1, *WIDE.shape, dtype=torch.uint8)
    before = encoder(ModalityData(images))
    images[:, :, 32:48, 48:64] = 255  # third row, fourth column
    changed = (encoder(ModalityData(images)) - before).abs().amax(dim=2)[0]
    assert int(changed.argmax()) == 2 * 6 + 3
    assert not changed[: 2 * 6].any()


@needs_timm
def test_patches_of_the_transformer_come_row_by_row() -> None:
    encoder = _build("vit", WIDE, "tokens", arch="vit_tiny_patch16_224", depth=1)
    images = torch.zeros(1, 3, 64, 96)
    embed = encoder.get_submodule("network.patch_embed")
    before = embed(images)
    images[:, :, 32:48, 48:64] = 1
    changed = (embed(images) - before).abs().amax(dim=2)[0]
    assert changed.nonzero().flatten().tolist() == [2 * 6 + 3]


@needs_timm
def test_vectors_are_what_they_are_called() -> None:
    for name, pools in (("vit", ("class", "mean")), ("resnet", ("mean", "max"))):
        base = {"arch": "vit_tiny_patch16_224", "depth": 1} if name == "vit" else {}
        data = ModalityData(_images(GREY))
        tokens = _build(name, GREY, "tokens", **base).eval()(data)
        for pool in pools:
            vector = _build(name, GREY, "vector", pool=pool, **base).eval()(data)
            expected = {
                "class": tokens[:, 0],
                "mean": tokens[:, 1 if name == "vit" else 0 :].mean(dim=1),
                "max": tokens.amax(dim=1),
            }[pool]
            assert torch.allclose(vector, expected, atol=1e-5)


def test_pixels_by_hand() -> None:
    grey = torch.tensor([[[[0, 255]]]], dtype=torch.uint8)
    small = Modality(name="x", kind="image", shape=(1, 1, 2))
    found = Pixels(small, None)(grey, torch.float64)
    for c in range(3):
        expected = [-IMAGENET_MEAN[c] / IMAGENET_STD[c], (1 - IMAGENET_MEAN[c]) / IMAGENET_STD[c]]
        assert found[0, c, 0].tolist() == pytest.approx(expected, rel=1e-6)
    alone = Pixels(small, None, expand_grey=False)(grey.float() / 255, torch.float64)
    mean, std = sum(IMAGENET_MEAN) / 3, sum(IMAGENET_STD) / 3
    assert alone[0, 0, 0].tolist() == pytest.approx([-mean / std, (1 - mean) / std], rel=1e-6)


def test_bytes_and_floats_are_the_same_image() -> None:
    images = _images(WIDE)
    pixels = Pixels(WIDE, 32)
    from_bytes, from_floats = (
        pixels(one, torch.float32) for one in (images, images.to(torch.float32) / 255)
    )
    assert from_bytes.shape == (2, 3, 32, 32)
    assert torch.allclose(from_bytes, from_floats)


def test_resizing_to_the_same_size_changes_nothing() -> None:
    images = _images(GREY)
    one, other = (Pixels(GREY, size)(images, torch.float32) for size in (None, 64))
    assert torch.equal(one, other)


def test_what_does_not_fit_is_refused() -> None:
    tiny = Modality(name="x", kind="image", shape=(1, 12, 40))
    with pytest.raises(UsageError, match="at least 16 pixels a side, those of 'x' measure 12 x 40"):
        _build("small_cnn", tiny, "tokens")
    vector = Modality(name="x", kind="vector", shape=(12,))
    with pytest.raises(UsageError, match="modality 'x' has shape \\(12,\\)"):
        _build("small_cnn", vector, "tokens")
    with pytest.raises(UsageError, match="patches of 16 pixels, those of 'x' measure 12 x 40"):
        _build("vit", tiny, "tokens")
    with pytest.raises(UsageError, match="more than 32 pixels a side"):
        _build("resnet", tiny, "tokens")
    assert _build("small_cnn", tiny, "tokens", image_size=32).grid == (2, 2)
