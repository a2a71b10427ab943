"""Contrastive log-ratio upper bound of mutual information (CLUB)."""

from __future__ import annotations

from torch import Tensor, nn


class CLUB(nn.Module):
    """Gaussian q(y | x) with diagonal covariance, learned apart from what it measures.

    With ``l(i, j) = log q(y_j | x_i)`` up to a constant: the estimator minimises
    ``-mean_i l(i, i)``; the bound is ``mean_i l(i, i) - mean_ij l(i, j)``
    (Cheng et al., "CLUB: A contrastive log-ratio upper bound of mutual information", ICML 2020,
    section 3.2). It bounds from above as far as q is the true conditional. Log-variances are a
    hyperbolic tangent, within [-1, 1], as in the authors' code.

    ``4 D H + 2 H + 2 D`` parameters.

    Args:
        width: D of x and of y.
        hidden: H of both perceptrons.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.mean = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))
        self.log_variance = nn.Sequential(
            nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width), nn.Tanh()
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return ``l(i, j)`` of all pairs, (B, B), from x (B, D) and y (B, D)."""
        mean, log_variance = self.mean(x), self.log_variance(x)
        # (y - m)^2 multiplied out, so that no (B, B, D) tensor is needed.
        precision = (-log_variance).exp()
        squared = (
            precision @ y.square().T
            - 2 * (precision * mean) @ y.T
            + (precision * mean.square()).sum(dim=1, keepdim=True)
        )
        log: Tensor = -0.5 * (squared + log_variance.sum(dim=1, keepdim=True))
        return log


def club_likelihood_loss(log: Tensor) -> Tensor:
    """Return what the estimator minimises, ``-mean_i l(i, i)``, from ``l`` (B, B)."""
    return -log.diagonal().mean()


def club_bound(log: Tensor) -> Tensor:
    """Return the upper bound in nats, ``mean_i l(i, i) - mean_ij l(i, j)``, from ``l`` (B, B)."""
    return log.diagonal().mean() - log.mean()
