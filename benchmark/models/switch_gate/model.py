"""SwitchGate: the joint-token transformer with a switch layer in place of a feed-forward block.

Paper: the «SwitchGate» rows of Xin et al., "I2MoE" (ICML 2025), section 4 and Appendix G, after
Fedus et al., "Switch transformers" (JMLR 2022). Code: github.com/Raina-Xin/I2MoE,
``fusion_models/transformer.py`` with ``fusion_sparse``.

Stated: the perceptron of the transformer is replaced by experts of which a token visits one; width,
depth, heads, patches, number of experts, weight 0.01 of the balance loss.
Inferred from the code: the first, third ... layer has experts (``sparse_layers``), one call per
modality, additive noise on the router's logits in training, capacities 1.2 and 2.4, GELU experts of
inner width 2D.
Mended: the balance loss is the mean over all calls (``balance: mean``; the release keeps the last
modality's). Experts are drawn with the fan-in of one expert (``expert_init: linear``; the release's
``stacked`` is about 1 / sqrt(D) of it). Evaluation has no capacity, so that a sample's score does
not depend on its batch (``capacity_eval: 2.4`` is the release). The skip around attention starts at
the layer's input (``attention_skip``). Tokens of missing modalities are not routed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from benchmark.core.problem import Problem
from benchmark.models._fusion import Fused, FusionModel, common_width
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.attention import SelfAttention
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.switch import SwitchMoE
from benchmark.models.layers.tokens import pool_modalities, token_flags
from benchmark.models.layers.transformer import TransformerLayer
from benchmark.models.switch_gate.config import SwitchGateConfig


class SwitchGate(FusionModel):
    """Tokens [B, MP, D] + positions -> L layers, some sparse -> mean over P -> linear head.

    Parameters without encoders, with S sparse layers and one task of C logits:
    ``S (4 D^2 + 5 D + E (4 D^2 + 3 D) + D E + E) + (L - S) (8 D^2 + 8 D) + M P D + M D C + C``.

    Args:
        problem: One dataset.
        encoders: Token encoders, all of width D.
        config: Depth, heads, experts, switches.

    Raises:
        UsageError: Encoders of different widths, or heads that do not divide the width.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: SwitchGateConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.config = config
        self.counts = [encoders[name].tokens for name in self.names]  # P of each modality
        width = common_width("switch_gate", encoders)
        self.positions = nn.Parameter(torch.zeros(1, sum(self.counts), width))
        self.layers = nn.ModuleList(_layer(index, width, config) for index in range(config.layers))
        self.heads = TaskHeads(len(self.names) * width, problem)

    def fuse(self, codes: Sequence[Tensor], observed: Tensor, passes: int = 1) -> Fused:
        """Fuse (N, P_m, D) tokens; the latent is (N, M D)."""
        tokens = torch.cat(list(codes), dim=1) + self.positions
        keys = token_flags(observed, self.counts)
        balance = []
        for layer in self.layers:
            if isinstance(layer, SwitchLayer):
                tokens, losses = layer(tokens, keys, self.counts, passes)
                balance.append(losses[-1] if self.config.balance == "last" else losses.mean())
            else:
                tokens = layer(tokens, keys)
        pooled = pool_modalities(tokens, self.counts, observed)
        loss = self.config.balance_weight * torch.stack(balance).mean()
        return Fused(self.heads(pooled), pooled, {"balance": loss})


class SwitchLayer(nn.Module):
    """A transformer layer whose feed-forward block is a switch layer.

    ``4 D^2 + 5 D`` parameters and those of the experts.

    Args:
        width: D.
        config: Heads, dropout, skip, experts.
    """

    def __init__(self, width: int, config: SwitchGateConfig) -> None:
        super().__init__()
        self.skip = config.attention_skip
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, config.heads, config.dropout)
        self.switch_norm = nn.LayerNorm(width)
        self.switch = SwitchMoE(
            width,
            config.experts,
            config.capacity_train,
            config.capacity_eval,
            config.router_noise,
            config.expert_init,
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, tokens: Tensor, keys: Tensor, counts: Sequence[int], passes: int
    ) -> tuple[Tensor, Tensor]:
        """Transform tokens; every modality of every pass is routed by itself.

        Args:
            tokens: (N, T, D), N = passes x samples.
            keys: (N, T) bool, tokens of observed modalities.
            counts: Tokens of each modality, T in sum.
            passes: Blocks of N.

        Returns:
            (N, T, D), and balance losses (M,), means over the passes.
        """
        attended = self.attention(self.attention_norm(tokens), keys)
        skipped = tokens if self.skip == "residual" else attended
        hidden = skipped + self.dropout(attended)
        mixed, losses, groups = [], [], (passes, -1)
        parts = zip(
            self.switch_norm(hidden).split(list(counts), dim=1),
            keys.split(list(counts), dim=1),
            strict=True,
        )
        for part, present in parts:
            routed, balance = self.switch(
                part.reshape(*groups, part.shape[-1]), present.reshape(groups)
            )
            mixed.append(routed.view(part.shape))
            losses.append(balance.mean())
        return hidden + self.dropout(torch.cat(mixed, dim=1)), torch.stack(losses)


def _layer(index: int, width: int, config: SwitchGateConfig) -> nn.Module:
    if config.sparse_layers == "all" or index % 2 == 0:
        return SwitchLayer(width, config)
    return TransformerLayer(width, config.heads, config.dropout, config.attention_skip)
