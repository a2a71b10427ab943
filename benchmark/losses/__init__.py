"""Registered losses. A loss also says how many logits its task needs and what they mean."""

from __future__ import annotations

from benchmark.core.registry import Entry, Registry

LOSSES = Registry(
    "loss",
    {
        "cross_entropy": Entry(
            target="benchmark.losses.cross_entropy:CrossEntropy",
            config="benchmark.losses.config:CrossEntropyConfig",
            summary="softmax cross-entropy, one logit per class, optional class weights",
        ),
        "bce": Entry(
            target="benchmark.losses.bce:BCE",
            config="benchmark.losses.config:BCEConfig",
            summary="sigmoid cross-entropy for binary (one logit) and multilabel tasks",
        ),
        "cox": Entry(
            target="benchmark.losses.cox:Cox",
            config="benchmark.losses.config:CoxConfig",
            summary="Cox negative log partial likelihood, risk sets within the batch",
        ),
        "nll_surv": Entry(
            target="benchmark.losses.nll_surv:NLLSurv",
            config="benchmark.losses.config:NLLSurvConfig",
            summary="discrete-time survival likelihood, one hazard per time bin",
        ),
        "mse": Entry(
            target="benchmark.losses.regression:MSE",
            config="benchmark.losses.config:MSEConfig",
            summary="squared error",
        ),
        "mae": Entry(
            target="benchmark.losses.regression:MAE",
            config="benchmark.losses.config:MAEConfig",
            summary="absolute error",
        ),
        "dice_ce": Entry(
            target="benchmark.losses.dice_ce:DiceCE",
            config="benchmark.losses.config:DiceCEConfig",
            summary="cross-entropy of pixels plus soft Dice of the foreground classes",
        ),
        "smooth_l1": Entry(
            target="benchmark.losses.regression:SmoothL1",
            config="benchmark.losses.config:SmoothL1Config",
            summary="squared error near the target, absolute far from it",
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
