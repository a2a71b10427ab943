"""The frozen VGG-11: printed sizes, what trains, pretrained weights."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmark.core.batch import ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality
from benchmark.models.encoders.config import VGGEncoderConfig

pytestmark = pytest.mark.skipif(
    not importlib.util.find_spec("torchvision"), reason="needs the extra 'vision'"
)
SCREEN = Modality(name="screenshot", kind="image", shape=(3, 256, 128))
SMALL = VGGEncoderConfig(width=8, patches=4, hidden=16)


def test_parameters_are_those_of_the_release() -> None:
    from benchmark.models.encoders.vgg import VGGEncoder

    with torch.device("meta"):
        encoder = VGGEncoder(SCREEN, VGGEncoderConfig(width=256, patches=4), output="tokens")
    frozen = sum(one.numel() for one in encoder.parameters() if not one.requires_grad)
    assert frozen == 9_225_984
    assert sum(one.numel() for one in encoder.linear.parameters()) == 25_691_136
    assert sum(one.numel() for one in encoder.readout.parameters()) == (1024 // 4 + 1) * 256
    assert (encoder.tokens, encoder.width) == (4, 256)


@pytest.mark.parametrize(("output", "shape"), [("tokens", (2, 4, 8)), ("vector", (2, 8))])
def test_convolutions_stay_frozen(output: str, shape: tuple[int, ...]) -> None:
    from benchmark.models.encoders.vgg import VGGEncoder

    torch.manual_seed(0)
    modality = Modality(name="screenshot", kind="image", shape=(3, 64, 32))
    encoder = VGGEncoder(modality, SMALL, output=output)  # type: ignore[arg-type]
    pixels = torch.randint(0, 256, (2, 3, 64, 32), dtype=torch.uint8)
    mean = next(one for one in encoder.features if isinstance(one, nn.BatchNorm2d)).running_mean
    assert mean is not None
    before = mean.clone()
    codes = encoder(ModalityData(pixels))
    assert tuple(codes.shape) == shape
    codes.sum().backward()
    assert all(one.grad is None for one in encoder.features.parameters())
    assert encoder.linear.weight.grad is not None
    assert not torch.equal(mean, before)  # statistics follow the data
    encoder.eval()
    floats = encoder(ModalityData(pixels.float() / 255))
    torch.testing.assert_close(floats, encoder(ModalityData(pixels)))


def test_pretrained_weights_go_into_the_convolutions(tmp_path: Path) -> None:
    from torchvision.models import vgg11_bn

    from benchmark.models.encoders.vgg import VGGEncoder

    torch.manual_seed(1)
    theirs = vgg11_bn(weights=None)
    features = {name: one for name, one in theirs.state_dict().items() if "classifier" not in name}
    torch.save({**features, "classifier.0.weight": torch.zeros(1)}, tmp_path / "vgg.pth")
    encoder = VGGEncoder(SCREEN, SMALL)
    encoder.load_pretrained(tmp_path / "vgg.pth")
    images = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(encoder.eval().features(images), theirs.eval().features(images))


def test_images_that_do_not_fit_are_refused() -> None:
    from benchmark.models.encoders.vgg import VGGEncoder

    with pytest.raises(UsageError, match=r"shape \(1, 64, 64\)"):
        VGGEncoder(Modality(name="cc", kind="image", shape=(1, 64, 64)), SMALL)
