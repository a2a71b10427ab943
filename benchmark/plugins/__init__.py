"""Other people's models, datasets, metrics, encoders and losses: what a plug-in imports.

A plug-in is a Python file with decorated classes or functions::

    from benchmark.plugins import Model, ModelConfig, register_model

    @register_model("my_fusion", config=MyFusionConfig, summary="what it does")
    class MyFusion(Model): ...

It is used with ``--plugin my_model.py`` or named in ``MMBENCH_PLUGINS``. An installed package names
the decorated class or function in an entry point of the group ``mmbench.models``,
``mmbench.datasets``, ``mmbench.metrics``, ``mmbench.encoders`` or ``mmbench.losses``; the entry
point's name is the registered name. Where importing it is slow, the entry point may name an
:class:`Entry` (for a metric a :class:`MetricInfo`, for a loss a :class:`LossInfo`) in a light
module instead.

Everything a plug-in derives from can be imported from here; nothing of it is loaded before that.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from benchmark.core.batch import Batch, ModalityData, Output
from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.problem import Component, Frozen, Modality, Problem, Task, TaskKind
from benchmark.core.registry import Entry
from benchmark.core.result import Release
from benchmark.losses import LossInfo
from benchmark.metrics import MetricInfo

if TYPE_CHECKING:
    from benchmark.datasets._base import DataContext, Dataset, DatasetConfig
    from benchmark.datasets._vector import VectorDataset
    from benchmark.losses._base import Loss
    from benchmark.metrics._base import Undefined
    from benchmark.models._base import Model
    from benchmark.models._config import ModelConfig
    from benchmark.models.controls._base import Control, ControlData
    from benchmark.models.controls._config import ControlConfig
    from benchmark.models.encoders._base import Encoder
    from benchmark.models.layers.heads import TaskHeads

__all__ = [
    "Batch",
    "Component",
    "Control",
    "ControlConfig",
    "ControlData",
    "DataContext",
    "DataError",
    "DataNotAvailable",
    "Dataset",
    "DatasetConfig",
    "Encoder",
    "Entry",
    "Frozen",
    "Loss",
    "LossInfo",
    "MetricInfo",
    "Modality",
    "ModalityData",
    "Model",
    "ModelConfig",
    "Output",
    "Problem",
    "Registration",
    "Release",
    "Task",
    "TaskHeads",
    "Undefined",
    "VectorDataset",
    "register_dataset",
    "register_encoder",
    "register_loss",
    "register_metric",
    "register_model",
    "registration",
]

#: Modules of the names that are heavy to import.
_LAZY = {
    "Control": "benchmark.models.controls._base",
    "ControlConfig": "benchmark.models.controls._config",
    "ControlData": "benchmark.models.controls._base",
    "DataContext": "benchmark.datasets._base",
    "Dataset": "benchmark.datasets._base",
    "DatasetConfig": "benchmark.datasets._base",
    "Encoder": "benchmark.models.encoders._base",
    "Loss": "benchmark.losses._base",
    "Model": "benchmark.models._base",
    "ModelConfig": "benchmark.models._config",
    "TaskHeads": "benchmark.models.layers.heads",
    "Undefined": "benchmark.metrics._base",
    "VectorDataset": "benchmark.datasets._vector",
}
_MARK = "__mmbench__"
_NAME = re.compile(r"[A-Za-z][\w.-]*")

Kind = Literal["model", "dataset", "metric", "encoder", "loss"]
_Thing = TypeVar("_Thing", bound=Callable[..., Any])


@dataclass(frozen=True)
class Registration:
    """What a decorator notes at a class or function; loading the plug-in makes it known.

    Attributes:
        kind: Which registry it belongs to.
        name: Its name there.
        entry: What the registry takes.
    """

    kind: Kind
    name: str
    entry: Entry


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)


def register_model(
    name: str, *, config: type[ModelConfig] | None = None, summary: str = ""
) -> Callable[[_Thing], _Thing]:
    """Offer a ``Model`` (or a ``Control``) under ``name``.

    Args:
        name: What manifests call it.
        config: Its settings; a model without any needs none.
        summary: One line for ``mmbench list models``.

    Raises:
        TypeError: What is decorated is neither.
        ValueError: ``name`` is no usable name.
    """

    def mark(cls: _Thing) -> _Thing:
        from benchmark.models._config import ModelConfig as NoSettings
        from benchmark.models.controls._base import Control

        control = isinstance(cls, type) and issubclass(cls, Control)
        if not control:
            from benchmark.models._base import Model

            _check_base(cls, Model)
        entry = Entry(
            target=_path(cls),
            config=_path(config or NoSettings),
            summary=summary or _first_line(cls),
            family="control" if control else "model",
        )
        return _marked(cls, "model", name, entry)

    return mark


def register_dataset(
    name: str, *, family: Literal["real", "synthetic"] = "real", summary: str = ""
) -> Callable[[_Thing], _Thing]:
    """Offer a ``Dataset`` under ``name``; its options are its ``config_class``.

    Args:
        name: What manifests call it; its component must have the same name.
        family: Whether a generator wrote it.
        summary: One line for ``mmbench list datasets``.

    Raises:
        TypeError: What is decorated is no ``Dataset``.
        ValueError: ``name`` is no usable name.
    """

    def mark(cls: _Thing) -> _Thing:
        from benchmark.datasets._base import Dataset

        config = _check_base(cls, Dataset).config_class
        entry = Entry(
            target=_path(cls),
            config=_path(config),
            summary=summary or _first_line(cls),
            family=family,
        )
        return _marked(cls, "dataset", name, entry)

    return mark


def register_metric(
    name: str,
    *,
    kinds: tuple[TaskKind, ...],
    label: str = "",
    higher_is_better: bool = True,
    bounds: tuple[float, float] = (0.0, 1.0),
    ranks: bool = False,
    summary: str = "",
) -> Callable[[_Thing], _Thing]:
    """Offer a function ``(y_true, y_score) -> float`` as a metric; see ``benchmark.metrics``.

    Every run computes every metric its tasks have. For runs stored before the metric was there, or
    before its code was changed, tables compute it from the stored predictions; a run that is
    selected by it is done again.

    Args:
        name: What manifests call it.
        kinds: Task kinds it is defined for.
        label: Column head; ``name`` if empty.
        higher_is_better: Direction.
        bounds: Smallest and largest possible value.
        ranks: Looks at the order of scores only.
        summary: One line for ``mmbench list metrics``.

    Raises:
        TypeError: What is decorated cannot be called, or ``kinds`` is empty.
        ValueError: ``name`` is no usable name.
    """

    def mark(function: _Thing) -> _Thing:
        if not callable(function) or not kinds:
            raise TypeError(f"metric {name!r} must be a function with at least one task kind")
        entry = MetricInfo(
            target=_path(function),
            summary=summary or _first_line(function),
            label=label or name,
            kinds=kinds,
            higher_is_better=higher_is_better,
            bounds=bounds,
            ranks=ranks,
        )
        return _marked(function, "metric", name, entry)

    return mark


def register_encoder(
    name: str,
    *,
    gives: Literal["vector", "tokens", "any"],
    config: type[Frozen] | None = None,
    summary: str = "",
) -> Callable[[_Thing], _Thing]:
    """Offer an ``Encoder`` under ``name``.

    Args:
        name: What manifests call it.
        gives: One vector per sample, tokens, or whichever the model takes, told by ``output=``.
        config: Its settings; an encoder without any needs none.
        summary: One line for ``mmbench list encoders``.

    Raises:
        TypeError: What is decorated is no ``Encoder``.
        ValueError: ``name`` is no usable name, or ``gives`` none of the three.
    """

    def mark(cls: _Thing) -> _Thing:
        from benchmark.models.encoders._base import Encoder

        _check_base(cls, Encoder)
        if gives not in ("vector", "tokens", "any"):
            raise ValueError(f"encoder {name!r} gives {gives!r}, not 'vector', 'tokens' or 'any'")
        entry = Entry(
            target=_path(cls),
            config=_path(config or Frozen),
            summary=summary or _first_line(cls),
            family=gives,
        )
        return _marked(cls, "encoder", name, entry)

    return mark


def register_loss(
    name: str, *, config: type[Frozen] | None = None, summary: str = ""
) -> Callable[[_Thing], _Thing]:
    """Offer a ``Loss`` under ``name``, for the task kinds that its class names in ``kinds``.

    Args:
        name: What manifests call it.
        config: Its settings; a loss without any needs none.
        summary: One line for ``mmbench list losses``.

    Raises:
        TypeError: What is decorated is no ``Loss``, or names no kind of task.
        ValueError: ``name`` is no usable name.
    """

    def mark(cls: _Thing) -> _Thing:
        from benchmark.losses._base import Loss

        kinds = getattr(_check_base(cls, Loss), "kinds", ())
        if not kinds:
            raise TypeError(f"loss {name!r} must name the task kinds it is for: kinds = (...)")
        entry = LossInfo(
            target=_path(cls),
            config=_path(config or Frozen),
            summary=summary or _first_line(cls),
            kinds=tuple(kinds),
        )
        return _marked(cls, "loss", name, entry)

    return mark


def registration(thing: object) -> Registration | None:
    """Return what a decorator noted at ``thing`` itself, not at a class it derives from."""
    found = getattr(thing, "__dict__", {}).get(_MARK)
    return found if isinstance(found, Registration) else None


def _marked(thing: _Thing, kind: Kind, name: str, entry: Entry) -> _Thing:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no usable name: letters, digits, '_', '-' and '.'")
    setattr(thing, _MARK, Registration(kind, name, entry))
    return thing


def _check_base(cls: Any, base: Any) -> Any:
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise TypeError(f"{_path(cls)} must derive from benchmark.plugins.{base.__name__}")
    return cls


def _path(thing: Any) -> str:
    return f"{thing.__module__}:{thing.__qualname__}"


def _first_line(thing: Any) -> str:
    lines = (thing.__doc__ or "").strip().splitlines()
    return lines[0].strip().rstrip(".") if lines else ""
