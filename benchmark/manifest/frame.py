"""Settings around a method: splits, seeds, dropped modalities and limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from benchmark.core.problem import Frozen
from benchmark.core.seeding import derive_seed
from benchmark.core.spec import MissingSpec, SplitSpec

Share = Annotated[float, Field(gt=0, lt=1)]


class SplitSettings(Frozen):
    """How rows are divided; fields as in :class:`benchmark.core.spec.SplitSpec`.

    Attributes:
        kind: ``kfold``, ``ratio``, ``official`` or ``files``.
        folds: Number of folds of ``kfold``.
        repeats: Number of random splits of ``ratio``; the first is that of ``seed`` itself, so a
            table over several splits shares it with a table over one.
        files: Folder below the release's ``splits`` that holds one list of patients per fold.
        fractions: Train, validation and test shares of ``ratio``.
        val_fraction: Share of the training groups that ``kfold`` and ``files`` take for validation.
        stratify: Task whose label or event is balanced over parts, or several joined by ``+``.
        seed: Seed of the split.
    """

    kind: Literal["kfold", "ratio", "official", "files"] = "kfold"
    folds: int = Field(default=5, ge=2)
    repeats: int = Field(default=1, ge=1)
    files: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]*[A-Za-z0-9_-]$")
    fractions: tuple[Share, Share, Share] = (0.7, 0.15, 0.15)
    val_fraction: Share = 0.125
    stratify: str | None = None
    seed: int = 0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.kind == "files") != (self.files is not None):
            raise ValueError("kind 'files' and a folder in 'files' go together")
        if self.repeats > 1 and self.kind != "ratio":
            raise ValueError(f"only ratio splits repeat, not {self.kind}")
        return self

    def specs(self, digests: Sequence[str] = ()) -> tuple[SplitSpec, ...]:
        """Return one split per fold; fields that the kind does not use keep their defaults.

        Args:
            digests: SHA-256 of every split file, in the order of folds; used by ``files``.
        """
        if self.kind == "official":
            return (SplitSpec(kind="official"),)
        first = SplitSpec(kind=self.kind, stratify=self.stratify, seed=self.seed)
        changes: list[dict[str, Any]]
        if self.kind == "ratio":
            changes = [
                {"fractions": self.fractions, **self._repeat(k)} for k in range(self.repeats)
            ]
        elif self.kind == "files":
            changes = [{"fold": k, "digest": one} for k, one in enumerate(digests)]
        else:
            changes = [{"fold": k, "folds": self.folds} for k in range(self.folds)]
        if self.kind != "ratio":
            first = first.model_copy(update={"val_fraction": self.val_fraction})
        return tuple(first.model_copy(update=change) for change in changes)

    def _repeat(self, number: int) -> dict[str, int]:
        if number == 0:
            return {"fold": 0, "seed": self.seed}
        return {"fold": number, "seed": derive_seed(self.seed, "repeat", number)}


class Frame(Frozen):
    """Settings around a method: all that are neither its own nor its training's."""

    split: SplitSettings = SplitSettings()
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (0,)
    missing: MissingSpec | None = None
    threads: int = Field(default=1, ge=1)
    timeout: float | None = Field(default=None, gt=0)
