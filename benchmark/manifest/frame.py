"""Settings around a method: splits, seeds, dropped modalities and limits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from benchmark.core.problem import Frozen
from benchmark.core.spec import MissingSpec, SplitSpec

Share = Annotated[float, Field(gt=0, lt=1)]


class SplitSettings(Frozen):
    """How rows are divided; fields as in :class:`benchmark.core.spec.SplitSpec`.

    Attributes:
        kind: ``kfold``, ``ratio`` or ``official``.
        folds: Number of folds of ``kfold``; other kinds have one.
        fractions: Train, validation and test shares of ``ratio``.
        val_fraction: Share of the training groups that ``kfold`` takes for validation.
        stratify: Task whose label is balanced over parts.
        seed: Seed of the split.
    """

    kind: Literal["kfold", "ratio", "official"] = "kfold"
    folds: int = Field(default=5, ge=2)
    fractions: tuple[Share, Share, Share] = (0.7, 0.15, 0.15)
    val_fraction: Share = 0.125
    stratify: str | None = None
    seed: int = 0

    def specs(self) -> tuple[SplitSpec, ...]:
        """Return one split per fold; fields that the kind does not use keep their defaults."""
        if self.kind == "official":
            return (SplitSpec(kind="official"),)
        if self.kind == "ratio":
            return (
                SplitSpec(
                    kind="ratio",
                    fractions=self.fractions,
                    stratify=self.stratify,
                    seed=self.seed,
                ),
            )
        first = SplitSpec(
            kind="kfold",
            folds=self.folds,
            val_fraction=self.val_fraction,
            stratify=self.stratify,
            seed=self.seed,
        )
        return tuple(first.model_copy(update={"fold": fold}) for fold in range(self.folds))


class Frame(Frozen):
    """Settings around a method: all that are neither its own nor its training's."""

    split: SplitSettings = SplitSettings()
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (0,)
    missing: MissingSpec | None = None
    threads: int = Field(default=1, ge=1)
    timeout: float | None = Field(default=None, gt=0)
