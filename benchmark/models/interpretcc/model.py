"""InterpretCC: a hard gate decides per sample which modalities are read.

Paper: Swamy et al., "InterpretCC: intrinsic user-centric interpretability through global mixture of
experts" (2024), feature gating; the «InterpretCC» rows of Xin et al., "I2MoE" (ICML 2025), Appendix
G. Code: github.com/Raina-Xin/I2MoE, ``fusion_models/interpretcc.py``.

Stated: one gate per modality by a Gumbel-sigmoid with temperature and threshold, the gated vectors
joined and classified by a perceptron.
Inferred from the code: a two-layer gate network, noise from one Gumbel draw (not the difference of
two), straight-through gradients, widths D and D/2 of the perceptron.
Mended: no noise in evaluation, so that a score repeats (``eval_gumbel_noise: true`` is the
release). A missing modality's gate is shut, so that its vector is zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from benchmark.core.problem import Problem
from benchmark.models._fusion import Fused, FusionModel, common_width
from benchmark.models.encoders._base import Encoder
from benchmark.models.interpretcc.config import InterpretCCConfig
from benchmark.models.layers.heads import TaskHeads


class InterpretCC(FusionModel):
    """``s_m = w^T ReLU(W x_m)``, ``g_m = [sigmoid((s_m + n) / tau) > threshold]``, perceptron.

    The perceptron is ``Linear(MD, D)-ReLU-Drop-Linear(D, D/2)-ReLU-Linear(D/2, C)`` on the gated
    vectors. Gradients of a gate are those of its sigmoid. Parameters without encoders, for one task
    of C logits: ``M (D^2 + 2 D + 1) + M D^2 + D + D^2/2 + D/2 + C D/2 + C``.

    Args:
        problem: One dataset.
        encoders: Vector encoders, all of width D.
        config: Temperature, threshold, dropout.

    Raises:
        UsageError: Encoders of different widths.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: InterpretCCConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.config = config
        width = common_width("interpretcc", encoders)
        self.gates = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))
            for _ in self.names
        )
        self.joint = nn.Sequential(
            nn.Linear(len(self.names) * width, width),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(width, width // 2),
            nn.ReLU(),
        )
        self.heads = TaskHeads(width // 2, problem)

    def fuse(self, codes: Sequence[Tensor], observed: Tensor, passes: int = 1) -> Fused:
        """Fuse (N, D) vectors; ``info["gates"]`` is (N, M)."""
        scores = torch.cat(
            [gate(code) for gate, code in zip(self.gates, codes, strict=True)], dim=1
        )
        gates = self._open(scores) * observed
        gated = [gate * code for gate, code in zip(gates.split(1, dim=1), codes, strict=True)]
        latent = self.joint(torch.cat(gated, dim=1))
        return Fused(self.heads(latent), latent, info={"gates": gates.detach()})

    def _open(self, scores: Tensor) -> Tensor:
        """Turn scores (N, M) into gates of 0 or 1 with the gradients of the sigmoid."""
        if self.training or self.config.eval_gumbel_noise:
            scores = scores - torch.empty_like(scores).exponential_().log()
        soft = (scores / self.config.tau).sigmoid()
        hard = (soft > self.config.threshold).to(soft.dtype)
        return hard + (soft - soft.detach())  # exactly 0 or 1
