"""Pretrained weights from a file into a module: every tensor has its place, or it is an error."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.core.errors import DataError

#: From a tensor of the file and the module's own to one that fits the module's.
Adapt = Callable[[Tensor, Tensor], Tensor]
#: Keys under which checkpoints keep the parameters of their model.
_WRAPPERS = ("state_dict", "model", "model_state_dict")
_COUNTER = "num_batches_tracked"
_SHOWN = 5


def load_into(
    module: nn.Module,
    path: Path,
    rename: Mapping[str, str] | None = None,
    drop: tuple[str, ...] = (),
    adapt: Mapping[str, Adapt] | None = None,
) -> None:
    """Copy the tensors of a file into a module.

    Args:
        module: Takes them; each of its parameters and buffers must be in the file.
        path: ``.safetensors``, or a file of torch.save, of which only tensors are read.
        rename: Beginning of names in the file and what stands for it in the module, e.g.
            ``{"encoder.": "", "norm.": "fc_norm."}``; the longest that fits is taken.
        drop: Beginnings of names in the file that are left out, e.g. ``("head.",)``.
        adapt: Changes a tensor whose shape differs, by name in the module, e.g. position
            embeddings of another image size.

    Raises:
        DataError: The file cannot be read, or names or shapes do not fit; nothing was copied.
    """
    found = {
        _renamed(name, rename or {}): tensor
        for name, tensor in read_tensors(path).items()
        if not name.startswith(drop)
    }
    own = module.state_dict()
    # A counter that no forward pass of ours reads; files of old releases lack it.
    found |= {one: own[one] for one in own if one.endswith(_COUNTER) and one not in found}
    for name, change in (adapt or {}).items():
        if name in found and name in own and found[name].shape != own[name].shape:
            found[name] = change(found[name], own[name])
    problems = list(_problems(found, own))
    if problems:
        raise DataError(
            f"{path} does not fit {type(module).__name__}: {'; '.join(problems)}",
            "name the file of this architecture, or train without: pretrained: null",
        )
    module.load_state_dict(found)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the named tensors of a file on the CPU; no code in it can run.

    Raises:
        DataError: It is not there, damaged, or holds no named tensors.
    """
    if not path.is_file():
        raise DataError(f"{path} is not there", "supply the file of pretrained weights")
    try:
        state = _read(path)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path} cannot be read as weights: {first}", "fetch it again") from error
    for key in _WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not state:
        raise DataError(f"{path} holds a {type(state).__name__}, not named tensors")
    tensors = {str(name): one for name, one in state.items() if isinstance(one, Tensor)}
    if len(tensors) < len(state):
        odd = next(name for name, one in state.items() if not isinstance(one, Tensor))
        raise DataError(f"{path} holds {odd!r}, which is no tensor")
    return tensors


def resize_positions(prefix: int, grid: tuple[int, int]) -> Adapt:
    """Return what brings position embeddings of a square grid to another grid, bicubically.

    Args:
        prefix: Embeddings before the grid (class tokens), which stay as they are.
        grid: Height and width wanted, in patches.
    """

    def resize(found: Tensor, own: Tensor) -> Tensor:
        """Return (1, prefix + h w, D) of (1, prefix + P, D); found itself where P is no square."""
        before, patches = found[:, :prefix], found[:, prefix:]
        side = round(patches.shape[1] ** 0.5)
        if side * side != patches.shape[1]:
            return found
        square = patches.reshape(1, side, side, -1).permute(0, 3, 1, 2).float()
        resized = nn.functional.interpolate(
            square, grid, mode="bicubic", antialias=True, align_corners=False
        )
        flat = resized.flatten(2).transpose(1, 2)
        return torch.cat([before, flat.to(found.dtype)], dim=1)

    return resize


def _read(path: Path) -> Any:
    if path.suffix != ".safetensors":
        return torch.load(path, map_location="cpu", weights_only=True)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _renamed(name: str, rename: Mapping[str, str]) -> str:
    fits = [old for old in rename if name.startswith(old)]
    if not fits:
        return name
    old = max(fits, key=len)
    return rename[old] + name.removeprefix(old)


def _problems(found: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> Iterator[str]:
    lists = {
        "lacks": [name for name in own if name not in found],
        "has what the module lacks": [name for name in found if name not in own],
        "has other shapes": [
            f"{name} {tuple(found[name].shape)} for {tuple(own[name].shape)}"
            for name in own
            if name in found and found[name].shape != own[name].shape
        ],
    }
    for text, names in lists.items():
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            yield f"{text}: {', '.join(names[:_SHOWN])}{more}"
