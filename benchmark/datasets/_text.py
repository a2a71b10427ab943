"""Free text as term counts, and their reduction fitted on training texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from benchmark.core.errors import DataError

#: Terms (words and pairs) in fewer texts are noise: of OCR, of spelling.
MIN_TEXTS = 3
MAX_TERMS = 20_000


def count_terms(texts: list[str]) -> NDArray[np.object_]:
    """Count lower-case words and pairs of neighbouring words, once for all runs.

    Nothing is estimated here: which terms count is for :meth:`TextReducer.fit` to say. Where no
    text has a word, none of them has a term.

    Returns:
        (N,) sparse rows (1, V), V terms of all texts in order of spelling.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    rows = np.empty(len(texts), dtype=object)
    counter = CountVectorizer(ngram_range=(1, 2), dtype=np.float64)
    analyse = counter.build_analyzer()
    if any(analyse(text) for text in texts):
        counts = counter.fit_transform(texts)
    else:
        counts = csr_matrix((len(texts), 1), dtype=np.float64)
    for position in range(len(texts)):
        rows[position] = counts[position]
    return rows


@dataclass(frozen=True)
class TextReducer:
    """TF-IDF and truncated SVD (latent semantic analysis; Deerwester et al. 1990).

    Terms in at least :data:`MIN_TEXTS` training texts, of these the :data:`MAX_TERMS` most
    frequent. TF-IDF with smoothed idf ``ln((1 + n) / (1 + df)) + 1``, rows of length 1. Scores of
    the singular directions are centred and divided by one common deviation, so that directions
    keep their weights.

    Attributes:
        terms: Columns of the counts.
        weights: Fitted TF-IDF.
        directions: Fitted SVD.
        mean: (K,) of the training scores.
        scale: Root mean variance of the training scores.
        width: Width of the result; columns behind K are 0.
    """

    terms: NDArray[np.int64]
    weights: Any
    directions: Any
    mean: NDArray[np.float64]
    scale: float
    width: int

    @classmethod
    def fit(cls, rows: NDArray[np.object_], width: int) -> TextReducer:
        """Fit on the counts of the training texts, (N,) as of :func:`count_terms`.

        Raises:
            DataError: Fewer than two terms are left, or fewer than two texts.
        """
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfTransformer

        counts = vstack(list(rows), format="csr")
        terms = _frequent(counts)
        components = min(width, counts.shape[0] - 1, len(terms) - 1)
        if components < 1:
            raise DataError(
                f"{counts.shape[0]} training texts with {len(terms)} terms in {MIN_TEXTS} or "
                "more of them are too few",
                "leave the modality out or use another split",
            )
        weights = TfidfTransformer().fit(counts[:, terms])
        directions = TruncatedSVD(components, random_state=0)
        scores = directions.fit_transform(weights.transform(counts[:, terms]))
        scale = float(np.sqrt(scores.var(axis=0).mean()))
        return cls(terms, weights, directions, scores.mean(axis=0), scale or 1.0, width)

    def __call__(self, rows: NDArray[np.object_]) -> NDArray[np.float64]:
        """Return (N, width) of N counts."""
        counts = vstack(list(rows), format="csr")
        scores = self.directions.transform(self.weights.transform(counts[:, self.terms]))
        reduced = np.zeros((counts.shape[0], self.width))
        reduced[:, : scores.shape[1]] = (scores - self.mean) / self.scale
        return reduced


def _frequent(counts: csr_matrix) -> NDArray[np.int64]:
    """Return the columns of the terms kept, in their order; of equals the earlier spelled one."""
    texts = np.asarray((counts > 0).sum(axis=0)).ravel()
    total = np.asarray(counts.sum(axis=0)).ravel()
    enough = np.flatnonzero(texts >= MIN_TEXTS)
    best = enough[np.argsort(-total[enough], kind="stable")[:MAX_TERMS]]
    return np.sort(best).astype(np.int64)
