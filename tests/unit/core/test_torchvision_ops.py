"""timm and torchvision beside a torch that torchvision was not compiled for."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.core import torchvision_ops
from benchmark.core.errors import MMBenchError

needs_timm = pytest.mark.skipif(
    not (importlib.util.find_spec("timm") and importlib.util.find_spec("torchvision")),
    reason="needs the extra 'vision'",
)
START = "from benchmark.core.torchvision_ops import make_importable\n"
TRAIN = """
import timm, torch
model = timm.create_model({name!r}, pretrained=False, num_classes=3)
logits = model(torch.randn(2, 3, {size}, {size}))
torch.nn.functional.cross_entropy(logits, torch.tensor([0, 2])).backward()
torch.optim.SGD(model.parameters(), lr=0.1).step()
print(all(one.grad is not None and bool(one.grad.isfinite().all()) for one in model.parameters()))
"""


def python(code: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh process, with ``path`` first among the places to import from."""
    begin = f"import sys; sys.path.insert(0, {str(path)!r})\n" if path else ""
    return subprocess.run(
        [sys.executable, "-P", "-c", begin + code],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@needs_timm
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size"), [("vit_tiny_patch16_224", 224), ("resnet18", 64), ("vgg11_bn", 64)]
)
def test_timm_models_build_and_train(name: str, size: int) -> None:
    done = python(START + "make_importable()" + TRAIN.format(name=name, size=size))
    assert done.stdout == "True\n", done.stderr


@needs_timm
@pytest.mark.slow
def test_torchvision_imports_afterwards_and_twice_is_once() -> None:
    code = (
        "first = make_importable(); import torchvision\n"
        "make_importable.cache_clear(); print(first == make_importable(), torchvision.ops.nms)"
    )
    done = python(START + code)
    assert done.stdout.startswith("True <function nms"), done.stderr


@pytest.fixture
def unfit(tmp_path: Path) -> Path:
    """A torchvision that refers to its operators as the real one does, and cannot load them."""
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "_C.so").write_bytes(b"not a library")
    (package / "__init__.py").write_text(
        "import torch\n"
        "for op in ('nms', 'qnms'):\n"
        "    @torch.library.register_fake('torchvision::' + op)\n"
        "    def fake(dets, scores, iou_threshold): return dets\n"
    )
    return tmp_path


@pytest.mark.slow
def test_without_help_such_a_torchvision_fails(unfit: Path) -> None:
    done = python("import torchvision", unfit)
    assert "operator torchvision::nms does not exist" in done.stderr


def test_operators_are_declared_and_say_that_they_cannot_run(unfit: Path) -> None:
    code = (
        "print(make_importable())\n"
        "import torch, torchvision\n"
        "torch.ops.torchvision.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)"
    )
    done = python(START + code, unfit)
    assert done.stdout == "False\n", done.stderr
    assert "NotImplementedError: Could not run 'torchvision::nms'" in done.stderr


def test_a_missing_torchvision_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    torchvision_ops.make_importable.cache_clear()
    with pytest.raises(MMBenchError, match=r"not installed\npip install 'mmbench\[vision\]'"):
        torchvision_ops.make_importable()
