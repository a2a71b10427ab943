"""Where one modality alone tells the label, its uniqueness expert carries I2MoE's prediction."""

from __future__ import annotations

import pytest
import torch

from benchmark.core.batch import Batch, Output
from benchmark.core.paths import Paths
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext
from benchmark.training.build import build_losses, build_model
from benchmark.training.data import load_dataset, run_data
from benchmark.training.execute import ExecutionContext, execute

I2MOE = {
    "fusion": {"name": "early_fusion", "hidden": [32]},
    "interaction_weight": 0.5,
    "temperature": 2.0,
    "weight_hidden": 32,
    "weight_dropout": 0.0,
}
TRAINING = {"epochs": 25, "batch_size": 64, "optimizer": {"lr": 0.01}}


def on_test_part(paths: Paths, informative: str) -> tuple[Batch, Output]:
    """Train I2MoE on 600 samples and return the test part with what the kept model says of it."""
    options = DATASETS.config("planted").parse(
        {"n": 600, "width": 4, "mechanisms": {f"unique:{informative}": 1.0}}
    )
    context = DataContext(paths)
    component = ComponentSpec(
        dataset="planted",
        loader=Ref(name="planted", config=options.model_dump(mode="json")),
        modalities=("a", "b"),
        tasks=("label",),
        data=DATASETS.load("planted").probe(options, context).fingerprint,
    )
    encoder = Ref(name="mlp", config={"width": 16, "hidden": [16]})
    spec = RunSpec(
        components=(component,),
        model=Ref(name="i2moe", config=I2MOE),
        encoders={"a": encoder, "b": encoder},
        losses={"label": Ref(name="cross_entropy")},
        strategy=Ref(name="plain", config=TRAINING),
        split=SplitSpec(kind="kfold", folds=5, stratify="label"),
    )
    done = execute(spec, ExecutionContext(paths, "auto", "cpu", None, lambda *_: None))
    data = run_data(spec, load_dataset(component, paths, "auto"))
    model = build_model(
        spec, data.component, build_losses(spec, data.component, data.targets("train"))
    )
    assert done.weights is not None
    model.load_state_dict(done.weights)
    batch = data.batch("test")
    with torch.no_grad():
        return batch, model.eval()(batch)


@pytest.mark.parametrize("informative", ["a", "b"])
def test_the_uniqueness_expert_carries_the_weight(paths: Paths, informative: str) -> None:
    batch, output = on_test_part(paths, informative)
    names = list(output.info["expert_names"])
    weights = dict(zip(names, output.info["weights"].mean(dim=0).tolist(), strict=True))
    assert max(weights, key=weights.__getitem__) == f"uniqueness:{informative}"
    assert weights[f"uniqueness:{informative}"] > 0.5
    assert weights["uniqueness:" + ("b" if informative == "a" else "a")] < 0.1
    logits = output.info["expert_logits"]["label"][names.index(f"uniqueness:{informative}")]
    alone = (logits.argmax(dim=1) == batch.targets["label"]).float().mean()
    assert alone > 0.95
