"""Which samples train, select and test: by patient, stratified, the same in any row order.

Groups (patients) are dealt, never samples. Everything drawn depends on the split's seed and the
group ids; the order of the samples table does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.errors import SplitError, UsageError, suggestion
from benchmark.core.problem import Task
from benchmark.core.seeding import derive_seed
from benchmark.core.spec import JOINT, SplitSpec
from benchmark.splits.case_lists import CaseLists

PartName = Literal["train", "val", "test"]
PARTS: tuple[PartName, ...] = get_args(PartName)

#: Part of a sample that an official split does not list.
_UNLISTED = "none"

_WITH_CLASSES = ("binary", "multiclass", "multilabel")
_STRATIFIED = (*_WITH_CLASSES, "survival")

Positions = NDArray[np.int64]
_Labels = NDArray[np.str_]


@dataclass(frozen=True)
class Parts:
    """Positions in the samples table, sorted; no sample is in two parts.

    Every sample is in one part, but for those that a ``files`` or ``official`` split leaves out.

    Attributes:
        train: Fit on these.
        val: Select on these.
        test: Report on these.
        warnings: What a reader of the numbers should know, e.g. a class that a part lacks.
    """

    train: Positions
    val: Positions
    test: Positions
    warnings: tuple[str, ...] = ()

    def rows(self, part: PartName) -> Positions:
        """Return the positions of one part."""
        return {"train": self.train, "val": self.val, "test": self.test}[part]


@dataclass(frozen=True)
class _Groups:
    """The patients of a table, sorted by id.

    Attributes:
        ids: (G,) unique ids.
        of_sample: (N,) index into ``ids``.
        stratum: (G,) what is balanced over parts; see :func:`_strata`.
        joint: Strata are of several tasks: many, small, and neighbours are alike.
    """

    ids: _Labels
    of_sample: NDArray[np.int64]
    stratum: NDArray[np.int64]
    joint: bool = False


def make_split(
    samples: pd.DataFrame,
    spec: SplitSpec,
    tasks: tuple[Task, ...],
    case_lists: CaseLists | None = None,
    known: tuple[Task, ...] = (),
) -> Parts:
    """Split a dataset and check the result.

    ``kfold``: groups are dealt to folds stratum by stratum, so folds differ by one group at most,
    overall and in every stratum; the test part is fold ``spec.fold``, validation is
    ``val_fraction`` of the other groups. ``ratio``: test and validation take their fractions of the
    groups. ``official``: column ``part`` says; samples whose part is ``none``, as no list has them,
    are left out with a warning; where it names no validation samples, these are ``val_fraction``
    of its training groups. ``files``: the test part is the list's, validation
    is ``val_fraction`` of the groups it trains on; ids that are not in the table are left out, and
    so are samples that are in no list, with a warning that counts them.

    Args:
        samples: As in ``Dataset.samples``.
        spec: Kind, sizes, stratification and seed.
        tasks: Tasks of the run; their classes are checked.
        case_lists: What the file of a ``files`` split says.
        known: All tasks of the dataset. One or several of them may be stratified by (``stratify:
            risk_5y+density``, the most important first), their classes or seen events; runs of
            other tasks then share the split.

    Raises:
        SplitError: A patient in two parts; an empty part; a class without a training sample; a
            binary task without both classes, or a survival task without an event, in a part that
            was drawn here; fewer groups than folds; sizes that make no sense; no column ``part``
            for ``official``, no lists for ``files``.
        UsageError: Stratification by something that is not a task with classes or events.
    """
    warnings: tuple[str, ...] = ()
    if spec.kind == "files":
        part_of_sample, warnings = _files(samples, spec, known or tasks, case_lists)
    else:
        part_of_sample = _DRAW[spec.kind](samples, spec, known or tasks)
        if unlisted := int((part_of_sample == _UNLISTED).sum()):
            warnings = (f"official split: {unlisted} samples are in no list, left out",)
    rows = {part: np.flatnonzero(part_of_sample == part).astype(np.int64) for part in PARTS}
    _check_parts(samples, rows)
    warnings += _check_classes(samples, rows, tasks, drawn=spec.kind in ("kfold", "ratio"))
    return Parts(train=rows["train"], val=rows["val"], test=rows["test"], warnings=warnings)


def _kfold(samples: pd.DataFrame, spec: SplitSpec, tasks: tuple[Task, ...]) -> _Labels:
    groups = _groups(samples, spec, tasks)
    if spec.folds < 2 or not 0 <= spec.fold < spec.folds:
        raise SplitError(
            f"fold {spec.fold} of {spec.folds} does not exist",
            "kfold needs at least 2 folds, counted from 0",
        )
    if len(groups.ids) < spec.folds:
        raise SplitError(
            f"{len(groups.ids)} patients are fewer than {spec.folds} folds", "use fewer folds"
        )
    order = _shuffled(groups, derive_seed(spec.seed, "split", "folds"))
    fold = np.empty(len(order), dtype=np.int64)
    fold[order] = np.arange(len(order)) % spec.folds
    part = np.where(fold == spec.fold, "test", "train")
    seed = derive_seed(spec.seed, "split", "val", spec.fold)
    part[_draw(groups, part == "train", spec.val_fraction, seed)] = "val"
    return part[groups.of_sample]


def _ratio(samples: pd.DataFrame, spec: SplitSpec, tasks: tuple[Task, ...]) -> _Labels:
    train, val, test = spec.fractions
    if min(spec.fractions) <= 0 or abs(train + val + test - 1) > 1e-9:
        raise SplitError(
            f"fractions {spec.fractions} of train, val, test must be above 0 and sum to 1"
        )
    groups = _groups(samples, spec, tasks)
    part = np.full(len(groups.ids), "train")
    seed = derive_seed(spec.seed, "split", "test")
    part[_draw(groups, part == "train", test, seed)] = "test"
    seed = derive_seed(spec.seed, "split", "val")
    part[_draw(groups, part == "train", val / (train + val), seed)] = "val"
    return part[groups.of_sample]


def _official(samples: pd.DataFrame, spec: SplitSpec, tasks: tuple[Task, ...]) -> _Labels:
    if "part" not in samples:
        raise SplitError("this release has no official split", "use a kfold or ratio split")
    part = samples["part"].to_numpy(dtype=str)
    if unknown := sorted(set(part) - {*PARTS, _UNLISTED}):
        raise SplitError(f"official part {str(unknown[0])!r} is none of {', '.join(PARTS)}")
    if (part == "val").any():
        return part
    groups = _groups(samples, spec, tasks)
    of_group = np.full(len(groups.ids), "train")
    for name in set(part):
        # A group in two official parts is found by the check that follows.
        of_group[groups.of_sample[part == name]] = name
    seed = derive_seed(spec.seed, "split", "val")
    taken = _draw(groups, of_group == "train", spec.val_fraction, seed)
    return np.where(np.isin(groups.of_sample, taken), "val", part)


def _files(
    samples: pd.DataFrame, spec: SplitSpec, tasks: tuple[Task, ...], lists: CaseLists | None
) -> tuple[_Labels, tuple[str, ...]]:
    if lists is None:
        raise SplitError("this dataset has no split files", "use a kfold or ratio split")
    groups = _groups(samples, spec, tasks)
    part = lists.parts(groups.ids)
    seed = derive_seed(spec.seed, "split", "val", spec.fold)
    if (part == "train").any():
        part[_draw(groups, part == "train", spec.val_fraction, seed)] = "val"
    return part[groups.of_sample], lists.unmatched(groups.ids)


_DRAW: dict[str, Callable[[pd.DataFrame, SplitSpec, tuple[Task, ...]], _Labels]] = {
    "kfold": _kfold,
    "ratio": _ratio,
    "official": _official,
}


def _groups(samples: pd.DataFrame, spec: SplitSpec, tasks: tuple[Task, ...]) -> _Groups:
    ids, of_sample = np.unique(samples["group_id"].to_numpy(dtype=str), return_inverse=True)
    stratum = np.zeros(len(ids), dtype=np.int64)
    names = spec.stratify.split(JOINT) if spec.stratify else []
    for name in names:
        member = _members(samples, _stratified_task(name, tasks))
        # The first task decides which strata are neighbours.
        stratum = stratum * (member.shape[1] + 1) + _strata(member, of_sample, len(ids))
    return _Groups(ids, of_sample.astype(np.int64), stratum, joint=len(names) > 1)


def _stratified_task(name: str, tasks: tuple[Task, ...]) -> Task:
    able = {task.name: task for task in tasks if task.kind in _STRATIFIED}
    if name not in able:
        raise UsageError(
            f"cannot stratify by {name!r}: no task with classes or events of that name",
            suggestion(name, able),
        )
    return able[name]


def _members(samples: pd.DataFrame, task: Task) -> NDArray[np.bool_]:
    """Return (N, C): sample is of the class, or carries the label; all False if unlabelled.

    A survival task has the classes censored and event.
    """
    if task.kind == "survival":
        event = samples[f"target:{task.name}:event"].to_numpy(dtype=float)
        return np.asarray(event[:, None] == np.arange(2))
    if task.kind == "multilabel":
        columns = [f"target:{task.name}:{label}" for label in task.classes]
        return np.asarray(samples[columns].to_numpy(dtype=float) == 1)
    target = samples[f"target:{task.name}"].to_numpy(dtype=float)
    return np.asarray(target[:, None] == np.arange(len(task.classes)))


def _strata(
    member: NDArray[np.bool_], of_sample: NDArray[np.int64], n_groups: int
) -> NDArray[np.int64]:
    """Return one stratum per group: the rarest class among its samples.

    Rarest over the whole table, counted in groups, the later class on ties; so that the few
    patients with a rare class are spread first. Groups without a label (without a positive label)
    form a stratum of their own, the last.
    """
    has = np.zeros((n_groups, member.shape[1]), dtype=bool)
    np.logical_or.at(has, of_sample, member)
    commonness = has.sum(axis=0) * member.shape[1] + np.arange(member.shape[1])[::-1]
    rarest = np.where(has, commonness, np.iinfo(np.int64).max).argmin(axis=1)
    none = member.shape[1]
    return np.asarray(np.where(has.any(axis=1), rarest, none), dtype=np.int64)


def _shuffled(groups: _Groups, seed: int) -> NDArray[np.int64]:
    """Return all groups in random order within strata, strata one after another."""
    random = np.random.default_rng(seed).permutation(len(groups.ids))
    return np.lexsort((random, groups.stratum)).astype(np.int64)


def _draw(
    groups: _Groups, pool: NDArray[np.bool_], fraction: float, seed: int
) -> NDArray[np.int64]:
    """Return ``fraction`` of the pool's groups, the same fraction of every stratum up to one.

    Fractions of a group are rounded down; what is then missing from the rounded total goes to the
    strata with the largest remainders, the smaller stratum first (Hamilton's method). Joint strata
    may all be smaller than 1 / ``fraction``; of these, groups are taken at equal distances, which
    balances their leading task first.
    """
    order = _shuffled(groups, seed)
    order = order[pool[order]]
    if groups.joint:
        count = int(np.floor(len(order) * fraction + 0.5))
        return order[((np.arange(count) + 0.5) * len(order) / max(count, 1)).astype(np.int64)]
    strata, sizes = np.unique(groups.stratum[order], return_counts=True)
    quota = sizes * fraction
    take = np.floor(quota + 1e-9).astype(np.int64)
    short = int(np.floor(len(order) * fraction + 0.5)) - int(take.sum())
    take[np.lexsort((sizes, -np.round(quota - take, 9)))[:short]] += 1
    chosen = [
        order[groups.stratum[order] == stratum][:count]
        for stratum, count in zip(strata, take, strict=True)
    ]
    return np.concatenate(chosen)


def _check_parts(samples: pd.DataFrame, rows: dict[PartName, Positions]) -> None:
    group = samples["group_id"].to_numpy(dtype=str)
    for part in PARTS:
        if len(rows[part]) == 0:
            raise SplitError(f"the {part} part is empty", "use more data or other sizes")
    for first, second in combinations(PARTS, 2):
        both = np.intersect1d(group[rows[first]], group[rows[second]])
        if len(both):
            raise SplitError(
                f"patient {str(both[0])!r} is in both {first} and {second} ({len(both)} patients)",
                "samples of one patient must stay in one part",
            )


def _check_classes(
    samples: pd.DataFrame, rows: dict[PartName, Positions], tasks: Sequence[Task], drawn: bool
) -> tuple[str, ...]:
    warnings = []
    for task in tasks:
        needed = _needed(samples, task)
        for part in PARTS:
            absent = [name for name, has in needed.items() if not has[rows[part]].any()]
            for name in absent:
                text = f"task {task.name!r}: no {part} sample {name}"
                if part == "train" or (drawn and task.kind in ("binary", "survival")):
                    if needed[name].any():
                        raise SplitError(text, _remedy(drawn))
                    raise SplitError(
                        f"{text}, nor any among all {len(samples):,} samples",
                        "compare the release's labels with the official ones, take other options "
                        "of the loader, or leave the task out",
                    )
                warnings.append(text)
    return tuple(warnings)


def _needed(samples: pd.DataFrame, task: Task) -> dict[str, NDArray[np.bool_]]:
    """Return (N,) by what every part should have: each class, or an event."""
    if task.kind not in _STRATIFIED:
        return {}
    member = _members(samples, task)
    if task.kind == "survival":
        return {"with an event": member[:, 1]}
    return {f"of class {name!r}": member[:, c] for c, name in enumerate(task.classes)}


def _remedy(drawn: bool) -> str:
    if drawn:
        return "stratify by this task, use fewer folds, or another seed of the split"
    return "leave the class out, or use a drawn split"
