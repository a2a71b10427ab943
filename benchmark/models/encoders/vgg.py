"""VGG-11 with batch normalisation (Simonyan and Zisserman 2015), frozen, and a linear layer."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from torch import Tensor, nn

from benchmark.core.batch import ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality
from benchmark.core.torchvision_ops import make_importable
from benchmark.models._config import EncoderOutput
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders._weights import load_into
from benchmark.models.encoders.config import VGGEncoderConfig
from benchmark.models.layers.patches import PatchEmbedding

#: Values behind VGG's pooling to 7 x 7 positions of 512 channels.
POOLED = 512 * 7 * 7


class VGGEncoder(Encoder):
    """Convolutions, pooling to 7 x 7, Linear(25088 -> F), then patches or Linear(F -> D).

    The ENRICO encoders of I2MoE (Xin et al., ICML 2025). Weights of convolutions and normalisations
    are frozen, the statistics of the normalisations are not; dropout follows every activation of
    the convolutions. Pixels are in [0, 1] and not brought to ImageNet's mean. Parameters: 9,225,984
    frozen, ``25089 F`` of the linear layer, then ``(ceil(F / P) + 1) D`` or ``(F + 1) D``.

    Args:
        modality: Images of shape (3, H, W), H and W at least 32.
        config: F, D, P, dropout.
        output: ``tokens`` or ``vector``.

    Raises:
        UsageError: The images are too small, or have no three channels.
    """

    def __init__(
        self, modality: Modality, config: VGGEncoderConfig, output: EncoderOutput = "tokens"
    ) -> None:
        super().__init__()
        if len(modality.shape) != 3 or modality.shape[0] != 3 or min(modality.shape[1:]) < 32:
            raise UsageError(
                f"vgg11_bn takes images of three channels and at least 32 pixels a side, those of "
                f"{modality.name!r} have shape {modality.shape}",
                "choose small_cnn",
            )
        self.output, self.width = output, config.width
        self.features = _features(config.dropout)
        self.pool = nn.AdaptiveAvgPool2d((7, 7))
        self.linear = nn.Linear(POOLED, config.hidden)
        if output == "tokens":
            self.tokens = config.patches
            self.readout: nn.Module = PatchEmbedding(config.hidden, config.patches, config.width)
        else:
            readout = nn.Linear(config.hidden, config.width)
            nn.init.xavier_normal_(readout.weight)
            nn.init.zeros_(readout.bias)
            self.readout = readout

    def forward(self, data: ModalityData) -> Tensor:
        """Map images, uint8 or in [0, 1], to (B, P, D) or (B, D)."""
        images = data.values.to(self.linear.weight.dtype)
        if not data.values.is_floating_point():
            images = images / 255
        pooled = self.pool(self.features(images)).flatten(1)
        encoded: Tensor = self.readout(self.linear(pooled))
        return encoded

    def load_pretrained(self, path: Path) -> None:
        """Take over torchvision's convolutions; the file's classifier is left out."""
        plain = _plain_features()
        load_into(plain, path, rename={"features.": ""}, drop=("classifier.",))
        own = [one for one in self.features if not isinstance(one, nn.Dropout)]
        for mine, theirs in zip(own, plain, strict=True):
            mine.load_state_dict(theirs.state_dict())


def _plain_features() -> nn.Sequential:
    make_importable()
    from torchvision.models import vgg11_bn

    return cast("nn.Sequential", vgg11_bn(weights=None).features)


def _features(dropout: float) -> nn.Sequential:
    """Return the frozen convolutions with dropout behind every activation."""
    layers: list[nn.Module] = []
    for layer in _plain_features():
        # In place, an activation would change what the normalisation before it keeps.
        is_activation = isinstance(layer, nn.ReLU)
        layers.append(nn.ReLU() if is_activation else layer)
        if is_activation:
            layers.append(nn.Dropout(dropout))
        for parameter in layer.parameters():
            parameter.requires_grad = False
    return nn.Sequential(*layers)
