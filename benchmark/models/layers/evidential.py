"""Normal-inverse-gamma outputs, the Student t they imply, and its fusion."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Degrees of freedom above 2 that a variance needs; softplus may round to 0.
_LEAST = 1e-6


@dataclass(frozen=True)
class StudentT:
    """Student's t for each of C outputs, all (B, C).

    Attributes:
        df: Degrees of freedom, above 2.
        loc: Location.
        scale2: Squared scale; the variance is ``scale2 df / (df - 2)``.
    """

    df: Tensor
    loc: Tensor
    scale2: Tensor

    def nll(self, y: Tensor) -> Tensor:
        """Return minus the log density of values y (B, C), (B, C)."""
        half = (self.df + 1) / 2
        normaliser = (
            torch.lgamma(half)
            - torch.lgamma(self.df / 2)
            - 0.5 * torch.log(math.pi * self.df * self.scale2)
        )
        squared = (y - self.loc).square() / (self.df * self.scale2)
        return half * torch.log1p(squared) - normaliser

    def where(self, kept: Tensor, other: StudentT) -> StudentT:
        """Take this distribution for the samples ``kept`` (B,) bool, the other one elsewhere."""
        pairs = ((self.df, other.df), (self.loc, other.loc), (self.scale2, other.scale2))
        return StudentT(*(torch.where(kept[:, None], one, two) for one, two in pairs))


@dataclass(frozen=True)
class NIG:
    """Normal-inverse-gamma for each of C outputs, all (B, C).

    Attributes:
        gamma: Mean of the mean.
        v: Virtual observations of the mean.
        a: Shape, above 1.
        b: Rate.
    """

    gamma: Tensor
    v: Tensor
    a: Tensor
    b: Tensor

    def student(self) -> StudentT:
        """Return what is left with mean and variance integrated out."""
        return StudentT(2 * self.a, self.gamma, self.b * (1 + self.v) / (self.v * self.a))

    def nll(self, y: Tensor) -> Tensor:
        """Return minus the log evidence of values y (B, C), (B, C); Amini et al. (2020), eq. 8."""
        omega = 2 * self.b * (1 + self.v)
        return (
            0.5 * torch.log(math.pi / self.v)
            - self.a * torch.log(omega)
            + (self.a + 0.5) * torch.log(self.v * (y - self.gamma).square() + omega)
            + torch.lgamma(self.a)
            - torch.lgamma(self.a + 0.5)
        )

    def evidence(self) -> Tensor:
        """Return ``v + a + 1 / b``, (B, C)."""
        return self.v + self.a + 1 / self.b


class NIGHead(nn.Module):
    """Four perceptrons with one hidden layer give gamma and, positive, v, a and b.

    ``v = min(softplus, 20)``, ``a = min(1 + softplus, 20)``, ``b = softplus + 0.2``.
    ``4 (D H + H + H C + C)`` parameters.

    Args:
        width: D.
        hidden: H.
        outputs: C.
    """

    def __init__(self, width: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.parts = nn.ModuleList(
            nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, outputs))
            for _ in range(4)
        )

    def forward(self, features: Tensor) -> NIG:
        """Map features (B, D) to the distribution, of single precision at least."""
        raw = [part(features) for part in self.parts]
        gamma, v, a, b = (one.to(torch.promote_types(one.dtype, torch.float32)) for one in raw)
        return NIG(
            gamma,
            functional.softplus(v).clamp(min=_LEAST, max=20),
            (1 + functional.softplus(a)).clamp(min=1 + _LEAST, max=20),
            functional.softplus(b) + 0.2,
        )


def fuse_students(one: StudentT, other: StudentT) -> StudentT:
    """Join two predictions of the same outputs into one of the same family.

    The base k is, sample by sample, the one with the smaller degrees of freedom for most outputs
    (the first, if neither has), o is the other. Degrees of freedom are the base's, the location is
    the mean weighted by degrees of freedom, and
    ``scale2 = (scale2_k + scale2_o df_o (df_k - 2) / ((df_o - 2) df_k)) / 2``: the other's scale is
    changed so that its variance stays what it was, hence the variance is the mean of both.
    """
    second = (other.df < one.df).to(one.df.dtype).mean(dim=1) > 0.5
    base, rest = other.where(second, one), one.where(second, other)
    ratio = rest.df * (base.df - 2) / ((rest.df - 2) * base.df)
    loc = (one.df * one.loc + other.df * other.loc) / (one.df + other.df)
    return StudentT(base.df, loc, (base.scale2 + rest.scale2 * ratio) / 2)
