"""Multilayer perceptron."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import nn

Activation = Literal["relu", "gelu", "tanh"]

_ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
}


def hidden_layers(
    width: int, hidden: Sequence[int], dropout: float, activation: Activation
) -> nn.Sequential:
    """Return Linear-activation-dropout blocks, (B, width) -> (B, hidden[-1]).

    Without hidden widths it is the identity.
    """
    layers: list[nn.Module] = []
    for inner, outer in zip([width, *hidden], hidden, strict=False):
        layers += [nn.Linear(inner, outer), _ACTIVATIONS[activation](), nn.Dropout(dropout)]
    return nn.Sequential(*layers)


def mlp(
    width: int, hidden: Sequence[int], out: int, dropout: float, activation: Activation
) -> nn.Sequential:
    """Return hidden blocks and a last linear map, (B, width) -> (B, out)."""
    layers = hidden_layers(width, hidden, dropout, activation)
    layers.append(nn.Linear(hidden[-1] if hidden else width, out))
    return layers
