"""MToE in the models of other papers: every contract holds, tasks are apart, terms are weighted."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError

from benchmark.checks._base import Check
from benchmark.checks.models import CHECKS, ModelSubject, make_batch
from benchmark.core.problem import Modality
from benchmark.models._config import MToESettings
from benchmark.models.asymmirai.config import AsymMiraiConfig
from benchmark.models.encoders.config import MLPEncoderConfig, PatchEncoderConfig
from benchmark.models.encoders.mlp import MLPEncoder
from benchmark.models.encoders.patch import PatchEncoder
from benchmark.models.layers.modality_routing import ModalityRouting
from benchmark.models.layers.mutual_information import routing_regulariser
from benchmark.models.layers.task_routing import TaskRouting
from benchmark.models.mirai.config import MiraiConfig

MTOE = {"experts": 3, "heads": 2, "hidden": 6}
HOSTS: dict[str, tuple[str, dict[str, Any]]] = {
    "mirai": ("mirai", {"mtoe": MTOE}),
    "asymmirai": ("asymmirai", {"mtoe": MTOE}),
    "eyemost": ("eyemost", {"mtoe": MTOE, "hidden": 6}),
    "eyestar": ("eyestar", {"mtoe": MTOE}),
    "eyestar_of_maps": ("eyestar", {"mtoe": MTOE, "maps": True, "width": 4}),
    "eyemost_of_maps": ("eyemost", {"mtoe": MTOE, "maps": True, "hidden": 6}),
    "eyestar_of_one_map": ("eyestar", {"dense": "b"}),
    "asymmirai_score": ("asymmirai", {"readout": "score", "mu": 1.0, "sigma": 1.0}),
    "multimodn_of_one_map": ("multimodn", {"dense": "b"}),
}


@pytest.mark.parametrize("host", list(HOSTS))
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name.replace(" ", "_"))
def test_variants_keep_the_contract(check: Check[ModelSubject], host: str) -> None:
    name, settings = HOSTS[host]
    check.run(ModelSubject(name, settings))


def test_regulariser_is_weighted() -> None:
    torch.manual_seed(0)
    routing = TaskRouting(4, 2, MToESettings.parse({**MTOE, "alpha": 0.3, "unit": "modality"}))
    tokens, mask = torch.randn(5, 3, 4), torch.ones(5, 3).bool()
    mask[0, 2] = False
    routed, losses = routing(tokens, mask, [2, 1])
    with torch.no_grad():
        expected = routing_regulariser([routed.probabilities()], [2, 1], "modality", "sum")
        assert float(losses["mutual_information"]) == pytest.approx(0.3 * float(expected))
    assert TaskRouting(4, 2, MToESettings.parse({**MTOE, "alpha": 0.0}))(tokens, mask, [3])[1] == {}


@torch.no_grad()
def test_modalities_are_brought_to_one_width_side_by_side() -> None:
    """A vector is one token; each task has vectors and maps of its own."""
    torch.manual_seed(0)
    shape = Modality(name="a", kind="vector", shape=(6,))
    encoders = [
        MLPEncoder(shape, MLPEncoderConfig(width=5)),
        PatchEncoder(shape, PatchEncoderConfig(width=4, patches=3)),
    ]
    routing = ModalityRouting(encoders, 2, 4, MToESettings.parse(MTOE))
    assert (routing.width, routing.counts) == (4, [1, 3])
    codes = [torch.randn(2, 5), torch.randn(2, 3, 4)]
    routed = routing(codes, torch.ones(2, 2).bool())
    tokens = torch.cat([routing.project[0](codes[0])[:, None], codes[1]], dim=1)
    expected = routing.routing(tokens, torch.ones(2, 4).bool(), [1, 3])[0]
    for task in range(2):
        y = expected.of(task)
        assert torch.allclose(routed.map(task, 1), y[:, 1:], atol=1e-6)
        vectors = torch.stack([y[:, 0], y[:, 1:].mean(dim=1)], dim=1)
        assert torch.allclose(routed.vectors(task), vectors, atol=1e-6)
    assert not torch.allclose(routed.vectors(0), routed.vectors(1))


@pytest.mark.parametrize("host", ["mirai", "asymmirai", "eyemost", "eyestar"])
def test_the_models_own_terms_are_kept(host: str) -> None:
    name, settings = HOSTS[host]
    with_, without = ModelSubject(name, settings).build(), ModelSubject(name).build()
    batch = make_batch()
    assert set(with_(batch).losses) == {"mutual_information", *without(batch).losses}


def test_what_does_not_go_together() -> None:
    with pytest.raises(ValidationError, match="set one of them"):
        MiraiConfig.parse({"hazard": True, "mtoe": MTOE})
    with pytest.raises(ValidationError, match="mtoe null"):
        AsymMiraiConfig.parse({"readout": "score", "mtoe": MTOE})


@pytest.mark.parametrize("host", ["mirai", "asymmirai"])
def test_bfloat16_gives_nearly_the_same_scores(host: str) -> None:
    name, settings = HOSTS[host]
    model, batch = ModelSubject(name, settings).build().eval(), make_batch()
    exact = model(batch).logits["type"]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = model(batch).logits["type"]
    assert torch.allclose(rough.float(), exact, atol=0.05)
