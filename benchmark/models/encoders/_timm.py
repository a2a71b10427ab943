"""Networks of timm, built without weights."""

from __future__ import annotations

from typing import Any

from benchmark.core.errors import MMBenchError
from benchmark.core.torchvision_ops import make_importable


def timm_network(arch: str, settings: dict[str, Any]) -> Any:
    """Build a network (a torch module) without its classifier; weights are drawn, not read.

    Args:
        arch: Name in timm.
        settings: What differs from its defaults there.

    Raises:
        MMBenchError: timm is not installed.
    """
    make_importable()
    try:
        import timm
    except ImportError as error:
        raise MMBenchError("timm is not installed", "pip install 'mmbench[vision]'") from error
    return timm.create_model(arch, pretrained=False, num_classes=0, **settings)
