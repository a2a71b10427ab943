"""Settings of AsymMirai; torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from benchmark.models._config import EncoderOutput, ModelConfig, MToESettings

Count = Annotated[int, Field(ge=1)]


class AsymMiraiConfig(ModelConfig):
    """Settings of AsymMirai.

    Attributes:
        pairs: What is compared: both breasts in the same view (``sides``: ``cc`` and ``cc_other``),
            CC with MLO of one breast (``views``), image types of one view (``types``: ``ffdm_cc``
            and ``cview_cc``), or pairs of modalities by name.
        share_encoder: One encoder for both breasts' images of a view (``sides``), one for ``all``
            images, as the original has, or for none.
        mirror: Mirror the second map of a pair left to right; None does so for ``sides`` only.
        noise: Deviation of what is added to the identity as the first channel map.
        readout: ``vectors``: heads read the difference vectors of all pairs at their peaks;
            ``score``: heads read the mean peak height, as the original's only output.
        mu: First value of what is subtracted from a ``score``.
        sigma: First value of what it is then divided by.
        layers: Transformer layers over the difference vectors; the original has none.
        heads: Their attention heads.
        hidden: Inner width of their feed-forward blocks.
        dropout: Probability of their dropouts.
        head_hidden: Widths of hidden layers in every head.
        mtoe: Route the difference vectors through task experts; None does not.
    """

    encoder_output: ClassVar[EncoderOutput] = "tokens"

    pairs: Literal["sides", "views", "types"] | tuple[tuple[str, str], ...] = "sides"
    share_encoder: Literal["sides", "all", "none"] = "sides"
    mirror: bool | None = None
    noise: float = Field(default=0.01, ge=0)
    readout: Literal["vectors", "score"] = "vectors"
    mu: float = 2000.0
    sigma: float = Field(default=300.0, gt=0)
    layers: Annotated[int, Field(ge=0)] = 0
    heads: Count = 8
    hidden: Count = 2048
    dropout: float = Field(default=0.1, ge=0, lt=1)
    head_hidden: tuple[Count, ...] = ()
    mtoe: MToESettings | None = None

    @model_validator(mode="after")
    def _score_reads_no_vectors(self) -> Self:
        if self.readout == "score" and (self.layers or self.mtoe is not None):
            raise ValueError("readout 'score' reads no vectors: layers must be 0 and mtoe null")
        return self

    def encoder_of(self, modality: str, modalities: Sequence[str]) -> str:
        """Return the modality whose encoder reads ``modality``."""
        if self.share_encoder == "all":
            return modalities[0]
        own = modality.removesuffix("_other")
        return own if self.share_encoder == "sides" and own in modalities else modality

    def encoded(self, modalities: Sequence[str]) -> tuple[str, ...]:
        """Return the modalities that have an encoder of their own."""
        used = {self.encoder_of(name, modalities) for name in modalities}
        return tuple(name for name in modalities if name in used)
