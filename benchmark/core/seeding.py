"""Seeds from names, never from the order of a loop."""

from __future__ import annotations

import hashlib


def derive_seed(base: int, *names: str | int) -> int:
    """Return a seed in [0, 2**32) that depends on ``base`` and every name.

    The same names give the same seed in any process, on any platform and Python version.
    ``derive_seed(0, "order", 3)`` and ``derive_seed(0, "order3")`` differ.

    Args:
        base: The seed of the run.
        names: What the seed is for, e.g. ``"init"`` or ``"order", epoch``.
    """
    text = "\x1f".join([str(base), *(f"{type(name).__name__}:{name}" for name in names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
