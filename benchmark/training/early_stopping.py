"""Which epoch is kept, and when to stop."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from benchmark.training.config import EarlyStoppingConfig


@dataclass
class EarlyStopping:
    """Follows a validation value over epochs.

    An epoch is kept if it is strictly better than every earlier one, so of equal epochs the first
    stays. The patience counter starts again only if the value is better than the last one that did
    so by more than ``min_delta``.

    Attributes:
        config: Patience and smallest change.
        higher_is_better: Direction of the value.
        best: Best value so far; None before the first epoch.
        best_epoch: Its epoch, from 1; 0 before the first.
        reference: Value that last restarted the patience counter.
        waited: Epochs since then.
    """

    config: EarlyStoppingConfig
    higher_is_better: bool
    best: float | None = None
    best_epoch: int = 0
    reference: float | None = None
    waited: int = 0

    def update(self, epoch: int, value: float) -> bool:
        """Record the value of an epoch (from 1); True if the epoch is to be kept."""
        if self._better(value, self.reference, self.config.min_delta):
            self.reference, self.waited = value, 0
        else:
            self.waited += 1
        if not self._better(value, self.best, 0.0):
            return False
        self.best, self.best_epoch = value, epoch
        return True

    @property
    def stop(self) -> bool:
        """True once the patience is used up."""
        return self.config.patience is not None and self.waited >= self.config.patience

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        state = asdict(self)
        return {key: state[key] for key in ("best", "best_epoch", "reference", "waited")}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over the state of a checkpoint."""
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        self.reference, self.waited = state["reference"], state["waited"]

    def _better(self, value: float, than: float | None, by: float) -> bool:
        if than is None:
            return True
        return value - than > by if self.higher_is_better else than - value > by
