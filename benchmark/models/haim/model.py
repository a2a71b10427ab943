"""HAIM: one vector of every modality, side by side, and boosted trees on top.

Paper: Soenksen et al., "Integrated multimodal artificial intelligence framework for healthcare
applications" (npj Digital Medicine 2022), as a baseline of M4oE (ICLR 2025), Table 10, which says
no more of it than its name.

Stated: an embedding of every source, made by something that is not trained here; all of them
concatenated; XGBoost; hyper-parameters chosen by five-fold cross-validation on AUROC.
From the authors' code: the grid (depth 5 to 8, 200 or 300 trees, learning rates 0.3, 0.1, 0.05),
positives weighted by negatives / positives, eleven statistics per channel of a time series
(``statistics.py``), zeros for what is missing.
Stated otherwise in that code, hence ``closing_zero``: a row of zeros is appended before statistics
are taken, so that every series ends in 0.
Ours: notes and images come as the loader gives their flat features: of MIMIC-IV a clinical
transformer's 768 and a DenseNet's 1024 numbers where their weights are named, as in that code,
else TF-IDF, means of blocks and a histogram. Of several images the last one counts, where that
code weights all by time. Folds of the search are of training rows, and do not know of patients, as
there.
Mended: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from xgboost import XGBClassifier

from benchmark.core.problem import Component, Task
from benchmark.core.seeding import derive_seed
from benchmark.models.controls._base import Control, ControlData
from benchmark.models.controls._tasks import TaskModel, fit_task
from benchmark.models.haim.config import HAIMConfig
from benchmark.models.haim.statistics import series_statistics

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]
#: Depth, trees, learning rate.
Setting = tuple[int, int, float]


class HAIM(Control):
    """``p = XGBoost([e_1; ...; e_M])``, e_m the vector of modality m.

    Attributes:
        info: By task, the setting chosen (of a multilabel task one for every label) and its AUROC.

    Args:
        component: Modalities and tasks.
        config: Grid, search, what stands for what is missing.
        seed: Of folds and trees.
    """

    reads_series = True

    def __init__(self, component: Component, config: HAIMConfig, seed: int) -> None:
        super().__init__(component, config, seed)
        self.config = config
        self.models: dict[str, TaskModel] = {}

    def fit(self, train: ControlData, val: ControlData) -> None:
        """Choose a setting for every task (label) and fit it on the labelled training rows.

        Raises:
            DataError: A task without a labelled row in training or validation.
        """
        x, x_val = self.vectors(train), self.vectors(val)
        self.info = {"chosen": {task.name: [] for task in self.component.tasks}}
        for task in self.component.tasks:
            self.models[task.name] = fit_task(
                task,
                partial(self._trees, task),
                (x, train.targets[task.name]),
                (x_val, val.targets[task.name]),
            )

    def predict(self, data: ControlData) -> dict[str, NDArray[np.float64]]:
        """Return scores by task."""
        x = self.vectors(data)
        return {name: model.scores(x) for name, model in self.models.items()}

    def vectors(self, data: ControlData) -> Matrix:
        """Return (N, F): statistics of series where the data has them, else flat features."""
        found = [self._vector(data, modality.name) for modality in self.component.modalities]
        joined = np.concatenate(found, axis=1)
        return np.nan_to_num(joined, nan=0.0) if self.config.missing == "zero" else joined

    def _vector(self, data: ControlData, name: str) -> Matrix:
        if name not in data.series:
            return data.features[name]
        column = [modality.name for modality in self.component.modalities].index(name)
        statistics = series_statistics(data.series[name], self.config.closing_zero)
        return np.where(data.observed[:, column, None], statistics, np.nan)

    def _trees(self, task: Task, column: int) -> SearchedTrees:
        chosen = self.info["chosen"][task.name]
        return SearchedTrees(self.config, derive_seed(self.seed, "haim", task.name, column), chosen)


class SearchedTrees:
    """Boosted trees of the setting with the highest AUROC, of equals the first of the grid.

    Where no AUROC is defined, as with a single positive, the first setting is taken.

    Args:
        config: Grid and search.
        seed: Of folds and trees.
        chosen: Is told the setting and its AUROC.
    """

    def __init__(self, config: HAIMConfig, seed: int, chosen: list[dict[str, Any]]) -> None:
        self.config = config
        self.seed = seed
        self.chosen = chosen

    def fit(self, x: Matrix, y: Labels, x_val: Matrix, y_val: Labels) -> None:
        """Search, then fit on all training rows; (N, F) and (N,) each."""
        grid = list(product(self.config.depths, self.config.trees, self.config.learning_rates))
        best, score = grid[0], None
        for setting in grid if len(grid) > 1 else ():
            found = self._score(setting, x, y, x_val, y_val)
            if found is not None and (score is None or found > score):
                best, score = setting, found
        self.chosen.append(
            {"depth": best[0], "trees": best[1], "learning_rate": best[2], "auroc": score}
        )
        self._model = self._fitted(best, x, y)

    def predict(self, x: Matrix) -> Matrix:
        """Return probabilities (N, 2)."""
        positive = np.asarray(self._model.predict_proba(x)[:, 1], dtype=np.float64)
        return np.stack([1 - positive, positive], axis=1)

    def _score(
        self, setting: Setting, x: Matrix, y: Labels, x_val: Matrix, y_val: Labels
    ) -> float | None:
        """Return the setting's mean AUROC over folds or its AUROC on validation; None undefined."""
        if self.config.search == "validation":
            parts = [(x, y, x_val, y_val)] if len(np.unique(y_val)) == 2 else []
        else:
            folds = min(self.config.folds, int(np.bincount(y).min()))
            parts = [
                (x[one], y[one], x[other], y[other]) for one, other in self._folds(folds, x, y)
            ]
        scores = [
            roc_auc_score(truth, self._fitted(setting, rows, labels).predict_proba(rest)[:, 1])
            for rows, labels, rest, truth in parts
        ]
        return float(np.mean(scores)) if scores else None

    def _folds(self, folds: int, x: Matrix, y: Labels) -> Iterator[tuple[Labels, Labels]]:
        """Yield (training, other) positions of stratified folds; none where a class has one row."""
        if folds > 1:
            split = StratifiedKFold(folds, shuffle=True, random_state=self.seed % 2**31)
            yield from split.split(x, y)

    def _fitted(self, setting: Setting, x: Matrix, y: Labels) -> Any:
        depth, trees, rate = setting
        model = XGBClassifier(
            objective="binary:logistic",
            max_depth=depth,
            n_estimators=trees,
            learning_rate=rate,
            scale_pos_weight=float((y == 0).sum() / (y == 1).sum()),
            tree_method="hist",
            n_jobs=1,
            random_state=self.seed % 2**31,  # the library's seeds are signed 32-bit numbers
        )
        return model.fit(x, y)
