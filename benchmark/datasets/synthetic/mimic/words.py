"""Radiology reports and discharge summaries of the miniature, in words that carry factors.

Reports inside a stay tell ``worse`` and ``effusion``. Reports outside it are of another state, and
those written after a stay that ended in death say so, as discharge summaries do: they are there to
be left out. No sentence is anybody else's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.datasets.synthetic.mimic.people import DAY, HOUR, MINUTE, Factors, Person, Visit

#: Words only of reports and summaries that no task within the stay may read.
LEAKS = ("comfort measures only", "Expired")
_COURSE = {
    True: ("Findings have worsened since the last study.", "A change for the worse since then.",
           "Overall worse than before, with increasing support."),
    False: ("There is no change since the last study.", "Appearance is stable.",
            "Unchanged lines, unchanged appearance."),
}  # fmt: skip
_FLUID = {
    True: ("A moderate pleural effusion is seen.", "Layering effusion on the right."),
    False: ("The pleural spaces are clear.", "Costophrenic angles are sharp."),
}
_EXAMS = ("CHEST (PORTABLE AP)", "CHEST (PA AND LAT)", "CT HEAD WITHOUT CONTRAST", "US ABDOMEN")
_FUNCTION = {
    True: "The family reports declining function, weight loss and falls at home over months.",
    False: "The patient walks without help and manages at home as before.",
}
_THINNER = {
    True: "Anticoagulation with warfarin was started and is to go on.",
    False: "No blood thinner was given.",
}


@dataclass(frozen=True)
class Note:
    """A row of ``radiology`` or ``discharge``."""

    note_id: str
    subject_id: int
    hadm_id: int | None
    note_type: str
    note_seq: int
    charttime: int
    storetime: int | None
    text: str


def radiology(people: list[Person], rng: np.random.Generator) -> list[Note]:
    """Write the reports of all patients; about one stay in ten has none."""
    rows: list[Note] = []
    for person in people:
        drafts: list[tuple[int, int | None, str, str]] = []
        for visit in person.visits:
            drafts += _of_visit(visit, rng)
        drafts.sort(key=lambda draft: draft[0])
        for at, (time, hadm, kind, text) in enumerate(drafts):
            seq = 3 + at + (at > 2)  # numbers have gaps
            stored = None if rng.random() < 0.02 else time + int(rng.integers(20, 900)) * MINUTE
            name = f"{person.subject_id}-{kind}-{seq}"
            rows.append(Note(name, person.subject_id, hadm, kind, seq, time, stored, text))
    return rows


def _of_visit(visit: Visit, rng: np.random.Generator) -> list[tuple[int, int | None, str, str]]:
    """Return time, admission, type and text of the reports of an admission."""
    drafts: list[tuple[int, int | None, str, str]] = []
    for stay in visit.stays:
        if rng.random() < 0.9:
            first = stay.intime + HOUR
            times = np.arange(first, stay.outtime, 16 * HOUR) + rng.integers(0, 6) * HOUR
            for time in times[times < stay.outtime][:8].tolist():
                drafts.append((time, visit.hadm_id, "RR", _report(visit.factors, rng)))
                if rng.random() < 0.08:
                    text = "ADDENDUM  The above was told to Dr. ___ by telephone."
                    drafts.append((time + HOUR, visit.hadm_id, "AR", text))
    other = Factors.draw(rng, 0.0)
    drafts.append((visit.admit - 2 * DAY, None, "RR", _report(other, rng)))
    if rng.random() < 0.5:
        drafts.append((visit.admit + 5 * MINUTE, visit.hadm_id, "RR", _report(other, rng)))
    if visit.died:
        text = _report(other, rng) + f"\nThe patient is on {LEAKS[0]}."
        drafts.append((visit.discharge + 10 * MINUTE, visit.hadm_id, "RR", text))
    return drafts


def _report(factors: Factors, rng: np.random.Generator) -> str:
    """Return a report; one in twenty holds nothing but a blank line."""
    if rng.random() < 0.05:
        return " \n"
    clue = [_pick(_COURSE[factors.worse], rng), _pick(_FLUID[factors.effusion], rng)]
    return "\n".join(
        [
            f"EXAMINATION:  {_pick(_EXAMS, rng)}",
            "",
            'INDICATION:  ___ year old with "shortness of breath", now intubated',
            "",
            "COMPARISON:  ___",
            "",
            "FINDINGS:",
            *(clue if rng.random() < 0.5 else clue[::-1]),
            "No pneumothorax, no free air.",
            "",
            "IMPRESSION:",
            clue[0],
        ]
    )


def discharge(people: list[Person], rng: np.random.Generator) -> list[Note]:
    """Write a summary for nine in ten admissions; they tell how the admission ended."""
    rows: list[Note] = []
    for person in people:
        for seq, visit in enumerate(person.visits):
            if rng.random() < 0.1:
                continue
            time = visit.discharge // DAY * DAY
            number, stored = 20 + seq, time + int(rng.integers(1, 4 * 24)) * HOUR
            head = (person.subject_id, visit.hadm_id)
            rows.append(
                Note(f"{person.subject_id}-DS-{number}", *head, "DS", number, time, stored,
                     _summary(visit, rng))
            )  # fmt: skip
            if rng.random() < 0.05:
                text = "ADDENDUM: pending cultures were negative."
                rows.append(
                    Note(f"{person.subject_id}-AD-{number}", *head, "AD", number, time, stored,
                         text)
                )  # fmt: skip
    return rows


def _summary(visit: Visit, rng: np.random.Generator) -> str:
    factors = visit.factors
    course = [_FUNCTION[factors.decline], _THINNER[factors.thinner],
              "Home medicines were reviewed, \"as needed\" ones were stopped."]  # fmt: skip
    ending = LEAKS[1] if visit.died else str(rng.choice(["Home", "Extended Care"]))
    return "\n".join(
        [
            "Name:  ___          Unit No:   ___",
            "",
            "Admission Date:  ___          Discharge Date:   ___",
            "",
            "Brief Hospital Course:",
            *(course[at] for at in rng.permutation(len(course))),
            "",
            "Discharge Disposition:",
            ending,
        ]
    )


def _pick(texts: tuple[str, ...], rng: np.random.Generator) -> str:
    return texts[int(rng.integers(len(texts)))]
