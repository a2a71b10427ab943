"""Registered encoders: modality in, vector or tokens out.

``family`` is what they give; ``any`` gives whichever of the two the model asks for.
"""

from __future__ import annotations

from benchmark.core.registry import Entry, Registry

ENCODERS = Registry(
    "encoder",
    {
        "cnn3d": Entry(
            target="benchmark.models.encoders.cnn3d:CNN3DEncoder",
            config="benchmark.models.encoders.config:CNN3DEncoderConfig",
            summary="volume through six convolutions",
            family="any",
        ),
        "event_transformer": Entry(
            target="benchmark.models.encoders.event_transformer:EventTransformerEncoder",
            config="benchmark.models.encoders.config:EventTransformerEncoderConfig",
            summary="coded events with their hours through a transformer",
            family="any",
        ),
        "grid_transformer": Entry(
            target="benchmark.models.encoders.grid_transformer:GridTransformerEncoder",
            config="benchmark.models.encoders.config:GridTransformerEncoderConfig",
            summary="transformer over the steps of a series",
            family="any",
        ),
        "gru": Entry(
            target="benchmark.models.encoders.gru:GRUEncoder",
            config="benchmark.models.encoders.config:GRUEncoderConfig",
            summary="last state of a recurrent network over a sequence",
            family="any",
        ),
        "maxout": Entry(
            target="benchmark.models.encoders.maxout:MaxoutEncoder",
            config="benchmark.models.encoders.config:MaxoutEncoderConfig",
            summary="flat vector through maxout layers with batch normalisation",
            family="any",
        ),
        "mlp": Entry(
            target="benchmark.models.encoders.mlp:MLPEncoder",
            config="benchmark.models.encoders.config:MLPEncoderConfig",
            summary="flat vector through a multilayer perceptron",
            family="vector",
        ),
        "mtand": Entry(
            target="benchmark.models.encoders.mtand:MTANDEncoder",
            config="benchmark.models.encoders.config:MTANDEncoderConfig",
            summary="multi-time attention of reference points to irregular times",
            family="any",
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
        "vit": Entry(
            target="benchmark.models.encoders.vit:ViTEncoder",
            config="benchmark.models.encoders.config:ViTEncoderConfig",
            summary="vision transformer over patches of 16 pixels",
            family="any",
        ),
        "resnet": Entry(
            target="benchmark.models.encoders.resnet:ResNetEncoder",
            config="benchmark.models.encoders.config:ResNetEncoderConfig",
            summary="residual network over an image",
            family="any",
        ),
        "vgg11_bn": Entry(
            target="benchmark.models.encoders.vgg:VGGEncoder",
            config="benchmark.models.encoders.config:VGGEncoderConfig",
            summary="frozen VGG-11 over an image, then a linear layer",
            family="any",
        ),
        "small_cnn": Entry(
            target="benchmark.models.encoders.small_cnn:SmallCNNEncoder",
            config="benchmark.models.encoders.config:SmallCNNEncoderConfig",
            summary="three convolutions over an image, for small ones and few samples",
            family="any",
        ),
    },
)
