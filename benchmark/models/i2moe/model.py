"""I2MoE: experts for what each modality has alone, what all share, and what they have together.

Paper: Xin et al., "I2MoE: Interpretable multimodal interaction-aware mixture of experts" (ICML
2025), section 3, Tables 1 to 5, Appendix G. Code: github.com/Raina-Xin/I2MoE,
``src/imoe/InteractionMoE.py``.

Stated: M uniqueness experts, one for synergy, one for redundancy, each a fusion model with its own
head; one further pass per modality with that modality replaced; triplet, cosine and squared-error
losses between the passes, averaged over experts; weights of the experts from a perceptron with a
temperature; ablations without interaction losses, on latent vectors, with global weights, with
fewer passes, with two experts, with mean and zero vectors (Tables 4 and 5).
Inferred from the code: experts start equal (``expert_init: shared``), losses compare logits,
replacements are drawn per expert and batch, the perceptron reads each modality's mean token, the
prediction is the weighted sum of logits.
Mended: for a regression synergy moves predictions apart (``synergy_reg_sign: -1``; the release has
+1, which is redundancy). Latent vectors keep their graph (``latent_detach``), the experts' own
losses have gradients (``gate_loss_grad``), two experts are averaged over two
(``interaction_divisor``). The release builds its experts before it fixes a seed; here the run's
seed decides. A missing modality stays missing under its mask: masking hides what is there, the
losses run over samples that have the modalities concerned, and its mean token is zero. A task with
one logit is compared by squared errors, since a cosine of two numbers is a sign.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from benchmark.core.errors import UsageError
from benchmark.core.problem import Problem
from benchmark.models import MODELS
from benchmark.models._fusion import Fused, FusionModel
from benchmark.models.encoders._base import Encoder
from benchmark.models.i2moe.config import I2MoEConfig
from benchmark.models.i2moe.masks import Masks
from benchmark.models.i2moe.weighting import Weighting
from benchmark.models.layers.interaction import Interaction, contrast_losses, distance_losses


class I2MoE(FusionModel):
    """``y = sum_e w_e f_e(z)`` with encoded modalities z, experts f and weights w of a sample.

    Training adds ``interaction_weight`` times the mean interaction loss of the experts, which needs
    (M + 2)(M + 1) fusions per batch; evaluation takes M + 2. Parameters without encoders: M + 2
    times those of the fusion model, and those of the weighting.

    ``info`` holds ``expert_names``; ``expert_logits[task]`` (E, B, C); ``weights`` (B, E); in
    training ``interaction`` (E,), the experts' losses.

    Args:
        problem: One dataset with at least two modalities.
        encoders: Whatever the fusion model wants.
        config: The fusion model and everything around it.

    Raises:
        UsageError: There is one modality.
    """

    def __init__(
        self, problem: Problem, encoders: Mapping[str, Encoder], config: I2MoEConfig
    ) -> None:
        super().__init__(problem, encoders)
        if len(self.names) < 2:
            raise UsageError(
                "i2moe compares what modalities have alone and together, and there is only one",
                "add a modality",
            )
        self.config = config
        self.roles = _roles(len(self.names), config)
        self.experts = nn.ModuleList(_experts(problem, encoders, config, len(self.roles)))
        used = [encoders[name] for name in self.names]
        self.weighting = Weighting([one.width for one in used], len(self.roles), config)
        shapes = [_shape(one) for one in used]
        self.masks = Masks(config.mask, config.mask_draw == "shared", shapes)

    @property
    def expert_names(self) -> tuple[str, ...]:
        """``uniqueness:<modality>`` for every modality, ``synergy``, ``redundancy``."""
        return tuple(
            f"uniqueness:{self.names[int(role)]}" if role.isdigit() else role for role in self.roles
        )

    def fuse(self, codes: Sequence[Tensor], observed: Tensor, passes: int = 1) -> Fused:
        """Fuse codes by all experts; see the class for ``info``."""
        compared = self.config.interaction != "none" and self.config.interaction_weight > 0
        replaced = self._replaced(codes, observed) if self.training and compared else {}
        experts = cast("list[FusionModel]", list(self.experts))
        fused = type(experts[0]).fuse_experts(experts, codes, observed, replaced)
        weights = self.weighting(codes)
        first = {task: one[:, 0] for task, one in fused.logits.items()}  # (E, B, C)
        logits = {
            task: torch.einsum("be,ebc->bc", weights.to(one.dtype), one)
            for task, one in first.items()
        }
        info: dict[str, object] = {
            "expert_names": self.expert_names,
            "expert_logits": {task: one.detach() for task, one in first.items()},
            "weights": weights.detach(),
        }
        losses = {name: self._own(one) for name, one in fused.losses.items()}
        if replaced:
            each = self._interaction(fused, observed, list(replaced))
            count = len(self.names) + 2
            divisor = count if self.config.interaction_divisor == "all" else len(self.roles)
            losses["interaction"] = self.config.interaction_weight * each.sum() / divisor
            info["interaction"] = each.detach()
        return Fused(logits, fused.latent[:, 0].transpose(0, 1).flatten(1), losses, info)

    def start_epoch(self, epoch: int) -> None:
        """Tell the experts."""
        for expert in self.experts:
            tell = getattr(expert, "start_epoch", None)
            if callable(tell):
                tell(epoch)

    def _replaced(self, codes: Sequence[Tensor], observed: Tensor) -> dict[int, Tensor]:
        """Draw what stands for every masked modality, (E, B, ...) each."""
        self.masks.observe(codes, observed)
        chosen = list(range(len(codes)))
        if self.config.masked == "pair":
            chosen = sorted(torch.randperm(len(codes))[:2].tolist())
        return {m: self.masks.draw(len(self.roles), m, codes[m]) for m in chosen}

    def _own(self, losses: Tensor) -> Tensor:
        """Average the experts' own losses (E,)."""
        mean = losses.mean()
        return mean if self.config.gate_loss_grad else mean.detach()

    def _interaction(self, fused: Fused, observed: Tensor, modalities: list[int]) -> Tensor:
        """Return the experts' losses (E,), the mean over what is compared."""
        compared: Sequence[Tensor] = list(fused.logits.values())
        if self.config.interaction == "latent":
            compared = [fused.latent.detach() if self.config.latent_detach else fused.latent]
        single = all(one.shape[-1] == 1 for one in fused.logits.values())
        losses = []
        for one in compared:
            values = one.float() if one.dtype == torch.bfloat16 else one
            pairs = Interaction(values[:, 0], values[:, 1:], modalities, observed)
            if single or one.shape[-1] == 1:
                sign = self.config.synergy_reg_sign
                losses.append(distance_losses(pairs, self.roles, sign))
            else:
                losses.append(contrast_losses(pairs, self.roles))
        return torch.stack(losses).mean(dim=0)


def _roles(modalities: int, config: I2MoEConfig) -> list[str]:
    """Return what each expert is for: a modality's position, ``synergy``, ``redundancy``."""
    unique = range(modalities) if config.experts == "all" else ()
    return [*map(str, unique), "synergy", "redundancy"]


def _experts(
    problem: Problem, encoders: Mapping[str, Encoder], config: I2MoEConfig, count: int
) -> list[FusionModel]:
    """Build fusion models without encoders of their own."""

    def one() -> FusionModel:
        built = MODELS.load(config.fusion["name"])(problem, encoders, config.fusion_config)
        expert = cast("FusionModel", built)
        expert.encoders = nn.ModuleList()
        return expert

    if config.expert_init == "independent":
        return [one() for _ in range(count)]
    first = one()
    return [first, *(copy.deepcopy(first) for _ in range(count - 1))]


def _shape(encoder: Encoder) -> tuple[int, ...]:
    """Return the shape of a sample's code."""
    if encoder.output == "tokens":
        return (encoder.tokens, encoder.width)
    return (encoder.width,)
