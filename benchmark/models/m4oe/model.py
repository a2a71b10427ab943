"""M4oE: soft mixtures of experts within modalities, between them, and for every task.

Paper: "Dynamic Modeling of Patients, Modalities and Tasks via Multi-modal Multi-task Mixture of
Experts" (ICLR 2025), supplement. Code: github.com/tangzhengxu2001/m4oe, where the file of the MToE
block is missing.

Stated: ViT-B per modality; a modality-specific mixture of 32 experts (MSoE), one of 128 experts
over all modalities with conditional routing (MToE), a final one of 16 with one slot; a conditional
mutual information term weighted by alpha = 0.05; task heads.
Stated otherwise in the release, hence settings: ``alpha`` (the term is commented out there, 0),
``head`` (a perceptron in the text, two linear maps without anything between them in the code).
Inferred from the code: all tokens of the encoders go in, depths of 2, 1 and 2, 8 attention heads,
experts of inner width 4 D, slots that average tokens of length 1, means over tokens that include
class tokens, one slot per task in every expert, task vectors that start at 0, the readout of the
task row, the token as unit and the sum over the batch in the mutual information.
Inferred here: ``h = X + Attn(LN X)``, ``Y_t = h + MoE_t(LN h)``; with several MToE blocks the
earlier ones pass on the sum over tasks, and the term is averaged over them; without MSoE the task
row stands alone; a segmentation task reads ``Y_t`` and the modality's mixture, patch by patch.
Mended: tokens of missing modalities take no part in attention, dispatch and means; the release
feeds complete samples only and drops samples with any missing label (strategy ``multitask``).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, Output
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.dense_head import DenseHeads, modality_tokens
from benchmark.models.layers.heads import task_outputs
from benchmark.models.layers.msoe import MSoEStack
from benchmark.models.layers.mtoe import MToE, TaskTokens
from benchmark.models.layers.mutual_information import routing_regulariser
from benchmark.models.layers.routing_shares import routing_shares
from benchmark.models.layers.tokens import masked_mean, token_flags
from benchmark.models.layers.widths import common_width, to_width
from benchmark.models.m4oe.config import M4oEConfig


class M4oE(Model):
    """``H_t = [mean Y_t; mean S_1; ...; mean S_M]``, ``logits_t = head_t(LN_t(final(H_t))_0)``.

    ``S_m = MSoE_m(X_m)`` and ``Y_1 .. Y_T = MToE([X_1; ...; X_M])`` for tokens X_m. Parameters:
    those of the blocks (see ``layers/msoe.py`` and ``layers/mtoe.py``)
    and ``D^2 + 3 D + (D + 1) C`` of every task that is no segmentation.

    Args:
        problem: One dataset.
        encoders: Token encoders.
        config: Depths, experts, switches.

    Raises:
        UsageError: Widths or heads do not fit, or a segmentation has no grid of tokens.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: M4oEConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.config = config
        self.names = [modality.name for modality in problem.only.modalities]
        self.tasks = [task.name for task in problem.only.tasks]
        self.counts = [encoders[name].tokens for name in self.names]  # P of each modality
        widths = [encoders[name].width for name in self.names]
        width = common_width(widths, config.width)
        self.project = to_width(widths, config.width)
        self.msoe = nn.ModuleList(
            self._stack(width, config.msoe_depth, config.msoe_experts, config.msoe_slots)
            for _ in self.names
            if config.msoe == "mixture"
        )
        self.mtoe = self._joint(width)
        self.final = self._stack(
            width, config.final_depth, config.final_experts, config.final_slots
        )
        self.outputs = task_outputs(problem, dense=True)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in self.outputs)
        self.heads = nn.ModuleList(
            _head(width, count, config.head) for count in self.outputs.values()
        )
        self.dense_heads = DenseHeads(problem, config.dense, encoders, width)

    def _stack(self, width: int, depth: int, experts: int, slots: int) -> MSoEStack:
        hidden = self.config.hidden or 4 * width
        normalize = self.config.normalize_slot_inputs
        return MSoEStack(depth, width, experts, slots, self.config.heads, hidden, normalize)

    def _joint(self, width: int) -> MToE | MSoEStack:
        config = self.config
        if config.mtoe == "shared":
            return self._stack(width, config.mtoe_depth, config.mtoe_experts, 1)
        return MToE(
            config.mtoe_depth,
            width,
            len(self.tasks),
            config.mtoe_experts,
            config.heads,
            config.hidden or 4 * width,
            config.task_residual,
            config.normalize_slot_inputs,
        )

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C), of segmentations (B, C, H, W)."""
        observed = batch.observed
        keys = token_flags(observed, self.counts)
        # Without a mask attention takes its fastest way.
        mask = None if bool(observed.all()) else keys
        tokens = [
            project(self.encode(batch, name))
            for project, name in zip(self.project, self.names, strict=True)
        ]
        own = self._modalities(tokens, mask)
        joint = self.mtoe(torch.cat(tokens, dim=1), mask)
        pooled = self._pooled(joint, keys)  # (B, T or 1, D)
        logits = self._vector_logits(pooled, own, observed)
        logits |= self.dense_heads.each(
            [self._patches(task, joint, own, observed) for task in self.dense_heads.outputs]
        )
        outputs = joint if isinstance(joint, list) else []
        return Output(
            {task: logits[task] for task in self.tasks},
            self._losses(outputs),
            {} if self.training or not outputs else routing_shares(outputs[-1], self.counts),
        )

    def _modalities(self, tokens: list[Tensor], mask: Tensor | None) -> list[Tensor]:
        """Return S_m of every modality, (B, P_m, D); nothing without them."""
        if self.config.msoe == "nothing":
            return []
        if self.config.msoe == "tokens":
            return tokens
        masks = [None] * len(tokens) if mask is None else mask.split(self.counts, dim=1)
        return [msoe(one, own) for msoe, one, own in zip(self.msoe, tokens, masks, strict=True)]

    def _pooled(self, joint: list[TaskTokens] | Tensor, keys: Tensor) -> Tensor:
        """Return the mean of every task's Y over tokens, (B, T, D); (B, 1, D) where it is shared.

        Segmentation tasks have no row.
        """
        if isinstance(joint, Tensor):
            return masked_mean(joint, keys)[:, None]
        rows = [t for t, task in enumerate(self.tasks) if task in self.outputs]
        return joint[-1].pooled()[:, rows]

    def _vector_logits(
        self, pooled: Tensor, own: list[Tensor], observed: Tensor
    ) -> dict[str, Tensor]:
        """Return (B, C) for every task that is no segmentation."""
        if not self.outputs:
            return {}
        size, tasks, width = pooled.shape
        means = [one.mean(dim=1)[:, None].expand(size, tasks, width) for one in own]
        rows = torch.stack([pooled, *means], dim=2).flatten(0, 1)  # (B T, R, D)
        flags = torch.cat([observed.any(dim=1, keepdim=True), observed], dim=1)[:, : 1 + len(own)]
        keys = flags.repeat_interleave(tasks, dim=0)
        rows = self.final(rows, None if bool(observed.all()) else keys)
        views = rows.unflatten(0, (size, tasks)).expand(size, len(self.outputs), -1, width)
        logits = {}
        for t, (task, norm, head) in enumerate(
            zip(self.outputs, self.norms, self.heads, strict=True)
        ):
            normed = norm(views[:, t])
            read = normed[:, 0] if self.config.readout == "task" else masked_mean(normed, flags)
            logits[task] = head(read)
        return logits

    def _patches(
        self, task: str, joint: list[TaskTokens] | Tensor, own: list[Tensor], observed: Tensor
    ) -> Tensor:
        """Return ``Y_t + S_m`` on the image's tokens, (B, P_m, D); zeros without the image."""
        m = self.dense_heads.number
        tokens = joint if isinstance(joint, Tensor) else joint[-1].of(self.tasks.index(task))
        patches = modality_tokens(tokens, self.counts, m)
        patches = patches + own[m] if own else patches
        return torch.where(observed[:, m, None, None], patches, torch.zeros_like(patches))

    def _losses(self, outputs: list[TaskTokens]) -> dict[str, Tensor]:
        config = self.config
        if not outputs or config.alpha == 0:
            return {}
        layers = [one.probabilities() for one in outputs]
        term = routing_regulariser(layers, self.counts, config.mi_unit, config.mi_reduction)
        return {"mutual_information": config.alpha * term}


def _head(width: int, outputs: int, form: str) -> nn.Sequential:
    between = nn.GELU() if form == "gelu" else nn.Identity()
    return nn.Sequential(nn.Linear(width, width), between, nn.Linear(width, outputs))
