"""Settings of I2MoE; torch-free."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from benchmark.core.errors import suggestion
from benchmark.models import MODELS
from benchmark.models._config import EncoderOutput, ModelConfig


class I2MoEConfig(ModelConfig):
    """Settings of I2MoE.

    Attributes:
        fusion: The expert: ``name`` of a fusion model and its settings.
        experts: ``all``: one uniqueness expert per modality, synergy, redundancy; or the last two
            alone.
        expert_init: Experts start as copies of one (``shared``) or are drawn one by one.
        interaction: What the interaction losses compare: ``logits``, the ``latent`` vectors that
            the heads read, or nothing (``none``: no masked passes).
        interaction_weight: Factor of the mean interaction loss.
        interaction_divisor: The sum over experts is divided by their number (``experts``), or by
            M + 2 however many there are (``all``, as released).
        latent_detach: Compare latent vectors without gradient, as released.
        synergy_reg_sign: -1: synergy moves predictions of a regression apart; 1: together, as
            released, which is what redundancy does.
        mask: What stands for a masked modality: ``random`` normal numbers, the ``mean`` of the
            training codes seen so far, or ``zero``.
        mask_draw: One random draw per expert, or one ``shared`` by all.
        masked: ``all`` modalities in turn, or a ``pair`` of them drawn for every batch.
        weighting: Experts' weights from a perceptron on the codes (``mlp``), or ``global`` numbers.
        weight_layers: Linear layers of the perceptron.
        weight_hidden: Width of its hidden layers.
        weight_dropout: After its hidden activations.
        temperature: Of the softmax over experts.
        gate_loss_grad: Whether the experts' own losses (gates, balance) have gradients; not in the
            release.
    """

    fusion: dict[str, Any] = Field(
        default_factory=lambda: {"name": "joint_transformer"}, validate_default=True
    )
    experts: Literal["all", "synergy_redundancy"] = "all"
    expert_init: Literal["shared", "independent"] = "shared"
    interaction: Literal["logits", "latent", "none"] = "logits"
    interaction_weight: float = Field(default=0.5, ge=0)
    interaction_divisor: Literal["experts", "all"] = "experts"
    latent_detach: bool = False
    synergy_reg_sign: Literal[-1, 1] = -1
    mask: Literal["random", "mean", "zero"] = "random"
    mask_draw: Literal["per_expert", "shared"] = "per_expert"
    masked: Literal["all", "pair"] = "all"
    weighting: Literal["mlp", "global"] = "mlp"
    weight_layers: int = Field(default=2, ge=1)
    weight_hidden: int = Field(default=256, ge=1)
    weight_dropout: float = Field(default=0.5, ge=0, lt=1)
    temperature: float = Field(default=2.0, gt=0)
    gate_loss_grad: bool = True

    @field_validator("fusion")
    @classmethod
    def _complete(cls, value: dict[str, Any]) -> dict[str, Any]:
        """Fill in every setting of the fusion model, so that a fingerprint holds them."""
        given = dict(value)
        name = given.pop("name", None)
        known = [one for one in MODELS if one != "i2moe" and _separable(one)]
        if name not in known:
            raise ValueError(f"fusion: unknown name {name!r} ({suggestion(str(name), known)})")
        try:
            settings = MODELS.config(name).parse(given).model_dump(mode="json")
        except ValidationError as error:
            raise ValueError(
                "; ".join(
                    f"fusion.{'.'.join(map(str, one['loc']))}: {one['msg']}"
                    for one in error.errors()
                )
            ) from None
        return {"name": name, **settings}

    @property
    def fusion_config(self) -> ModelConfig:
        """Settings of the fusion model."""
        settings = {key: value for key, value in self.fusion.items() if key != "name"}
        config: ModelConfig = MODELS.config(self.fusion["name"]).parse(settings)
        return config

    def encoder_gives(self, modality: str) -> EncoderOutput:
        """Return what the fusion model wants of an encoder."""
        return self.fusion_config.encoder_gives(modality)


def _separable(name: str) -> bool:
    entry = MODELS.entry(name)
    return entry.family == "model" and bool(getattr(MODELS.config(name), "separable", False))
