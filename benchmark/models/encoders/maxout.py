"""Maxout network over a feature vector."""

from __future__ import annotations

from math import prod

from torch import Tensor, nn

from benchmark.core.batch import ModalityData
from benchmark.core.problem import Modality
from benchmark.models._config import EncoderOutput
from benchmark.models.encoders._base import Encoder, refuse_events
from benchmark.models.encoders.config import MaxoutEncoderConfig
from benchmark.models.layers.batch_norm import VectorBatchNorm
from benchmark.models.layers.maxout import Maxout
from benchmark.models.layers.patches import PatchEmbedding

#: The released networks set it for the normalisation of the input only.
INPUT_EPS = 1e-4


class MaxoutEncoder(Encoder):
    """``BN -> (Maxout -> BN -> Drop) per hidden width``, then patches or one linear map.

    The MM-IMDB encoders of Arevalo et al., "Gated multimodal units" (2017), as MultiBench and
    I2MoE (Xin et al., ICML 2025) have them: hidden (512, 512) for text, (1024, 512) for image
    features. Parameters for F values, hidden widths (K, H) and k pieces:
    ``2 F + (F + 1) K k + 2 K + (K + 1) H k + 2 H`` and those of the output.

    Args:
        modality: Says F.
        config: Widths, pieces, dropout.
        output: ``tokens`` cuts the last hidden vector into patches, ``vector`` maps it to D.
    """

    def __init__(
        self, modality: Modality, config: MaxoutEncoderConfig, output: EncoderOutput = "vector"
    ) -> None:
        super().__init__()
        refuse_events("maxout", modality)
        self.output, self.width = output, config.width
        values = prod(modality.shape)
        layers: list[nn.Module] = [VectorBatchNorm(values, eps=INPUT_EPS)]
        for inner, outer in zip([values, *config.hidden], config.hidden, strict=False):
            layers += [
                Maxout(inner, outer, config.pieces),
                VectorBatchNorm(outer),
                nn.Dropout(config.dropout),
            ]
        self.body = nn.Sequential(*layers)
        last = config.hidden[-1]
        if output == "tokens":
            self.tokens = config.patches
            self.readout: nn.Module = PatchEmbedding(last, config.patches, config.width)
        else:
            self.readout = nn.Linear(last, config.width)

    def forward(self, data: ModalityData) -> Tensor:
        """Map values (B, *shape) to (B, D) or (B, P, D)."""
        flat = data.values.flatten(1).to(next(self.parameters()).dtype)
        encoded: Tensor = self.readout(self.body(flat))
        return encoded
