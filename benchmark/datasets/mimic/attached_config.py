"""Options of notes and chest X-rays; torch-free."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from benchmark.datasets.icu.stays import StayConfig

#: Length of the vectors of clinical transformers as published (BioClinicalBERT).
TEXT_WIDTH = 768


class AttachedConfig(StayConfig):
    """Options of what is attached to stays.

    Attributes:
        note_time: A radiology report belongs to the window from when it was stored, hence could be
            read; or from when its picture was taken (``charttime``, FuseMoE's code).
        note_count: Reports of a stay that are kept, the last ones.
        note_form: A stay's note is the ``mean`` of its reports' vectors, or a sequence of ``each``
            of them (FuseMoE's code); TF-IDF is of their joined text.
        text_model: Folder of MMBENCH_WEIGHTS with a clinical transformer, which gives a vector of
            every report; None takes TF-IDF, fitted on training stays.
        text_chunks: Of a report longer than the transformer takes: the ``mean`` of all chunks, or
            the ``first`` chunk alone (FuseMoE's code).
        xray_views: Every view, or frontal ones only; the last X-ray in the window is taken.
        xray_size: Side that X-rays are resized to.
        xray_model: File of MMBENCH_WEIGHTS with a DenseNet-121 for chest X-rays, whose vectors are
            what controls and HAIM see of X-rays; None takes means of blocks and a histogram.
            Models see pixels.
    """

    note_time: Literal["storetime", "charttime"] = "storetime"
    note_count: int = Field(default=5, ge=1)
    note_form: Literal["mean", "each"] = "mean"
    text_model: str | None = None
    text_chunks: Literal["mean", "first"] = "mean"
    xray_views: Literal["all", "frontal"] = "all"
    xray_size: int = Field(default=224, ge=8)
    xray_model: str | None = None

    @model_validator(mode="after")
    def _has_vectors(self) -> Self:
        """Check that there are vectors of single reports where they are asked for."""
        if self.note_form == "each" and self.text_model is None:
            raise ValueError("note_form each is of a text_model's vectors: name one, or take mean")
        return self

    @property
    def note_shape(self) -> tuple[int, ...]:
        """Shape of a stay's note; other transformers are found to have another width."""
        if self.text_model is None:
            return (self.note_width,)
        return (TEXT_WIDTH,) if self.note_form == "mean" else (self.note_count, TEXT_WIDTH)
