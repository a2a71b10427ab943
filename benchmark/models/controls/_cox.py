"""Linear proportional hazards with an L2 penalty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.models.controls._matrix import Components, Matrix

Values = NDArray[np.float64]

_STEPS = 100
_SMALL = 1e-10


def fit_cox(x: Matrix, target: Matrix, penalties: Sequence[float]) -> list[Values]:
    r"""Return for each penalty the weights w, (F,), that minimise ``-l(x w)/N + penalty/2 |w|^2``.

    l is Cox's log partial likelihood with Breslow's ties (see ``benchmark.losses.cox``), N the
    number of samples; the scale of the penalty is that of lifelines' ``CoxPHFitter(penalizer=...)``
    on standardised features. More features than samples cost little: the best weights lie in the
    span of the samples, so Newton's method runs over the at most N coordinates there, in which |w|
    is the same. Each penalty starts from the weights of the one before.

    Args:
        x: (N, F) features.
        target: (N, 2) time and event, at least one event.
        penalties: Above 0, which makes the optimum unique; strong ones first is quickest.
    """
    span = Components(x, min(x.shape))
    order = np.argsort(-target[:, 0], kind="stable")
    problem = _Problem(span(x)[order], target[order, 0], target[order, 1] == 1)
    weights, found = np.zeros(span.axes.shape[1]), []
    for penalty in penalties:
        weights = problem.minimise(penalty, weights)
        found.append(span.axes @ weights)
    return found


@dataclass(frozen=True)
class _Problem:
    """Samples, latest first: features z (N, K), time (N,), event (N,)."""

    z: Matrix
    time: Values
    event: NDArray[np.bool_]

    def minimise(self, penalty: float, weights: Values) -> Values:
        """Return the best weights by damped Newton steps; the objective is strictly convex."""
        value = self.value(penalty, weights)
        for _ in range(_STEPS):
            gradient, hessian = self.derivatives(penalty, weights)
            step = np.linalg.solve(hessian, gradient)
            gain = float(gradient @ step)
            if gain < _SMALL**2:
                break
            length = 1.0
            while (new := self.value(penalty, weights - length * step)) > value - length * gain / 4:
                length /= 2
                if length < _SMALL:
                    return weights
            weights, value = weights - length * step, new
        return weights

    def value(self, penalty: float, weights: Values) -> float:
        """Return the objective."""
        risk = self.z @ weights
        lost = (self._log_at_risk(risk) - risk)[self.event].sum()
        return float(lost) / len(self.z) + penalty / 2 * float(weights @ weights)

    def derivatives(self, penalty: float, weights: Values) -> tuple[Values, Matrix]:
        """Return gradient (K,) and Hessian (K, K) of the objective."""
        risk, n = self.z @ weights, len(self.z)
        # share[i, j]: probability that of those at risk at event i, sample j has it.
        share = np.exp(np.minimum(risk[None, :] - self._log_at_risk(risk)[self.event][:, None], 0))
        share *= self.time[None, :] >= self.time[self.event][:, None]
        total, means = share.sum(axis=0), share @ self.z
        gradient = self.z.T @ (total - self.event) / n + penalty * weights
        spread = (self.z.T * total) @ self.z - means.T @ means
        return gradient, spread / n + penalty * np.eye(self.z.shape[1])

    def _log_at_risk(self, risk: Values) -> Values:
        """Return log of the sum of exp(risk) over those with a time at least as late, (N,)."""
        last = np.searchsorted(-self.time, -self.time, side="right") - 1
        return np.asarray(np.logaddexp.accumulate(risk)[last], dtype=np.float64)
