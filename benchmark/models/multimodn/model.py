"""MultiModN: a state is passed from modality to modality; every task decodes every state.

Paper: Swamy et al., "MultiModN: Multimodal, multi-task, interpretable modular networks" (NeurIPS
2023), as a baseline of M4oE (ICLR 2025), Tables 4, 7, 8, 9 and 11. Code:
github.com/EPFLiGHT/MultiModN.

Stated (M4oE): state of 20, dropout 0.1.
Stated (MultiModN): a trainable first state, one step per modality in fixed order that missing ones
skip, a decoder per task used on all states, the loss averaged over all states and decoders.
Inferred: the step of an image is a linear map of [features; state], as in the code; decoders have
hidden layers (32, 32) and ReLU; the score is the last state's. The task losses of a run judge that
score; the model adds the cross-entropy of the earlier states with weight 1 each. Where the run's
loss is cross-entropy too, as in the tables, all states weigh the same and the sum is (M + 1) T
times the printed mean, a constant that Adam does not see. ``state_change`` is weighted
likewise; the code's default is 0. A segmentation has no state to decode: a dense head reads the
tokens of its image, of which a step reads the class token or the mean.
Mended: nothing; a state that is only carried over is not counted again.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, Output
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.dense_head import DenseHeads
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.label_loss import check_classes, class_nll, mean_over
from benchmark.models.layers.mlp import mlp
from benchmark.models.layers.tokens import summary
from benchmark.models.multimodn.config import MultiModNConfig


class MultiModN(Model):
    """``s_m = Step_m([E_m(x_m); s_{m-1}])``, or s_{m-1} where m is missing; ``head_t(s_M)``.

    Args:
        problem: One dataset with tasks of classes.
        encoders: Encoders of any widths; vectors, but tokens of the modality ``dense``.
        config: State, steps, decoders.

    Raises:
        UsageError: A task has no classes, or a segmentation no tokens to read.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: MultiModNConfig
    ) -> None:
        super().__init__(problem, encoders)
        check_classes(problem, "multimodn")
        self.config = config
        self.names = [modality.name for modality in problem.only.modalities]
        self.first = nn.Parameter(torch.randn(config.state))
        self.dropout = nn.Dropout(config.dropout)
        self.steps = nn.ModuleList(
            mlp(
                encoders[name].width + config.state,
                config.hidden,
                config.state,
                config.dropout,
                "relu",
            )
            for name in self.names
        )
        self.heads = TaskHeads(
            config.state, problem, config.decoder_hidden, config.dropout, dense=True
        )
        self.dense_heads = DenseHeads(problem, config.dense, encoders)

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C), ``info["states"]`` (B, M + 1, S).

        Logits of a segmentation are (B, C, H, W).
        """
        codes = [self.encode(batch, name) for name in self.names]
        states = [self.first.expand(batch.size, -1)]
        for m, name in enumerate(self.names):
            vector = self.dropout(summary(codes[m], self.encoder(name)))
            following = self.steps[m](torch.cat([vector, states[-1]], dim=1))
            states.append(torch.where(batch.observed[:, m, None], following, states[-1]))
        losses = self._earlier(batch, states)
        if self.config.state_change:
            losses["state_change"] = self._change(batch, states)
        dense = self.dense_heads(codes[self.dense_heads.number])
        logits = {**self.heads(states[-1]), **dense}
        return Output(logits, losses, {"states": torch.stack(states, dim=1)})

    def _earlier(self, batch: Batch, states: list[Tensor]) -> dict[str, Tensor]:
        """Return by task the sum over states but the last of the mean cross-entropy."""
        total: dict[str, Tensor] = {}
        for m, state in enumerate(states[:-1]):
            counted = self._counted(batch, m)
            for task, logits in self.heads(state).items():
                if task in batch.targets:
                    target = batch.targets[task]
                    nll = mean_over(class_nll(logits, target), counted & (target >= 0))
                    total[f"states:{task}"] = total.get(f"states:{task}", 0) + nll
        return total

    def _counted(self, batch: Batch, m: int) -> Tensor:
        """Return where state m (0 is the first) is new, and not the last one, (B,) bool."""
        later = batch.observed[:, m:].any(dim=1)
        return later if m == 0 else later & batch.observed[:, m - 1]

    def _change(self, batch: Batch, states: list[Tensor]) -> Tensor:
        """Return the weighted mean over steps taken of the squared change of the state."""
        squared = [
            mean_over((after - before).square().mean(dim=1), batch.observed[:, m])
            for m, (before, after) in enumerate(pairwise(states))
        ]
        scale = 0.01 * self.config.state_change * len(states) * len(self.heads.outputs)
        return scale * torch.stack(squared).mean()
