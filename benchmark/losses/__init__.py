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
    },
)

#: Loss used when a manifest names none.
DEFAULT_LOSS = {"binary": "bce", "multiclass": "cross_entropy", "multilabel": "bce"}
