"""A plug-in: one expert per modality, weighed by a gate that reads all of them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from benchmark.plugins import Batch, Encoder, Model, ModelConfig, Output, Problem, register_model


class ToyExpertsConfig(ModelConfig):
    """Settings.

    Attributes:
        width: Of the hidden layer of the gate.
    """

    width: int = 4


@register_model("toy_experts", config=ToyExpertsConfig, summary="one expert per modality")
class ToyExperts(Model):
    """``logits = sum_e w_e head_e(z_e)`` with ``w = softmax(gate([z_1; ...; z_E]))``."""

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: ToyExpertsConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.names = [modality.name for modality in problem.only.modalities]
        widths = [encoders[name].width for name in self.names]
        self.task = problem.only.tasks[0].name
        outputs = problem.n_outputs(problem.only.dataset, self.task)
        self.heads = nn.ModuleList(nn.Linear(width, outputs) for width in widths)
        self.gate = nn.Sequential(
            nn.Linear(sum(widths), config.width), nn.Tanh(), nn.Linear(config.width, len(widths))
        )

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C)."""
        codes = [self.encode(batch, name) for name in self.names]
        said = torch.stack([head(code) for head, code in zip(self.heads, codes, strict=True)])
        weights = self.gate(torch.cat(codes, dim=1)).softmax(dim=1)
        logits = torch.einsum("be,ebc->bc", weights, said)
        info = {"expert_names": self.names, "expert_logits": said, "weights": weights}
        return Output({self.task: logits}, info=info)
