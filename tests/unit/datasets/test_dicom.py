from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.core.errors import DataError
from benchmark.datasets._dicom import read_dicom

pydicom = pytest.importorskip("pydicom")
from pydicom.dataset import Dataset, FileMetaDataset  # noqa: E402
from pydicom.encaps import encapsulate  # noqa: E402
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1  # noqa: E402

SIZE = 8


def ramp(top: int = 4095) -> NDArray[np.uint16]:
    """64 different values, 0 and ``top`` among them."""
    return np.linspace(0, top, SIZE * SIZE).round().reshape(SIZE, SIZE).astype(np.uint16)


def large() -> NDArray[np.uint16]:
    """(64, 64): codecs cut images into tiles and want some size."""
    return np.asarray(np.kron(ramp(), np.ones((8, 8), dtype=np.uint16)))


def write(path: Path, stored: NDArray[Any], **elements: Any) -> Path:
    """Write stored values with a minimal header; an element that is None is left out."""
    header = Dataset()
    fields: dict[str, Any] = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.2",
        "SOPInstanceUID": "1.2.3.4",
        "Rows": stored.shape[0],
        "Columns": stored.shape[1],
        "SamplesPerPixel": 1,
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "PhotometricInterpretation": "MONOCHROME2",
    }
    for name, value in {**fields, **elements}.items():
        if value is not None:
            setattr(header, name, value)
    header.PixelData = stored.tobytes()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.save_as(path, enforce_file_format=True)
    return path


def shown(path: Path) -> NDArray[np.uint8]:
    return read_dicom(path, SIZE)


def test_a_window_maps_its_ends_to_black_and_white(tmp_path: Path) -> None:
    """Linear: y = (x - (c - 0.5)) / (w - 1) + 0.5, clipped to 0..1 (PS3.3 C.11.2.1.2.1)."""
    stored = ramp()
    path = write(tmp_path / "a.dcm", stored, WindowCenter=2048, WindowWidth=1000)
    expected = np.clip((stored - 2047.5) / 999 + 0.5, 0, 1) * 255
    np.testing.assert_array_equal(shown(path), np.floor(expected + 0.5).astype(np.uint8))


def test_the_first_of_several_windows_counts(tmp_path: Path) -> None:
    one = write(tmp_path / "a.dcm", ramp(), WindowCenter=1000, WindowWidth=900)
    several = write(tmp_path / "b.dcm", ramp(), WindowCenter=[1000, 3000], WindowWidth=[900, 10])
    np.testing.assert_array_equal(shown(one), shown(several))


@pytest.mark.parametrize(
    ("function", "formula"),
    [
        ("LINEAR_EXACT", lambda x: np.clip((x - 2000) / 800 + 0.5, 0, 1)),
        ("SIGMOID", lambda x: 1 / (1 + np.exp(-4 * (x - 2000) / 800))),
    ],
)
def test_other_window_functions(tmp_path: Path, function: str, formula: Any) -> None:
    path = write(
        tmp_path / "a.dcm", ramp(), WindowCenter=2000, WindowWidth=800, VOILUTFunction=function
    )
    expected = np.floor(255 * formula(ramp().astype(float)) + 0.5)
    np.testing.assert_allclose(shown(path), expected, atol=1e-9)


def test_without_a_window_values_span_the_grey_scale(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", ramp(1000))
    assert (shown(path).min(), shown(path).max()) == (0, 255)


@pytest.mark.parametrize("window", [{}, {"WindowCenter": 1500, "WindowWidth": 2000}])
def test_both_photometric_conventions_give_the_same_image(
    tmp_path: Path, window: dict[str, float]
) -> None:
    """MONOCHROME1 stores m - x; a window centred at c is then centred at m + 1 - c."""
    plain = write(tmp_path / "two.dcm", ramp(), **window)
    if window:
        window = {**window, "WindowCenter": 4096 - window["WindowCenter"]}
    inverted = write(
        tmp_path / "one.dcm",
        4095 - ramp(),
        PhotometricInterpretation="MONOCHROME1",
        **window,
    )
    np.testing.assert_array_equal(shown(plain), shown(inverted))


def test_slope_and_intercept_come_before_the_window(tmp_path: Path) -> None:
    rescaled = write(
        tmp_path / "a.dcm",
        ramp(1000),
        RescaleSlope=2,
        RescaleIntercept=-500,
        WindowCenter=500,
        WindowWidth=2001,
    )
    x = 2.0 * ramp(1000) - 500
    expected = np.floor(np.clip((x - 499.5) / 2000 + 0.5, 0, 1) * 255 + 0.5)
    np.testing.assert_array_equal(shown(rescaled), expected.astype(np.uint8))


@pytest.mark.parametrize("kind", ["MONOCHROME2", "MONOCHROME1"])
def test_padding_is_black_and_does_not_stretch_the_range(tmp_path: Path, kind: str) -> None:
    stored = 1000 + ramp(1000)
    stored[:, :2] = 4000
    path = write(tmp_path / "a.dcm", stored, PixelPaddingValue=4000, PhotometricInterpretation=kind)
    image = shown(path)
    assert (image[:, :2] == 0).all()
    assert image[:, 2:].max() == 255


def test_a_range_of_padding(tmp_path: Path) -> None:
    stored = 1000 + ramp(1000)
    stored[:, 0], stored[:, 1] = 3990, 4000
    header = {"PixelPaddingValue": 4000, "PixelPaddingRangeLimit": 3990}
    assert (shown(write(tmp_path / "a.dcm", stored, **header))[:, :2] == 0).all()


def test_bits_above_those_stored_are_dropped(tmp_path: Path) -> None:
    clean = write(tmp_path / "a.dcm", ramp())
    overlaid = write(tmp_path / "b.dcm", ramp() | np.uint16(0x8000))
    np.testing.assert_array_equal(shown(clean), shown(overlaid))


def test_signed_values(tmp_path: Path) -> None:
    unsigned = write(tmp_path / "a.dcm", ramp())
    signed = write(
        tmp_path / "b.dcm", ramp().astype(np.int16) - np.int16(2048), PixelRepresentation=1
    )
    np.testing.assert_array_equal(shown(unsigned), shown(signed))


def test_the_released_conversion_divides_by_the_maximum(tmp_path: Path) -> None:
    """No window, and MONOCHROME1 inverted after scaling, so a copy is not the same image."""
    header = {"WindowCenter": 10, "WindowWidth": 5, "RescaleSlope": 3}
    path = write(tmp_path / "a.dcm", ramp(2000), **header)
    expected = (255.0 * ramp(2000) / 2000).astype(np.uint8)
    np.testing.assert_allclose(read_dicom(path, SIZE, "max").astype(int), expected, atol=1)
    inverted = write(tmp_path / "b.dcm", 2095 + ramp(2000), PhotometricInterpretation="MONOCHROME1")
    expected = (255 - 255.0 * (2095 + ramp(2000)) / 4095).astype(np.uint8)
    np.testing.assert_allclose(read_dicom(inverted, SIZE, "max").astype(int), expected, atol=1)


def test_resizing_averages_and_does_not_keep_the_aspect(tmp_path: Path) -> None:
    """Every other column white: a shrunken image is grey, not striped."""
    stored = np.zeros((64, 32), dtype=np.uint16)
    stored[:, ::2] = 4095
    image = read_dicom(write(tmp_path / "a.dcm", stored), 8)
    assert image.shape == (8, 8)
    assert np.abs(image.astype(int) - 128).max() < 20


def test_jpeg_2000_gives_the_same_pixels(tmp_path: Path) -> None:
    pytest.importorskip("openjpeg", reason="pylibjpeg-openjpeg writes the compressed file")
    plain = write(tmp_path / "a.dcm", large(), WindowCenter=2048, WindowWidth=4096)
    header = pydicom.dcmread(plain)
    header.compress(JPEG2000Lossless, generate_instance_uid=False)
    header.save_as(tmp_path / "b.dcm")
    assert pydicom.dcmread(tmp_path / "b.dcm").file_meta.TransferSyntaxUID == JPEG2000Lossless
    np.testing.assert_array_equal(shown(plain), shown(tmp_path / "b.dcm"))


def test_lossless_jpeg_gives_the_same_pixels(tmp_path: Path) -> None:
    gdcm = pytest.importorskip("gdcm", reason="python-gdcm writes the compressed file")
    plain = write(tmp_path / "a.dcm", ramp(), WindowCenter=2048, WindowWidth=4096)
    reader = gdcm.ImageReader()
    reader.SetFileName(str(plain))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    fragments = change.GetOutput().GetDataElement().GetSequenceOfFragments()
    frame = fragments.GetFragment(0).GetByteValue().GetBuffer().encode("utf-8", "surrogateescape")
    header = pydicom.dcmread(plain)
    header.PixelData = encapsulate([frame])
    header.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    header.save_as(tmp_path / "b.dcm")
    assert pydicom.dcmread(tmp_path / "b.dcm").file_meta.TransferSyntaxUID == JPEGLosslessSV1
    np.testing.assert_array_equal(shown(plain), shown(tmp_path / "b.dcm"))


def test_a_file_that_is_cut_off_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "cut.dcm", ramp())
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"(?s)cut\.dcm cannot be read as DICOM.*fetch the file"):
        shown(path)


def test_a_file_that_is_no_dicom_is_named(tmp_path: Path) -> None:
    path = tmp_path / "text.dcm"
    path.write_text("not found")
    with pytest.raises(DataError, match=r"text\.dcm cannot be read as DICOM: InvalidDicomError"):
        shown(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.dcm is not there"):
        shown(tmp_path / "gone.dcm")


@pytest.mark.parametrize(
    ("elements", "text"),
    [
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "is PALETTE COLOR, not MONOCHROME1"),
        ({"PresentationIntentType": "FOR PROCESSING"}, "FOR PROCESSING: raw detector values"),
    ],
)
def test_what_is_no_grey_image_is_refused(
    tmp_path: Path, elements: dict[str, str], text: str
) -> None:
    with pytest.raises(DataError, match=text):
        shown(write(tmp_path / "a.dcm", ramp(), **elements))


def test_several_frames_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", np.concatenate([ramp(), ramp()]), Rows=SIZE, NumberOfFrames=2)
    with pytest.raises(DataError, match=r"shape \(2, 8, 8\), not one grey image"):
        shown(path)


def test_a_missing_decoder_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openjpeg", reason="pylibjpeg-openjpeg writes the compressed file")
    path = write(tmp_path / "a.dcm", large())
    header = pydicom.dcmread(path)
    header.compress(JPEG2000Lossless)
    header.save_as(path)

    class Lacking:
        is_available = False

    monkeypatch.setattr("pydicom.pixels.get_decoder", lambda syntax: Lacking())
    with pytest.raises(DataError, match=r"(?s)JPEG 2000.*no decoder.*mmbench\[medical-codecs\]"):
        shown(path)


def test_missing_pydicom_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.dcm", ramp())
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(DataError, match=r"(?s)a\.dcm needs pydicom.*mmbench\[medical\]"):
        shown(path)
