"""Who is in the miniature: patients, their admissions and stays, and the factors behind them.

An admission has factors that nobody sees directly. Each shows in one place, and outcomes follow
from them:

========== ===================================================== ==============================
factor     shows in                                              raises
========== ===================================================== ==============================
severity   vital signs, coma score, laboratory values            death, length of stay
worse      words of the radiology reports of the stay            death, length of stay
opacity    lung field of the frontal X-rays of the stay          death, length of stay
fever,     temperature; radiology reports                        death, where exactly one of
effusion                                                         the two is there
kidney,    laboratory values                                     phenotypes
sugar,
bleeding
heart      width of the heart in frontal X-rays                  phenotypes of the heart
frailty    laboratory values (albumin, RDW)                      death within a year, or the next
                                                                 admission within it
spread     diagnosis codes                                       the same
decline    words of the discharge summary                        the same
bleeding,  laboratory values; words of the discharge summary     the same, where
thinner                                                          exactly one of the two is there
========== ===================================================== ==============================
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

import numpy as np

MINUTE, HOUR, DAY = 60, 3600, 86_400
YEAR = 365 * DAY
_UNITS = (
    "Medical Intensive Care Unit (MICU)",
    "Surgical Intensive Care Unit (SICU)",
    "Cardiac Vascular Intensive Care Unit (CVICU)",
    "Coronary Care Unit (CCU)",
)
_YEAR_GROUPS = ("2008 - 2010", "2011 - 2013", "2014 - 2016", "2017 - 2019")
_SHARE = {
    "fever": 0.5, "kidney": 0.3, "sugar": 0.3, "bleeding": 0.5, "worse": 0.35, "effusion": 0.5,
    "opacity": 0.35, "heart": 0.35, "spread": 0.2, "decline": 0.3, "thinner": 0.5,
}  # fmt: skip


@dataclass(frozen=True)
class Factors:
    """What is behind an admission; see the module's text."""

    severity: float
    frailty: float
    fever: bool
    kidney: bool
    sugar: bool
    bleeding: bool
    worse: bool
    effusion: bool
    opacity: bool
    heart: bool
    spread: bool
    decline: bool
    thinner: bool

    @classmethod
    def draw(cls, rng: np.random.Generator, usual: float) -> Factors:
        """Draw those of one admission of a patient whose usual severity is given."""
        flags = {name: bool(rng.random() < share) for name, share in _SHARE.items()}
        return cls(0.5 * usual + 0.87 * rng.normal(), 0.6 * usual + 0.8 * rng.normal(), **flags)

    @property
    def death(self) -> float:
        """Log odds of death in hospital."""
        parts = 1.4 * self.severity + 2.3 * self.worse + 2.3 * self.opacity
        return float(-5.2 + parts + 2.4 * (self.fever != self.effusion))

    @property
    def later_death(self) -> float:
        """Log odds of death within a year after a discharge alive."""
        parts = 1.5 * self.frailty + 2.2 * self.spread + 2.4 * self.decline
        return float(-4.2 + parts + 2.4 * (self.bleeding != self.thinner))

    @property
    def log_hours(self) -> float:
        """Expected logarithm of the hours of a stay."""
        return 4.2 + 0.3 * self.severity + 0.35 * self.worse + 0.35 * self.opacity


@dataclass
class Stay:
    """A stay in intensive care; times are seconds since 1970.

    Attributes:
        silent: Nothing was charted.
        late: Nothing was charted in the first 50 hours.
    """

    stay_id: int
    intime: int
    outtime: int
    first_unit: str
    last_unit: str
    silent: bool = False
    late: bool = False


@dataclass
class Visit:
    """An admission."""

    hadm_id: int
    factors: Factors
    admit: int
    discharge: int
    died: bool
    versions: tuple[int, ...]
    stays: list[Stay]


@dataclass
class Person:
    """A patient."""

    subject_id: int
    female: bool
    anchor_age: int
    anchor_year: int
    year_group: str
    visits: list[Visit] = field(default_factory=list)
    dod: int | None = None


@dataclass(frozen=True)
class Traits:
    """What an edge case asks of a patient.

    Attributes:
        name: Of the case, as written to the truth.
        hours: Lengths of the stays of the first admission.
        age: At the anchor.
        after: Days from the last discharge to death.
        visits: Admissions.
        silent: No event in the first stay.
        late: No event in the first 50 hours of the first stay.
    """

    name: str = ""
    hours: tuple[float, ...] = ()
    age: int | None = None
    after: int | None = None
    visits: int | None = None
    silent: bool = False
    late: bool = False


#: Edge cases of the first patients, in order. An age of 91 stands for everybody above 89.
TRAITS = (
    Traits("stay_47.9h", hours=(47.9,), visits=1),
    Traits("stay_48.1h", hours=(48.1,), visits=1),
    Traits("stay_48.0h", hours=(48.0,), visits=1),
    Traits("stay_95.9h", hours=(95.9,), visits=2),
    Traits("stay_96.1h", hours=(96.1,), visits=2),
    Traits("two_stays_one_admission", hours=(60.0, 72.0), visits=1),
    Traits("age_above_89", age=91, visits=2),
    Traits("age_18", age=18, visits=2),
    Traits("dies_on_day_of_discharge", after=0, visits=3),
    Traits("dies_on_day_365", after=365, visits=2),
    Traits("stay_without_events", hours=(70.0,), silent=True, visits=1),
    Traits("no_event_in_window", hours=(90.0,), late=True, visits=1),
    Traits("stay_of_minutes", hours=(0.4,), visits=2),
)


def make_people(size: int, rng: np.random.Generator) -> list[Person]:
    """Draw ``size`` patients, at least as many as there are edge cases; by rising id."""
    hadm, stay = _ids(rng, 20_000_000, 211), _ids(rng, 30_000_000, 173)
    gap = 9_900_000 // size
    found = []
    for k in range(size):
        subject = 10_000_000 + k * gap + int(rng.integers(gap))
        traits = TRAITS[k] if k < len(TRAITS) else Traits()
        found.append(_person(subject, traits, hadm, stay, rng))
    return found


def _ids(rng: np.random.Generator, first: int, step: int) -> Iterator[int]:
    """Yield rising ids with gaps."""
    while True:
        yield first + int(rng.integers(step))
        first += step


def _person(
    subject: int,
    traits: Traits,
    hadm: Iterator[int],
    stay: Iterator[int],
    rng: np.random.Generator,
) -> Person:
    year = int(rng.integers(2115, 2185))
    age = int(np.clip(rng.normal(64, 15), 19, 91)) if traits.age is None else traits.age
    group = str(rng.choice(_YEAR_GROUPS))
    person = Person(subject, bool(rng.random() < 0.47), min(age, 91), year, group)
    time = int(np.datetime64(f"{year}-01-01T00:00:00", "s").astype(np.int64))
    time += int(rng.integers(YEAR)) // MINUTE * MINUTE
    usual = float(rng.normal())
    drawn = 1 + int(rng.choice(4, p=[0.15, 0.45, 0.25, 0.15]))
    for number in range(traits.visits or drawn):
        own = traits if number == 0 else Traits(traits.name)
        visit = _visit(Factors.draw(rng, usual), own, time, group, hadm, stay, rng)
        person.visits.append(visit)
        if visit.died:
            person.dod = _day(visit.discharge)
            return person
        soon = rng.random() < _odds(visit.factors.later_death)
        days = rng.integers(8, 200) if soon else rng.integers(380, 600)
        time = visit.discharge + int(days) * DAY + int(rng.integers(DAY)) // MINUTE * MINUTE
    person.dod = _later_death(person.visits[-1], traits, rng)
    return person


def _visit(
    factors: Factors,
    traits: Traits,
    time: int,
    group: str,
    hadm: Iterator[int],
    stay: Iterator[int],
    rng: np.random.Generator,
) -> Visit:
    hours: list[float] = list(traits.hours)
    if not hours and (bool(traits.name) or rng.random() < 0.72):
        count = 2 if rng.random() < 0.12 else 1
        hours = [float(np.exp(factors.log_hours + 0.35 * rng.normal())) for _ in range(count)]
    stays, now = [], time + int(rng.integers(1, 20 * 60)) * MINUTE
    for length in hours:
        begin, end = now, now + round(length * HOUR)
        unit = str(rng.choice(_UNITS))
        last = unit if rng.random() < 0.9 else str(rng.choice(_UNITS))
        stays.append(Stay(next(stay), begin, end, unit, last, traits.silent, traits.late))
        now = end + int(rng.integers(10 * 60, 60 * 60)) * MINUTE
    died = bool(stays and not traits.name and rng.random() < _odds(factors.death))
    leave = stays[-1].outtime if stays else time + 12 * HOUR
    leave += 0 if died else int(rng.integers(10 * 60, 110 * 60)) * MINUTE
    return Visit(next(hadm), factors, time, leave, died, _versions(group, rng), stays)


def _versions(group: str, rng: np.random.Generator) -> tuple[int, ...]:
    """Return the versions of ICD an admission was coded in; a few have both."""
    if group < "2014":
        return (9,)
    if group.startswith("2017"):
        return (10,)
    return ((9,), (10,), (9, 10))[int(rng.choice(3, p=[0.5, 0.3, 0.2]))]


def _later_death(last: Visit, traits: Traits, rng: np.random.Generator) -> int | None:
    """Return the day of death, which is known up to a year after the last discharge."""
    if traits.after is not None:
        return _day(last.discharge) + traits.after * DAY
    if traits.hours or rng.random() >= _odds(last.factors.later_death):
        return None
    return _day(last.discharge) + int(1 + rng.random() ** 1.5 * 363) * DAY


def _day(time: int) -> int:
    return time // DAY * DAY


def _odds(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))


def factor_names() -> list[str]:
    """Return the names of the factors."""
    return [one.name for one in fields(Factors)]
