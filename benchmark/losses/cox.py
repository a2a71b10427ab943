"""Cox's negative log partial likelihood."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmark.core.problem import Task, TaskKind
from benchmark.losses._base import Loss
from benchmark.losses.config import CoxConfig


class Cox(Loss):
    r"""Negative log partial likelihood of a proportional-hazards model, mean over events.

    With log-risk r, the events D of the batch and the risk set R(t) = {j: t_j >= t}:
    ``-1/|D| sum_{i in D} [r_i - log sum_{j in R(t_i)} exp(r_j)]`` where no two events share a time
    (Cox, "Regression models and life-tables", JRSS B 1972). For d tied events at time t, with
    S_R = sum over R(t) and S_D = sum over the d events of exp(r), the d denominators are

    - ``breslow``: S_R each time (Breslow, "Covariance analysis of censored survival data", 1974);
    - ``efron``: S_R - (l / d) S_D for l = 0..d-1 (Efron, "The efficiency of Cox's likelihood
      function for censored data", 1977).

    A sample censored at t is still at risk at t. Risk sets hold the labelled samples of the batch
    only, so the value depends on how batches are cut: with ``accumulate`` the risk sets are those
    of the micro-batches. A batch without an event gives 0 with zero gradient.

    Args:
        task: Survival.
        config: How tied event times are handled.
        train_targets: Not used.
    """

    kinds: ClassVar[tuple[TaskKind, ...]] = ("survival",)
    empty: ClassVar[str] = "no event among the labelled samples"

    def __init__(self, task: Task, config: CoxConfig, train_targets: NDArray[Any]) -> None:
        super().__init__(task)
        self.n_outputs = 1
        self.ties = config.ties

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the mean over the events of a batch, a scalar.

        Args:
            logits: (B, 1) log-risks.
            target: (B, 2) time and event (1 = event, 0 = censored); NaN is unlabelled.
        """
        labelled = target.isfinite().all(dim=1)
        risk, time, event = logits[labelled, 0], target[labelled, 0], target[labelled, 1] == 1
        if not event.any():
            return logits[:0].sum()  # an empty sum: 0, still part of the graph
        # Latest first, events before the censored of the same time.
        order = torch.argsort(event.to(torch.int8), descending=True, stable=True)
        order = order[torch.argsort(time[order], descending=True, stable=True)]
        risk, time, event = risk[order], time[order], event[order]
        return (self._log_denominators(risk, time, event) - risk[event]).mean()

    def weight(self, target: Tensor) -> Tensor:
        """Return the number of events."""
        labelled = target.isfinite().all(dim=1)
        return (labelled & (target[:, 1] == 1)).sum().to(torch.float32)

    def scores(self, logits: Tensor) -> Tensor:
        """Return log-risks (B,), higher for earlier events; float32 or wider."""
        return logits[:, 0].to(torch.promote_types(logits.dtype, torch.float32))

    def _log_denominators(self, risk: Tensor, time: Tensor, event: Tensor) -> Tensor:
        """Return log of what each event's exp(risk) is divided by, (D,); inputs latest first."""
        _, tied, counts = torch.unique_consecutive(time, return_inverse=True, return_counts=True)
        last = counts.cumsum(0) - 1
        at_risk = risk.logcumsumexp(0)[last][tied[event]]
        if self.ties == "breslow":
            return at_risk
        group = tied[event]
        deaths = torch.zeros_like(counts).index_add(0, group, torch.ones_like(group))
        # S_D / S_R by group; relative to the risk set nothing overflows.
        share = torch.zeros_like(risk[: len(counts)])
        share = share.index_add(0, group, (risk[event] - at_risk).exp())
        first = deaths.cumsum(0) - deaths
        nth = torch.arange(len(group), device=risk.device) - first[group]
        done = nth.to(risk.dtype) / deaths[group]
        return at_risk + torch.log1p(-done * share[group])
