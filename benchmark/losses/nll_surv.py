"""Negative log-likelihood of a discrete-time hazard model."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import logsigmoid

from benchmark.core.errors import DataError
from benchmark.core.problem import Task, TaskKind
from benchmark.losses._base import Loss
from benchmark.losses.config import NLLSurvConfig


class NLLSurv(Loss):
    r"""Discrete-time survival likelihood: one logit per time bin, whose sigmoid is the hazard.

    The time axis is cut at quantiles of the event times of the training rows; the first bin starts
    at 0, the last has no end, and a time equal to an edge belongs to the later bin. With hazards
    h_k = sigmoid(z_k), survival S_k = prod_{j <= k} (1 - h_j), S_{-1} = 1, and y the bin of a
    sample's time:

    - event: ``-log S_{y-1} - log h_y``
    - censored: ``-(1 - alpha) log S_y``

    averaged over labelled samples. ``alpha`` = 0 is the likelihood; above 0 it takes weight from
    the censored. Likelihood: Gensheimer and Narasimhan, "A scalable discrete-time survival model
    for neural networks" (PeerJ 2019); quantile bins and alpha: Chen et al., "Multimodal
    co-attention transformer for survival prediction in gigapixel whole slide images" (ICCV 2021),
    after Zadeh and Schmid, "Bias in cross-entropy-based training of deep survival networks"
    (TPAMI 2020).

    Args:
        task: Survival.
        config: Number of bins, alpha.
        train_targets: (n, 2) time and event of the training rows, for the edges.

    Attributes:
        edges: (n_outputs - 1,) float32 inner edges, in the unit of the times.

    Raises:
        DataError: The training events do not have enough different times for the bins.
    """

    kinds: ClassVar[tuple[TaskKind, ...]] = ("survival",)
    edges: Tensor

    def __init__(self, task: Task, config: NLLSurvConfig, train_targets: NDArray[Any]) -> None:
        super().__init__(task)
        self.n_outputs = config.bins
        self.alpha = config.alpha
        self.register_buffer("edges", self._edges(train_targets, config.bins))

    def _edges(self, target: NDArray[Any], bins: int) -> Tensor:
        known = np.isfinite(target).all(axis=1)
        times = target[known & (target[:, 1] == 1), 0].astype(np.float64)
        edges = np.quantile(times, np.arange(1, bins) / bins) if len(times) else np.zeros(2)
        if (np.diff(edges, prepend=times.min(initial=np.inf)) <= 0).any():
            raise DataError(
                f"task {self.task.name!r} has {len(np.unique(times))} different event times in the "
                f"training part, too few for {bins} bins of nll_surv",
                "use fewer bins, or the loss cox",
            )
        return torch.tensor(edges, dtype=torch.float32)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the mean over labelled samples, a scalar.

        Args:
            logits: (B, n_outputs) of the hazards.
            target: (B, 2) time and event (1 = event, 0 = censored); NaN is unlabelled.
        """
        labelled = target.isfinite().all(dim=1)
        if not labelled.any():
            return logits[:0].sum()  # an empty sum: 0, still part of the graph
        z, event = logits[labelled], target[labelled, 1] == 1
        y = torch.bucketize(target[labelled, 0].contiguous(), self.edges, right=True)[:, None]
        log_survival = logsigmoid(-z).cumsum(dim=1)
        before = log_survival.gather(1, y) - logsigmoid(-z).gather(1, y)
        died = -before - logsigmoid(z).gather(1, y)
        lived = -(1 - self.alpha) * log_survival.gather(1, y)
        return torch.where(event[:, None], died, lived).mean()

    def weight(self, target: Tensor) -> Tensor:
        """Return the number of labelled samples."""
        return target.isfinite().all(dim=1).sum().to(torch.float32)

    def scores(self, logits: Tensor) -> Tensor:
        """Return the risk -sum_k S_k, (B,) in [-n_outputs, 0]; float32 or wider.

        It is minus the expected number of bins survived, so it grows with earlier events.
        """
        wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
        return -logsigmoid(-wide).cumsum(dim=1).exp().sum(dim=1)
