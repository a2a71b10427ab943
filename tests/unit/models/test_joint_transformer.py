"""Parameter counts of the paper, and the two skips."""

from __future__ import annotations

import pytest
import torch

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders.config import PatchEncoderConfig
from benchmark.models.encoders.patch import PatchEncoder
from benchmark.models.joint_transformer.config import JointTransformerConfig
from benchmark.models.joint_transformer.model import JointTransformer
from benchmark.training.strategies.plain import parameter_counts


def _model(
    modalities: int, width: int, layers: int, patches: int, outputs: int, **settings: object
) -> JointTransformer:
    component = Component(
        dataset="d",
        modalities=tuple(
            Modality(name=f"m{m}", kind="vector", shape=(5,)) for m in range(modalities)
        ),
        tasks=(Task(name="t", kind="multiclass", classes=tuple(str(c) for c in range(outputs))),),
    )
    encoders: dict[str, Encoder] = {
        one.name: PatchEncoder(one, PatchEncoderConfig(width=width, patches=patches))
        for one in component.modalities
    }
    problem = Problem(components=(component,), outputs={"d/t": outputs})
    config = JointTransformerConfig.parse({"layers": layers, "heads": 1, **settings})
    return JointTransformer(problem, encoders, config)


@pytest.mark.parametrize(
    ("modalities", "width", "layers", "patches", "outputs", "printed"),
    [
        (4, 256, 2, 16, 3, 1_072_131),  # ADNI, Table 6
        (3, 128, 2, 8, 2, 268_034),  # MIMIC
        (2, 256, 2, 8, 23, 1_068_567),  # IMDB
        (3, 128, 1, 4, 2, 134_402),  # MOSI
        (2, 256, 1, 4, 20, 538_644),  # ENRICO
    ],
)
def test_parameters_as_printed(
    modalities: int, width: int, layers: int, patches: int, outputs: int, printed: int
) -> None:
    counts = parameter_counts(_model(modalities, width, layers, patches, outputs))
    formula = (
        layers * (8 * width**2 + 8 * width)
        + modalities * patches * width
        + modalities * width * outputs
        + outputs
    )
    assert counts["fusion"] == formula == printed
    assert counts["total"] == counts["trainable"] == counts["fusion"] + counts["encoders"]


def _batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    return Batch(
        dataset="d",
        inputs={f"m{m}": ModalityData(torch.randn(3, 5, generator=generator)) for m in range(2)},
        observed=torch.tensor([[True, True], [True, False], [False, False]]),
        targets={},
        rows=torch.arange(3),
    )


def test_skips_share_weights_and_differ_in_output() -> None:
    residual = _model(2, 8, 1, 4, 3, attention_skip="residual").eval()
    doubled = _model(2, 8, 1, 4, 3, attention_skip="doubled").eval()
    doubled.load_state_dict(residual.state_dict())
    one, other = residual(_batch()).logits["t"], doubled(_batch()).logits["t"]
    assert not torch.allclose(one[:2], other[:2])


def test_nothing_observed_scores_the_heads_bias() -> None:
    model = _model(2, 8, 2, 4, 3).eval()
    assert torch.equal(model(_batch()).logits["t"][2], model.heads.linear[0].bias)


def test_missing_modality_equals_a_sequence_without_its_tokens() -> None:
    model = _model(2, 8, 2, 4, 3).eval()
    batch = _batch()
    torch.nn.init.normal_(model.positions)
    tokens = model.encoder("m0")(batch.inputs["m0"])[1:2] + model.positions[:, :4]
    for layer in model.layers:
        tokens = layer(tokens, torch.ones(1, 4).bool())
    pooled = torch.cat([tokens.mean(dim=1), torch.zeros(1, 8)], dim=1)
    expected = model.heads(pooled)["t"][0]
    assert torch.allclose(model(batch).logits["t"][1], expected, atol=1e-6)


def test_encoders_of_different_widths_are_refused() -> None:
    component = Component(
        dataset="d",
        modalities=tuple(Modality(name=n, kind="vector", shape=(5,)) for n in "ab"),
        tasks=(Task(name="t", kind="binary", classes=("0", "1")),),
    )
    encoders: dict[str, Encoder] = {
        one.name: PatchEncoder(one, PatchEncoderConfig(width=width))
        for one, width in zip(component.modalities, (4, 8), strict=True)
    }
    problem = Problem(components=(component,), outputs={"d/t": 1})
    with pytest.raises(UsageError, match="one width, they have a 4, b 8"):
        JointTransformer(problem, encoders, JointTransformerConfig())
