"""Bring codes of several widths to one."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from benchmark.core.errors import UsageError


def to_width(widths: Sequence[int], width: int | None) -> nn.ModuleList:
    """Return one map per modality that brings codes of several widths to one.

    Args:
        widths: Of the codes of each modality.
        width: D; None takes codes as they are, and they must be equally wide.

    Returns:
        Linear maps, or identities where nothing needs to be mapped.

    Raises:
        UsageError: No width is given and they differ.
    """
    if width is None and len(set(widths)) > 1:
        raise UsageError(
            f"the encoders' widths differ: {', '.join(map(str, widths))}",
            "give every encoder the same width, or set the model's width",
        )
    return nn.ModuleList(
        nn.Identity() if width in (None, one) else nn.Linear(one, width) for one in widths
    )


def common_width(widths: Sequence[int], width: int | None) -> int:
    """Return the width after :func:`to_width`."""
    return widths[0] if width is None else width
