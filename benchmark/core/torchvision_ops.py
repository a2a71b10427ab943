"""Make torchvision, hence timm and transformers, importable beside a torch of another build.

torchvision's compiled library defines the operators that its Python modules refer to while they
are imported. A build for CUDA cannot load that library beside a CPU torch, and the import ends in
``operator torchvision::nms does not exist``. No encoder of this suite detects boxes, so it is
enough that the two operators referred to are declared; calling one still fails, and says so.
"""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core.errors import MMBenchError

if TYPE_CHECKING:
    import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


@cache
def make_importable() -> bool:
    """Declare ``torchvision::nms`` and ``qnms`` where the compiled operators cannot load.

    Call it before anything imports torchvision, timm or transformers. Further calls change nothing.

    Returns:
        Whether torchvision's own compiled operators are used.

    Raises:
        MMBenchError: torchvision is not installed.
    """
    if "torchvision" in sys.modules:
        return bool(sys.modules["torchvision"].extension._has_ops())
    spec = importlib.util.find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        raise MMBenchError("torchvision is not installed", "pip install 'mmbench[vision]'")
    if _loads(Path(spec.submodule_search_locations[0])):
        return True
    _declared()
    return False


def _loads(package: Path) -> bool:
    """Try to load the compiled library, as torchvision will; a second load is harmless."""
    import torch

    libraries = [*package.glob("_C*.so"), *package.glob("_C*.pyd")]
    try:
        for library in libraries:
            torch.ops.load_library(str(library))
    except (ImportError, OSError):
        return False
    return bool(libraries)


@cache
def _declared() -> torch.library.Library:
    """Declare the operators; they last as long as the returned object does."""
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(name + _SCHEMA)
    return library
