"""A change of behaviour must come with a higher ``result_version``.

Every registered model and control is trained for a moment on generated data and compared with
stored figures. Where they differ although every version is the same, results in people's caches
would silently mean something else than new ones. After raising the version of what changed in its
registry: ``pytest tests/golden/test_behaviour.py --update-golden``.

The figures are coarse (mean and spread of the test scores, to 1e-3), since other processors round
differently.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmark.core.paths import Paths
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext
from benchmark.losses import LOSSES
from benchmark.models import MODELS
from benchmark.models.encoders import ENCODERS
from benchmark.training.execute import ExecutionContext, execute
from benchmark.training.strategies import STRATEGIES

GOLDEN = Path(__file__).with_name("behaviour.json")
OPTIONS = {"n": 150, "mechanisms": {"unique:a": 0.5, "xor": 0.5}, "missing": {"b": 0.2}}
TRAINING = {"epochs": 2, "batch_size": 16}
#: Settings without which a model cannot be built, or would be slow.
NEEDED: dict[str, dict[str, Any]] = {
    "clinical_only": {"modality": "a"},
    "given_score": {"modality": "a", "link": "logit"},
    "haim": {"depths": [2, 3], "trees": [20], "learning_rates": [0.3]},
    "unimodal": {"modality": "a"},
    "mirai": {"width": 8, "heads": 2},
    "asymmirai": {"pairs": [["a", "b"]], "share_encoder": "none"},
    "evif": {"heads": 2, "hidden": 16},
    "fuller": {"heads": 2, "hidden": 16},
    "aide": {"heads": 2, "hidden": 16},
    "m4oe": {"msoe_experts": 2, "mtoe_experts": 4, "final_experts": 2},
    "soft_moe": {"experts": 4},
    "adamv_moe": {"experts": 4},
    "fuse_moe": {"experts": 4, "hidden": 16, "width": None},
    "mult": {"width": 8, "heads": 2, "layers": 2, "self_layers": 1},
}
#: Strategies that go with a model; the others are trained plainly.
STRATEGY = {"evif": "min_max", "fuller": "gradient_calibration"}


def _ref(registry: Any, name: str, config: dict[str, Any]) -> Ref:
    resolved = registry.config(name).parse(config).model_dump(mode="json")
    return Ref(name=name, config=resolved, version=registry.entry(name).result_version)


def _target(name: str) -> tuple[str, str]:
    """Return target and task: the label, unless a control is for another kind of task only."""
    kinds = getattr(MODELS.config(name), "kinds", ("binary",))
    if "binary" in kinds:
        return "label", "label"
    return ("survival", "survival") if "survival" in kinds else ("regression", "value")


def _spec(name: str, paths: Paths) -> RunSpec:
    target, task = _target(name)
    options = OPTIONS | {"target": target}
    config = DATASETS.config("planted").parse(options)
    release = DATASETS.load("planted").probe(config, DataContext(paths))
    control = MODELS.entry(name).family == "control"
    given = MODELS.config(name).parse(NEEDED.get(name, {}))
    output = "" if control else given.encoder_gives("a")
    encoder = _ref(ENCODERS, {"tokens": "patch"}.get(output, "mlp"), {"width": 8})
    strategy = "fit" if control else STRATEGY.get(name, "plain")
    training = _ref(STRATEGIES, strategy, {} if control else TRAINING)
    return RunSpec(
        components=(
            ComponentSpec(
                dataset="planted",
                loader=_ref(DATASETS, "planted", options),
                modalities=("a", "b"),
                tasks=(task,),
                data=release.fingerprint,
            ),
        ),
        model=_ref(MODELS, name, NEEDED.get(name, {})),
        encoders={} if control else {"a": encoder, "b": encoder},
        losses={} if control else {"label": _ref(LOSSES, "bce", {})},
        strategy=training,
        split=SplitSpec(kind="kfold", folds=5, stratify=None if task == "value" else task),
    )


def _versions(spec: RunSpec) -> dict[str, int]:
    refs = [spec.model, spec.strategy, spec.components[0].loader]
    refs += [*spec.encoders.values(), *spec.losses.values()]
    return {ref.name: ref.version for ref in refs}


def _figures(spec: RunSpec, paths: Paths) -> list[float]:
    outcome = execute(spec, ExecutionContext(paths, "auto", "cpu", None, lambda *_: None))
    scores = outcome.predictions.query("part == 'test'")["s0"]
    return [round(float(scores.mean()), 5), round(float(scores.std()), 5)]


@pytest.mark.parametrize("name", list(MODELS))
def test_behaviour(name: str, paths: Paths, request: pytest.FixtureRequest) -> None:
    spec = _spec(name, paths)
    found = {"versions": _versions(spec), "scores": _figures(spec, paths)}
    stored = json.loads(GOLDEN.read_text())
    if request.config.getoption("--update-golden", default=False):
        stored[name] = found
        GOLDEN.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
    assert name in stored, "new here: pytest tests/golden/test_behaviour.py --update-golden"
    assert found["versions"] == stored[name]["versions"], (
        "a version was raised: pytest tests/golden/test_behaviour.py --update-golden"
    )
    assert found["scores"] == pytest.approx(stored[name]["scores"], abs=1e-3), (
        "behaviour changed: raise result_version of what changed, then --update-golden"
    )


def test_no_figures_of_what_is_gone() -> None:
    assert set(json.loads(GOLDEN.read_text())) == set(MODELS)
