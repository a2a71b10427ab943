"""Options of the EMBED loader."""

from __future__ import annotations

from typing import Any, Literal

from benchmark.datasets._mammography import Grouping, MammographyConfig

VIEWS = ("cview_cc", "cview_mlo", "ffdm_cc", "ffdm_mlo")
#: Years ahead that risk is asked for.
HORIZONS = (1, 2, 3, 4, 5)


class EmbedConfig(MammographyConfig):
    """Which exams and breasts, and what they are labelled with.

    Attributes:
        birads: See ``MammographyConfig``; the M4oE authors' code leaves out category 0.
        exams: ``screening`` has "screen" in its description, ``diagnostic`` has not.
        side: Breast of an exam that is a sample: the ``first`` in the table of files that has the
            images asked for, ``left`` or ``right`` alone, or ``both``, a sample each. ``any``
            takes the first file of each type and view whatever breast, or magnification, it
            shows, as the M4oE authors' code does.
        findings: An ``exam`` is labelled by its worst finding; ``side`` looks at findings of the
            breast shown (and at those of both or of no named breast); ``each`` makes every
            finding a sample, as the M4oE authors' code does.
        join: Files and findings belong together by ``accession`` number; or by
            ``patient_and_date``, as in the M4oE authors' code, which loses exams whose dates
            differ between the tables.
        censor: A patient without cancer who was last seen before the horizon is unlabelled
            (``mask``) or free of cancer (``negative``, as in the M4oE authors' code).
    """

    birads: Grouping = "released_code"
    exams: Literal["all", "screening", "diagnostic"] = "all"
    side: Literal["first", "left", "right", "both", "any"] = "first"
    findings: Literal["exam", "side", "each"] = "exam"
    join: Literal["accession", "patient_and_date"] = "accession"
    censor: Literal["mask", "negative"] = "mask"

    def pixel_options(self) -> dict[str, Any]:
        """Add what decides which files are decoded."""
        return {**super().pixel_options(), "any": self.side == "any", "join": self.join}
