"""One grey DICOM image as 8-bit pixels of a given size.

Two ways from stored values to grey values:

- ``window``: as a viewer shows them. Unused high bits are dropped, rescale slope and intercept
  applied, then the first window of the file (linear, linear exact or sigmoid; DICOM PS3.3
  C.11.2.1.2), or the range of its values where it has none; MONOCHROME1 is inverted, padding is
  black.
- ``max``: what the M4oE authors' conversion does. Slope and intercept, resized, divided by the
  largest value left, MONOCHROME1 inverted after that; windows and padding are not looked at.

Both resize with an antialiasing filter and without keeping the aspect. pydicom decodes; JPEG 2000
goes to pylibjpeg-openjpeg and lossless JPEG to GDCM where these are installed.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import DataError
from benchmark.datasets._images import resize, resize_float

Intensity = Literal["window", "max"]
Values = NDArray[np.float64]
Pixels = NDArray[np.uint8]

#: What reading a broken file raises inside pydicom and its plug-ins.
_BROKEN = (
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
_PREFERRED = {"JPEG 2000": "pylibjpeg", "JPEG Lossless": "gdcm"}


def read_dicom(path: Path, size: int, intensity: Intensity = "window") -> Pixels:
    """Return the image as (size, size) uint8, dark background whatever the file's convention.

    Args:
        path: The file.
        size: Height and width of the result.
        intensity: See the module's text.

    Raises:
        DataError: The file is missing, is no DICOM file, has no single grey image, cannot be
            decoded, or needs a package that is not installed; the file is named.
    """
    header, stored = _read(path)
    if intensity == "max":
        return _by_maximum(header, stored, size)
    return resize(_windowed(header, stored), size)


def decode_dicom(item: tuple[str, int, Intensity, bool]) -> Pixels:
    """Return (1, size, size) of ``(path, size, intensity, zeros)``, for processes that prepare.

    ``zeros`` gives a black image for a file that is not there, as the M4oE authors' loader does.
    """
    path, size, intensity, zeros = item
    if zeros and not Path(path).is_file():
        return np.zeros((1, size, size), dtype=np.uint8)
    return read_dicom(Path(path), size, intensity)[None]


def _read(path: Path) -> tuple[Any, NDArray[Any]]:
    """Return the header and the stored values, (H, W)."""
    pydicom = _pydicom(path)
    if not path.is_file():
        raise DataError(f"{path} is not there", "complete the release, or see the option `missing`")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd headers are frequent and harmless here
        try:
            header = pydicom.dcmread(path)
        except (pydicom.errors.InvalidDicomError, *_BROKEN) as error:
            raise _unreadable(path, error) from error
        _check_header(path, header)
        plugin = _decoder(path, header.file_meta.TransferSyntaxUID)
        try:
            stored = pydicom.pixels.pixel_array(header, decoding_plugin=plugin)
        except _BROKEN as error:
            raise _unreadable(path, error) from error
    if stored.ndim != 2:
        raise DataError(f"{path} holds values of shape {stored.shape}, not one grey image")
    return header, stored


def _pydicom(path: Path) -> Any:
    try:
        import pydicom
        import pydicom.pixels
    except ImportError:
        raise DataError(f"{path} needs pydicom", "pip install 'mmbench[medical]'") from None
    return pydicom


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = str(error).strip().splitlines()
    return DataError(
        f"{path} cannot be read as DICOM: {type(error).__name__}: {reason[0] if reason else ''}",
        "fetch the file again; compare its size and checksum with the release's",
    )


def _check_header(path: Path, header: Any) -> None:
    if "PixelData" not in header or "TransferSyntaxUID" not in getattr(header, "file_meta", {}):
        raise DataError(f"{path} holds no pixels", "fetch the file again")
    kind = str(header.get("PhotometricInterpretation", ""))
    if kind not in ("MONOCHROME1", "MONOCHROME2"):
        raise DataError(f"{path} is {kind or 'of no named colour'}, not MONOCHROME1 or MONOCHROME2")
    if "PROCESSING" in str(header.get("PresentationIntentType", "")).upper():
        raise DataError(
            f"{path} is FOR PROCESSING: raw detector values, not an image to look at",
            "take the FOR PRESENTATION file of the same exposure",
        )


def _decoder(path: Path, syntax: Any) -> str:
    """Return the plug-in that decodes; empty lets pydicom choose.

    Raises:
        DataError: None that can is installed.
    """
    from pydicom import pixels

    if not syntax.is_compressed:
        return ""
    try:
        decoder = pixels.get_decoder(syntax)  # type: ignore[attr-defined]
    except NotImplementedError:
        raise DataError(f"{path} is stored as {syntax.name}, which cannot be decoded") from None
    if not decoder.is_available:
        raise DataError(
            f"{path} is stored as {syntax.name}, for which no decoder is installed",
            "pip install 'mmbench[medical-codecs]'",
        )
    able = decoder.available_plugins
    liked = (plugin for name, plugin in _PREFERRED.items() if syntax.name.startswith(name))
    return next((plugin for plugin in liked if plugin in able), "")


def _number(header: Any, name: str, otherwise: float) -> float:
    """Return the first value of an element; ``otherwise`` where it is absent or empty."""
    value = header.get(name)
    if value is None or value == "":
        return otherwise
    if isinstance(value, Sequence) and not isinstance(value, str):
        return float(value[0]) if len(value) else otherwise
    return float(value)


def _windowed(header: Any, stored: NDArray[Any]) -> Pixels:
    """Return grey values of the window, (H, W): one look-up, since stored values are few."""
    stored = _used_bits(header, stored)
    low, high = min(0, int(stored.min())), int(stored.max())
    codes = np.arange(low, high + 1, dtype=np.float64)
    padding = _padding(header, codes)
    grey = _shown(header, _rescaled(header, codes), lambda: _present(stored, low, padding))
    if header.PhotometricInterpretation == "MONOCHROME1":
        grey = -grey
    # Grey values lie in -1/2 .. 1/2, so an inverted copy gives the same bits after rounding.
    table = np.floor(255 * (grey + 0.5) + 0.5).astype(np.uint8)
    table[padding] = 0
    return np.asarray(table[stored.astype(np.int64) - low if low else stored])


def _used_bits(header: Any, stored: NDArray[Any]) -> NDArray[Any]:
    """Drop what lies above the bits in use, where old files keep overlays."""
    bits = int(header.BitsStored)
    if header.PixelRepresentation == 0 and bits < int(header.BitsAllocated):
        return np.asarray(stored & np.asarray((1 << bits) - 1, dtype=stored.dtype))
    return stored


def _padding(header: Any, codes: Values) -> NDArray[np.bool_]:
    value = header.get("PixelPaddingValue")
    if value is None or value == "":
        return np.zeros(len(codes), dtype=bool)
    ends = sorted((float(value), _number(header, "PixelPaddingRangeLimit", float(value))))
    return np.asarray((codes >= ends[0]) & (codes <= ends[1]))


def _present(stored: NDArray[Any], low: int, padding: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which codes occur outside padding; all codes if none does."""
    counts = np.bincount((stored.astype(np.int64) - low).ravel(), minlength=len(padding))
    found = np.asarray((counts > 0) & ~padding)
    return found if found.any() else np.ones_like(found)


def _rescaled(header: Any, codes: Values) -> Values:
    slope = _number(header, "RescaleSlope", 1.0)
    return np.asarray(codes * slope + _number(header, "RescaleIntercept", 0.0))


def _shown(header: Any, values: Values, present: Callable[[], NDArray[np.bool_]]) -> Values:
    """Return grey values -1/2 (dark) .. 1/2 (bright) of MONOCHROME2."""
    width = _number(header, "WindowWidth", 0.0)
    kind = str(header.get("VOILUTFunction", "") or "LINEAR")
    if width > 1 or (width > 0 and kind != "LINEAR"):
        centre = _number(header, "WindowCenter", 0.0)
        grey = _WINDOWS.get(kind, _linear)(values, centre, width)
        return np.asarray(np.clip(grey, -0.5, 0.5))
    there = values[present()]
    low, high = there.min(), there.max()
    return np.asarray(np.clip((values - (low + high) / 2) / ((high - low) or 1.0), -0.5, 0.5))


def _linear(values: Values, centre: float, width: float) -> Values:
    return np.asarray((values - (centre - 0.5)) / (width - 1))


def _linear_exact(values: Values, centre: float, width: float) -> Values:
    return np.asarray((values - centre) / width)


def _sigmoid(values: Values, centre: float, width: float) -> Values:
    # 1 / (1 + exp(-4 d)) - 1/2 without overflow.
    return np.asarray(0.5 * np.tanh(2 * (values - centre) / width))


_WINDOWS: dict[str, Callable[[Values, float, float], Values]] = {
    "LINEAR": _linear,
    "LINEAR_EXACT": _linear_exact,
    "SIGMOID": _sigmoid,
}


def _by_maximum(header: Any, stored: NDArray[Any], size: int) -> Pixels:
    values = resize_float(_rescaled(header, stored.astype(np.float64)), size)
    largest = float(values.max())
    scaled = np.clip(255 * values / largest if largest > 0 else 0 * values, 0, 255)
    if header.PhotometricInterpretation == "MONOCHROME1":
        scaled = 255 - scaled
    return scaled.astype(np.uint8)
