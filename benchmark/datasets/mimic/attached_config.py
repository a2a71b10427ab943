"""Options of notes and chest X-rays; torch-free."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from benchmark.datasets.icu.stays import StayConfig

#: Length of the vectors of clinical transformers as published (BioClinicalBERT).
TEXT_WIDTH = 768


class AttachedConfig(StayConfig):
    """Options of what is attached to stays.

    Attributes:
        note_time: A radiology report belongs to the window from when it was stored, hence could be
            read; or from when its picture was taken (``charttime``, FuseMoE's code).
        note_count: Reports of a stay that are kept, the last ones.
        text_model: Folder of MMBENCH_WEIGHTS with a clinical transformer, whose vectors of the
            reports kept are averaged; None takes TF-IDF of their joined text, fitted on training
            stays.
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
    text_model: str | None = None
    text_chunks: Literal["mean", "first"] = "mean"
    xray_views: Literal["all", "frontal"] = "all"
    xray_size: int = Field(default=224, ge=8)
    xray_model: str | None = None

    @property
    def text_width(self) -> int:
        """Width of a stay's note vector; of another transformer the one it is found to have."""
        return self.note_width if self.text_model is None else TEXT_WIDTH
