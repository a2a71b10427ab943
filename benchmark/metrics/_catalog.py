"""Every metric id with what readers of a table need to know; torch- and scikit-learn-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from benchmark.core.problem import TaskKind
from benchmark.core.registry import Entry, Registry
from benchmark.core.spec import Ref


@dataclass(frozen=True)
class MetricInfo(Entry):
    """A registered metric.

    Attributes:
        label: Column head, e.g. ``AUROC``.
        kinds: Task kinds it is defined for.
        higher_is_better: Direction.
        bounds: Smallest and largest possible value.
        ranks: Looks at the order of scores, so a class (label) needs samples inside and outside
            it; other metrics need one inside.
        pooled: Takes all labels of a multilabel task together, so that none is ever left out.
    """

    label: str = ""
    kinds: tuple[TaskKind, ...] = ()
    higher_is_better: bool = True
    bounds: tuple[float, float] = (0.0, 1.0)
    ranks: bool = False
    pooled: bool = False


def _info(
    where: str, label: str, kinds: tuple[TaskKind, ...], summary: str, **more: Any
) -> MetricInfo:
    return MetricInfo(
        target=f"benchmark.metrics.{where}",
        label=label,
        kinds=kinds,
        summary=summary,
        ranks=where.startswith(("auroc:", "auprc:")),
        **more,
    )


_CLASSES: tuple[TaskKind, ...] = ("binary", "multiclass")
_ALL: tuple[TaskKind, ...] = ("binary", "multiclass", "multilabel")
_ERROR: dict[str, Any] = {"higher_is_better": False, "bounds": (0.0, inf)}

METRICS = Registry(
    "metric",
    {
        "acc": _info("accuracy:acc", "ACC", _CLASSES, "share of samples whose class is right"),
        "balanced_acc": _info(
            "accuracy:balanced_acc", "Bal. ACC", _CLASSES, "mean recall over the classes present"
        ),
        "auroc_binary": _info(
            "auroc:auroc_binary", "AUROC", ("binary",), "area under the ROC curve, ties count half"
        ),
        "auroc_ovr_macro": _info(
            "auroc:auroc_ovr_macro",
            "AUROC",
            ("multiclass", "multilabel"),
            "unweighted mean of one-vs-rest AUROC over classes (labels) with both outcomes",
        ),
        "auroc_ovo_macro": _info(
            "auroc:auroc_ovo_macro",
            "AUROC",
            ("multiclass",),
            "unweighted mean of AUROC over pairs of classes present (Hand and Till 2001)",
        ),
        "auprc_ap": _info(
            "auprc:auprc_ap", "AUPRC", _ALL, "average precision; macro over classes or labels"
        ),
        "auprc_trapezoid": _info(
            "auprc:auprc_trapezoid",
            "AUPRC",
            _ALL,
            "trapezoid area under the precision-recall curve; macro over classes or labels",
        ),
        "f1_macro": _info("f1:f1_macro", "F1", _ALL, "unweighted mean F1 over classes or labels"),
        "f1_micro": _info("f1:f1_micro", "F1 (micro)", _ALL, "F1 of pooled decisions", pooled=True),
        "recall_macro": _info(
            "f1:recall_macro", "Recall", _ALL, "unweighted mean recall over classes or labels"
        ),
        "precision_macro": _info(
            "f1:precision_macro",
            "Precision",
            _ALL,
            "unweighted mean precision over classes or labels",
        ),
        "exact_match": _info(
            "accuracy:exact_match",
            "Exact match",
            ("multilabel",),
            "share of samples whose labels are all right",
            pooled=True,
        ),
        "c_index": _info(
            "c_index:c_index",
            "c-index",
            ("survival",),
            "share of comparable pairs in the right order (Harrell), tied risks count half",
        ),
        "dice_macro": _info(
            "dice:dice_macro",
            "Dice",
            ("segmentation",),
            "mean over samples and classes but the background, each class a region of its own",
        ),
        "dice_nested": _info(
            "dice:dice_nested",
            "Dice",
            ("segmentation",),
            "mean over samples and nested regions, each a class with all later ones (disc, cup)",
        ),
        "acc_sign": _info(
            "deviation:acc_sign",
            "ACC (sign)",
            ("regression",),
            "share of samples predicted on the right side of zero; zero counts as negative",
        ),
        "mae": _info("deviation:mae", "MAE", ("regression",), "mean absolute error", **_ERROR),
        "mse": _info("deviation:mse", "MSE", ("regression",), "mean squared error", **_ERROR),
    },
)

#: What a run may be selected by under one name although each kind of task has a metric of its own.
FAMILIES: dict[str, dict[TaskKind, str]] = {
    "auroc": {
        "binary": "auroc_binary",
        "multiclass": "auroc_ovr_macro",
        "multilabel": "auroc_ovr_macro",
    }
}


def metric_of_kind(metric: str, kind: TaskKind) -> str | None:
    """Return the metric id meant for a kind of task; None if it has none under that name.

    Args:
        metric: Metric id or a name in ``FAMILIES``.
        kind: Kind of the task.

    Raises:
        UnknownNameError: Nothing is called so.
    """
    if metric in FAMILIES:
        return FAMILIES[metric].get(kind)
    return metric if kind in kinds_of(metric) else None


def kinds_of(metric: str) -> tuple[TaskKind, ...]:
    """Return the kinds of task a metric, or a family of metrics, is defined for."""
    if metric in FAMILIES:
        return tuple(FAMILIES[metric])
    entry = METRICS.entry(metric)
    assert isinstance(entry, MetricInfo)
    return entry.kinds


def named_ref(registry: Registry, name: str, config: dict[str, Any]) -> Ref:
    """Return ``name`` with its configuration, named by its code and that of what chooses in it.

    Args:
        registry: Of models or strategies.
        name: Name there.
        config: Resolved configuration.
    """
    return registry.ref(name, config).model_copy(
        update={"source": source_of(registry, name, config)}
    )


def source_of(registry: Registry, name: str, config: Mapping[str, Any]) -> str:
    """Return the hash of a plug-in's code, and of a plug-in metric that its settings choose by.

    Empty for what is built in: that has versions.
    """
    parts = (registry.entry(name).source, _metric_source(config))
    return "+".join(part for part in parts if part)


def _metric_source(config: Mapping[str, Any]) -> str:
    selection = config.get("selection")
    metric = selection.get("metric") if isinstance(selection, dict) else config.get("metric")
    known = isinstance(metric, str) and metric in METRICS
    return METRICS.entry(str(metric)).source if known else ""
