"""Settings of the joint-token transformer with switch layers; torch-free."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from benchmark.models.joint_transformer.config import JointTransformerConfig


class SwitchGateConfig(JointTransformerConfig):
    """Settings of the joint-token transformer with switch layers.

    Attributes:
        experts: E of every switch layer.
        sparse_layers: Which layers have experts: ``alternate``, the first, third, fifth ...; or
            ``all``.
        capacity_train: An expert takes this many times its even share of a modality's tokens.
        capacity_eval: The same in evaluation, 2.4 in the release; None takes every token.
        router_noise: Half width of the uniform noise on the router's logits in training.
        expert_init: Fan-in of one expert (``linear``), or that of the stack (``stacked``, as
            released).
        balance_weight: Factor of the balance loss.
        balance: Mean over all calls, or the ``last`` modality's alone, as released.
    """

    experts: int = Field(default=16, ge=1)
    sparse_layers: Literal["alternate", "all"] = "alternate"
    capacity_train: float = Field(default=1.2, gt=0)
    capacity_eval: float | None = Field(default=None, gt=0)
    router_noise: float = Field(default=0.1, ge=0)
    expert_init: Literal["linear", "stacked"] = "linear"
    balance_weight: float = Field(default=0.01, ge=0)
    balance: Literal["mean", "last"] = "mean"
