"""Mirai: views conditioned on what they are, a transformer over them, one vector, heads.

Paper: Yala et al., "Toward robust mammography-based models for breast cancer risk" (Science
Translational Medicine 2021), as a baseline of M4oE (ICLR 2025), Tables 4, 7, 8, 9 and 13. Code:
github.com/yala/Mirai.

Stated (M4oE): images of 224 px, one head per task in place of the original's; with MToE, the
transformer's output tokens are what is routed.
Inferred from the code: a linear map to D, scale and shift by embeddings of view, time and side, a
post-norm layer with a feed-forward block of inner width D, the pooling's three forms, the additive
hazard (``hazard``). D, heads and dropout differ from one release to another (512 or 1024, 8 or 16,
0 or 0.1). Views of EMBED differ in image type where the original's differ in side, so the type
takes the side's embedding. All views are of one examination, hence one embedding of time.
Mended: a view that a sample lacks is neither attended to nor pooled. The original's two-stage
training, risk-factor loss and adversary have no counterpart here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, Output
from benchmark.core.errors import UsageError
from benchmark.core.problem import Problem
from benchmark.models._base import Model
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.additive_hazard import AdditiveHazard
from benchmark.models.layers.attention_layer import AttentionLayer
from benchmark.models.layers.condition import ViewCondition
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.task_routing import TaskRouting
from benchmark.models.layers.view_pool import ViewPool
from benchmark.models.mirai.config import MiraiConfig

_RISK = re.compile(r"risk_(\d+)y")


class Mirai(Model):
    """``x_v = W E(view_v)``, conditioned, L layers over the views, pooled to h, heads.

    With MToE, h is the task's own: pooled from its output for the views.

    Args:
        problem: One dataset whose modalities are views.
        encoders: Vector encoders of one width; only the first view's where it is shared.
        config: Sharing, aggregator, heads.

    Raises:
        UsageError: Views of different shapes share an encoder, the heads do not divide D, or a
            hazard is wanted without tasks ``risk_1y .. risk_Ky``.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: MiraiConfig
    ) -> None:
        super().__init__(problem, encoders)
        self.names = [modality.name for modality in problem.only.modalities]
        self.by = [self.names[0] if config.share_encoder else name for name in self.names]
        _check_shapes(problem, config)
        width = config.width
        self.project = nn.ModuleList(
            nn.Linear(encoders[name].width, width) for name in dict.fromkeys(self.by)
        )
        self.condition = (
            ViewCondition(width, self.names, config.embedding) if config.condition else None
        )
        self.layers = nn.ModuleList(
            AttentionLayer(width, config.heads, config.hidden or width, config.dropout)
            for _ in range(config.layers)
        )
        self.pool = ViewPool(width, config.pool)
        self.horizons = _horizons(problem) if config.hazard else {}
        self.hazard = AdditiveHazard(width, len(self.horizons)) if config.hazard else None
        count = len(problem.only.tasks)
        self.routing = TaskRouting(width, count, config.mtoe) if config.mtoe else None
        self.heads = TaskHeads(width, _without(problem, self.horizons), config.head_hidden)

    def forward(self, batch: Batch) -> Output:
        """Score a batch; ``logits[task]`` is (B, C)."""
        tokens = torch.stack([self._view(batch, v) for v in range(len(self.names))], dim=1)
        if self.condition is not None:
            tokens = self.condition(tokens)
        for layer in self.layers:
            tokens = layer(tokens, None, batch.observed)
        if self.routing is not None:
            return self._route(tokens, batch.observed)
        features = self.pool(tokens, batch.observed)
        return Output({**self.heads(features), **self._risks(features)})

    def _route(self, views: Tensor, observed: Tensor) -> Output:
        """Score by features of each task's own, pooled from the views as its experts leave them."""
        assert self.routing is not None
        routed, losses = self.routing(views, observed, [1] * len(self.names))
        features = [self.pool(routed.of(task), observed) for task in range(len(self.heads.outputs))]
        return Output(self.heads.each(features), losses)

    def _view(self, batch: Batch, v: int) -> Tensor:
        """Return x_v, (B, D)."""
        order = list(dict.fromkeys(self.by))
        code = self.encode(batch, self.names[v], by=self.by[v])
        projected: Tensor = self.project[order.index(self.by[v])](code)
        return projected

    def _risks(self, features: Tensor) -> dict[str, Tensor]:
        """Return the logits of the tasks under the additive hazard."""
        if self.hazard is None:
            return {}
        risks = self.hazard(features)  # (B, K)
        return {
            task: _as_classes(risks[:, k, None], outputs)
            for k, (task, outputs) in enumerate(self.horizons.items())
        }


def _as_classes(logit: Tensor, outputs: int) -> Tensor:
    """Return a binary logit (B, 1) in the form of its loss, which may want one logit per class."""
    return logit if outputs == 1 else torch.cat([torch.zeros_like(logit), logit], dim=1)


def _horizons(problem: Problem) -> dict[str, int]:
    """Return the number of logits of the tasks ``risk_1y ..``, in order of the years."""
    only = problem.only
    years = {
        int(found[1]): task.name for task in only.tasks if (found := _RISK.fullmatch(task.name))
    }
    if not years:
        raise UsageError(
            f"a hazard needs tasks risk_1y, risk_2y ..., dataset {only.dataset!r} has "
            f"{', '.join(task.name for task in only.tasks)}",
            "set the model's hazard: false, or add the tasks",
        )
    return {years[year]: problem.n_outputs(only.dataset, years[year]) for year in sorted(years)}


def _without(problem: Problem, tasks: Mapping[str, int]) -> Problem:
    kept = tuple(task for task in problem.only.tasks if task.name not in tasks)
    component = problem.only.model_copy(update={"tasks": kept})
    return problem.model_copy(update={"components": (component,)})


def _check_shapes(problem: Problem, config: MiraiConfig) -> None:
    shapes = {modality.name: modality.shape for modality in problem.only.modalities}
    if config.share_encoder and len(set(shapes.values())) > 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise UsageError(
            f"views of different shapes cannot share an encoder: {listed}",
            "set the model's share_encoder: false",
        )
