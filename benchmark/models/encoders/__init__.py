"""Registered encoders: modality in, vector or tokens out.

``family`` is what they give; ``any`` gives whichever of the two the model asks for.
"""

from __future__ import annotations

from benchmark.core.registry import Entry, Registry

ENCODERS = Registry(
    "encoder",
    {
        "mlp": Entry(
            target="benchmark.models.encoders.mlp:MLPEncoder",
            config="benchmark.models.encoders.config:MLPEncoderConfig",
            summary="flat vector through a multilayer perceptron",
            family="vector",
        ),
        "patch": Entry(
            target="benchmark.models.encoders.patch:PatchEncoder",
            config="benchmark.models.encoders.config:PatchEncoderConfig",
            summary="flat vector cut into equal patches, one linear map shared by all",
            family="tokens",
        ),
        "text_vector": Entry(
            target="benchmark.models.encoders.text_vector:TextVectorEncoder",
            config="benchmark.models.encoders.config:TextVectorEncoderConfig",
            summary="text given as one vector: layer norm, multilayer perceptron",
            family="vector",
        ),
    },
)
