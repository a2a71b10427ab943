"""Settings of Fuse-MoE; torch-free."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from benchmark.models._config import ModelConfig

Count = Annotated[int, Field(ge=1)]


class FuseMoEConfig(ModelConfig):
    """Settings of Fuse-MoE.

    Attributes:
        width: D; None takes the encoders' common width, else tokens are mapped to D linearly.
        layers: L.
        router: ``joint``: one router, which sees all modalities at once; ``modality``: a router of
            each modality, experts shared; ``disjoint``: routers and experts of each modality.
        unit: What is routed: the tokens of a ``sample`` flattened to one vector, or every
            ``token`` (of one modality; then ``joint`` and ``modality`` differ in the router alone).
        experts: n, of every layer, or one number per layer; of each modality where ``disjoint``.
        top_k: Experts that a routed vector goes to.
        hidden: Inner width of an expert.
        gate: ``laplace``: minus the distance to the expert's vector; or ``linear``.
        combination: Whether outputs of experts are joined as a weighted ``sum``, or as the ``log``
            of the weighted sum of their exponentials.
        balance: Weight of the squared coefficient of variation of the experts' summed gates.
        heads: Attention heads; a divisor of D.
        dense: Modality whose tokens segmentation tasks are read off; needs an image encoder.
    """

    encoder_output: ClassVar[Literal["vector", "tokens"]] = "tokens"

    width: Count | None = 128
    layers: Count = 3
    router: Literal["joint", "modality", "disjoint"] = "joint"
    unit: Literal["sample", "token"] = "sample"
    experts: Count | tuple[Count, ...] = 16
    top_k: Count = 4
    hidden: Count = 512
    gate: Literal["laplace", "linear"] = "laplace"
    combination: Literal["sum", "log"] = "sum"
    balance: float = Field(default=0.01, ge=0, allow_inf_nan=False)
    heads: Count = 8
    dense: str | None = None
