"""Chest X-rays as vectors of a frozen DenseNet-121, as HAIM and FuseMoE take them.

The weights are a file of named tensors in MMBENCH_WEIGHTS. TorchXRayVision publishes whole pickled
networks, which can run code and are not read; ``safetensors.torch.save_file(network.state_dict(),
"F.safetensors")`` writes the tensors of one, e.g. of ``densenet121-res224-chex``.
"""

from __future__ import annotations

import pickle
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.core.digests import file_digest
from benchmark.core.errors import DataError, DataNotAvailable, MMBenchError
from benchmark.core.paths import Paths
from benchmark.core.torchvision_ops import make_importable
from benchmark.datasets._arrays import Filling, fill, open_array
from benchmark.datasets._base import DataContext, Progress, silent
from benchmark.datasets._prepared import make_once, prepared_folder

#: Length of a vector: channels of the last feature map.
WIDTH = 1024
#: Grey values run from -1024 to 1024 where the published networks were trained.
RANGE = 1024.0
#: Raised when vectors of equal images and weights change.
VERSION = 1
_ARRAY = "xray-vectors"
#: What a checkpoint holds besides the features.
_REST = ("classifier.", "op_threshs")
_BROKEN = (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError)


def find_weights(name: str, paths: Paths) -> tuple[Path, str]:
    """Return a file of weights and its SHA-256.

    Raises:
        DataNotAvailable: It is not in MMBENCH_WEIGHTS.
        DataError: ``name`` leads out of MMBENCH_WEIGHTS.
    """
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise DataError(
            f"xray_model: {name!r} is no name of a file", "name a file of MMBENCH_WEIGHTS"
        )
    path = (paths.weights or Path()) / name
    if paths.weights is None or not path.is_file():
        raise DataNotAvailable(
            f"weights {name} of a DenseNet-121 are not in {paths.weights or 'MMBENCH_WEIGHTS'}",
            "put the file there, or set xray_model: null, which takes means of blocks",
        )
    return path, file_digest(path, paths.cache)


def xray_vectors(
    data: str,
    images: Path,
    count: int,
    weights: tuple[Path, str],
    context: DataContext,
    jobs: int = 1,
    progress: Progress = silent,
) -> NDArray[np.float32]:
    """Return one vector per image, (N, 1024), computed where the cache lacks them.

    Args:
        data: Names the images: fingerprint of their release and of how they were prepared.
        images: File of the array (N, 1, H, W) uint8.
        count: N.
        weights: Of :func:`find_weights`.
        context: Folders.
        jobs: Processes, each with a network of its own.
        progress: Is told how many images are done.

    Raises:
        DataError: The weights cannot be read or do not fit.
        MMBenchError: timm is not installed.
    """
    path, _ = weights
    folder = vectors_folder(data, weights, context)
    filling = Filling(
        name=_ARRAY,
        shape=(WIDTH,),
        dtype="float32",
        items=range(count),
        labels=[f"image {number}" for number in range(count)],
        decode=partial(xray_vector, path, images),
    )

    def make(part: Path) -> None:
        _network(path)  # what is wrong with the weights is said once, not of every image
        fill(part, filling, jobs, progress=progress)

    return open_array(make_once(folder, make, context, progress), _ARRAY)


def vectors_folder(data: str, weights: tuple[Path, str], context: DataContext) -> Path:
    """Return where :func:`xray_vectors` keeps what it computes; a folder when that is done."""
    return prepared_folder("mimic-xray", data, {"weights": weights[1]}, VERSION, context)


def xray_vector(weights: Path, images: Path, number: int) -> NDArray[np.float32]:
    """Return the mean over positions of an image's last feature map behind its ReLU, (1024,).

    Raises:
        DataError: The weights cannot be read or do not fit.
    """
    import torch

    network, device = _network(weights)
    pixels = np.load(images, mmap_mode="r")[number].astype(np.float32)
    scaled = torch.from_numpy((2 * pixels / 255 - 1) * RANGE)
    with torch.inference_mode():
        found = network(scaled[None].to(device))[0].float().cpu().numpy()
    return np.asarray(found, dtype=np.float32)


@lru_cache(maxsize=1)
def _network(path: Path) -> tuple[Any, str]:
    """Return the network without its classifier, and where it is."""
    try:
        make_importable()
        import timm
    except (ImportError, MMBenchError) as error:
        raise MMBenchError("timm is not installed", "pip install 'mmbench[vision]'") from error
    import torch

    network = timm.create_model("densenet121", pretrained=False, in_chans=1, num_classes=0)
    found = {name: one for name, one in _tensors(path).items() if not name.startswith(_REST)}
    try:
        network.load_state_dict(found)
    except RuntimeError as error:
        what = " ".join(str(error).split())[:300]
        raise DataError(
            f"{path} does not fit a DenseNet-121 of one channel: {what}",
            "name the weights of this architecture, or set xray_model: null",
        ) from error
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return network.eval().to(device), device


def _tensors(path: Path) -> dict[str, Any]:
    """Return the tensors of a file by name; no code in it can run."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (*_BROKEN, SafetensorError) as error:
        raise _unreadable(path) from error
    tensors = isinstance(state, dict) and all(
        isinstance(one, torch.Tensor) for one in state.values()
    )
    if not tensors:
        raise _unreadable(path)
    return dict(state)


def _unreadable(path: Path) -> DataError:
    return DataError(
        f"{path} holds no named tensors that can be read without running code",
        "write network.state_dict() of the published network as .safetensors",
    )
