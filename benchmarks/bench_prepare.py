"""Preparing mammograms: images per second and memory, beside pydicom's own decoding.

    python benchmarks/bench_prepare.py [--files 24] [--jobs 2] [--size 224]

Files are full-size images (3328 x 2560, 12 bits) with noise, uncompressed and in lossless JPEG
2000. ``share`` is the time pydicom needs to read and decode a file over the time that preparing
takes for it per process: windowing, resizing, writing and marking included.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HEIGHT, WIDTH = 3328, 2560
SYNTAXES = ("uncompressed", "jpeg2000")


def write_file(path: Path, syntax: str, seed: int) -> None:
    import pydicom
    from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless

    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH] / HEIGHT
    breast = np.clip(1 - (rows - 0.5) ** 2 * 5 - columns**2 * 3, 0, 1) * 3000
    pixels = np.clip(breast + rng.normal(0, 20, breast.shape), 0, 4095).astype(np.uint16)
    image = pydicom.Dataset()
    image.file_meta = pydicom.dataset.FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.2"
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{seed + 1}"
    image.Rows, image.Columns, image.SamplesPerPixel = HEIGHT, WIDTH, 1
    image.PhotometricInterpretation, image.PixelRepresentation = "MONOCHROME2", 0
    image.BitsAllocated, image.BitsStored, image.HighBit = 16, 12, 11
    image.WindowCenter, image.WindowWidth = "1500", "3000"
    image.PixelData = pixels.tobytes()
    if syntax == "jpeg2000":
        image.compress(JPEG2000Lossless, generate_instance_uid=False)
    image.save_as(path, enforce_file_format=True)


def decode_all(folder: Path) -> None:
    import pydicom

    files = sorted(folder.glob("*.dcm"))
    start = time.perf_counter()
    for path in files:
        assert pydicom.dcmread(path).pixel_array.shape == (HEIGHT, WIDTH)
    report(start)


def prepare_all(folder: Path, jobs: int, size: int) -> None:
    from benchmark.datasets._arrays import Filling, fill
    from benchmark.datasets._dicom import decode_dicom

    files = [str(one) for one in sorted(folder.glob("*.dcm"))]
    items = [(one, size, "window", False) for one in files]
    filling = Filling("images", (1, size, size), "uint8", items, files, decode_dicom, chunk=4)
    with tempfile.TemporaryDirectory() as place:
        start = time.perf_counter()
        assert fill(Path(place), filling, jobs).all()
        report(start)


def report(start: float) -> None:
    """Print wall and processor seconds, and the peak memory of the largest process in MB."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    busy = sum(one.ru_utime + one.ru_stime for one in used)
    print(time.perf_counter() - start, busy, max(one.ru_maxrss for one in used) / 1024)


def timed(folder: Path, what: str, jobs: int, size: int) -> tuple[float, float, float]:
    """Return what :func:`report` prints, of a fresh process."""
    command = [sys.executable, __file__, "--folder", str(folder), "--what", what]
    command += ["--jobs", str(jobs), "--size", str(size)]
    wall, busy, peak = subprocess.check_output(command, text=True).split()
    return float(wall), float(busy), float(peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=24)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--what", choices=("decode", "prepare"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.what == "decode":
        decode_all(given.folder)
    elif given.what == "prepare":
        prepare_all(given.folder, given.jobs, given.size)
    else:
        compare(given.files, given.jobs, given.size)


def compare(files: int, jobs: int, size: int) -> None:
    for syntax in SYNTAXES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for one in range(files):
                write_file(folder / f"{one:03}.dcm", syntax, one)
            wall, plain, _ = timed(folder, "decode", 1, size)
            print(f"{syntax:13} pydicom alone   {files / wall:6.2f} images/s")
            for count in dict.fromkeys((1, jobs)):
                wall, busy, peak = timed(folder, "prepare", count, size)
                print(
                    f"{syntax:13} prepare -j {count:<3}   {files / wall:6.2f} images/s  "
                    f"share {plain / busy:4.2f}  peak {peak:4.0f} MB per process"
                )


if __name__ == "__main__":
    main()
