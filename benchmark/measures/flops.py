"""Arithmetic of a forward pass, or the layer that keeps it from being counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

#: Parts of names of operators whose arithmetic matters and for which torch has no formula.
_HEAVY = (
    "rnn",
    "lstm",
    "gru",
    "attention",
    "transformer",
    "fft",
    "_svd",
    "_qr",
    "_lu",
    "_eig",
    "_inv",
    "_solve",
    "cholesky",
    "matrix_exp",
    "trilinear",
    "cdist",
    "embedding_bag",
)


class _Seen(TorchDispatchMode):
    """Remembers operators that carry much arithmetic and are not counted."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.uncounted: dict[str, None] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = func.overloadpacket.__name__
        if func.overloadpacket not in flop_registry and any(one in name for one in _HEAVY):
            self.uncounted[name] = None
        return func(*args, **(kwargs or {}))


@contextmanager
def _in_plain_steps() -> Iterator[None]:
    """Let attention, transformer and recurrent layers do their products one by one: counted.

    Their fused forms do the same arithmetic in operators that the counter does not know.
    """
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    onednn, *_ = torch.backends.mkldnn.set_flags(_enabled=False, _fp32_precision=None)
    try:
        with sdpa_kernel(SDPBackend.MATH), torch.backends.cudnn.flags(enabled=False):
            yield
    finally:
        torch.backends.mkldnn.set_flags(_enabled=onednn, _fp32_precision=None)
        torch.backends.mha.set_fastpath_enabled(fast)


def forward_flops(forward: Callable[[], object]) -> tuple[float | None, str]:
    """Count the floating-point operations of a call; a multiplication with its addition is two.

    Matrix products, convolutions and attention are counted, as torch's own counter does;
    elementwise operations are not.

    Args:
        forward: Calls the model.

    Returns:
        The number, or None and which operator cannot be counted.
    """
    seen = _Seen()
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), _in_plain_steps(), counter, seen:
        forward()
    if seen.uncounted:
        names = ", ".join(seen.uncounted)
        return None, f"torch's counter has no formula for {names}"
    return float(counter.get_total_flops()), ""
