"""Registered losses. A loss also says how many logits its task needs and what they mean."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.core.problem import TaskKind
from benchmark.core.registry import Entry, Registry


@dataclass(frozen=True)
class LossInfo(Entry):
    """A registered loss.

    Attributes:
        kinds: Task kinds it is defined for, as its class says. Checked when a manifest is
            validated, without torch.
    """

    kinds: tuple[TaskKind, ...] = ()


LOSSES = Registry(
    "loss",
    {
        "cross_entropy": LossInfo(
            target="benchmark.losses.cross_entropy:CrossEntropy",
            config="benchmark.losses.config:CrossEntropyConfig",
            summary="softmax cross-entropy, one logit per class, optional class weights",
            kinds=("binary", "multiclass"),
        ),
        "focal": LossInfo(
            target="benchmark.losses.focal:Focal",
            config="benchmark.losses.config:FocalConfig",
            summary="cross-entropy that counts well classified samples less, class weights",
            kinds=("binary", "multiclass"),
        ),
        "bce": LossInfo(
            target="benchmark.losses.bce:BCE",
            config="benchmark.losses.config:BCEConfig",
            summary="sigmoid cross-entropy for binary (one logit) and multilabel tasks",
            kinds=("binary", "multilabel"),
        ),
        "cox": LossInfo(
            target="benchmark.losses.cox:Cox",
            config="benchmark.losses.config:CoxConfig",
            summary="Cox negative log partial likelihood, risk sets within the batch",
            kinds=("survival",),
        ),
        "nll_surv": LossInfo(
            target="benchmark.losses.nll_surv:NLLSurv",
            config="benchmark.losses.config:NLLSurvConfig",
            summary="discrete-time survival likelihood, one hazard per time bin",
            kinds=("survival",),
        ),
        "mse": LossInfo(
            target="benchmark.losses.regression:MSE",
            config="benchmark.losses.config:MSEConfig",
            summary="squared error",
            kinds=("regression",),
        ),
        "mae": LossInfo(
            target="benchmark.losses.regression:MAE",
            config="benchmark.losses.config:MAEConfig",
            summary="absolute error",
            kinds=("regression",),
        ),
        "dice_ce": LossInfo(
            target="benchmark.losses.dice_ce:DiceCE",
            config="benchmark.losses.config:DiceCEConfig",
            summary="cross-entropy of pixels plus soft Dice of the foreground classes",
            kinds=("segmentation",),
        ),
        "smooth_l1": LossInfo(
            target="benchmark.losses.regression:SmoothL1",
            config="benchmark.losses.config:SmoothL1Config",
            summary="squared error near the target, absolute far from it",
            kinds=("regression",),
        ),
    },
)

#: Loss used when a manifest names none.
DEFAULT_LOSS = {
    "binary": "bce",
    "multiclass": "cross_entropy",
    "multilabel": "bce",
    "regression": "mse",
    "survival": "cox",
    "segmentation": "dice_ce",
}
