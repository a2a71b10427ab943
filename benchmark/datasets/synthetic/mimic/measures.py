"""Charted values and laboratory values of the miniature, with what is odd in the real ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic.mimic.items import (
    CHARTED_LABS,
    LabItem,
    chart_items,
    lab_items,
)
from benchmark.datasets.synthetic.mimic.people import DAY, HOUR, MINUTE, Factors, Person, Stay

Times = NDArray[np.int64]
#: Vital signs: item, usual value, deviation, change per unit of severity, change by fever, hours
#: between two values.
_VITALS = (
    (220045, 86, 7, 8.0, 4.0, 1.5),
    (220210, 19, 2.5, 2.2, 0.0, 1.5),
    (220277, 97, 1.2, -1.2, 0.0, 1.5),
    (220179, 120, 9, -8.0, 0.0, 2.0),
    (220180, 62, 6, -5.0, 0.0, 2.0),
    (220181, 78, 7, -6.0, 0.0, 2.0),
)
_ARTERIAL = ((220050, 118, 9, -8.0), (220051, 58, 6, -5.0), (220052, 77, 7, -6.0))
#: Coma score: item, best value, words by value from 1 up.
_COMA = (
    (220739, ("None", "To Pain", "To Speech", "Spontaneously")),
    (223900, ("No Response-ETT", "Incomprehensible sounds", "Inappropriate Words", "Confused",
              "Oriented")),
    (223901, ("No response", "Abnormal extension", "Abnormal Flexion", "Flex-withdraws",
              "Localizes Pain", "Obeys Commands")),
)  # fmt: skip
_CAPILLARY = ("Normal <3 Seconds", "Abnormal >3 Seconds")
_EARLY = 50 * HOUR


@dataclass
class Charted:
    """Rows of ``chartevents`` as columns."""

    owner: list[int] = field(default_factory=list)
    charttime: list[int] = field(default_factory=list)
    storetime: list[int | None] = field(default_factory=list)
    itemid: list[int] = field(default_factory=list)
    value: list[str | None] = field(default_factory=list)
    valuenum: list[str | None] = field(default_factory=list)
    warning: list[int] = field(default_factory=list)

    def add(
        self,
        owner: int,
        itemid: int,
        time: int,
        value: str | None,
        number: str | None = None,
        warning: int = 0,
        delay: int | None = 20 * MINUTE,
    ) -> None:
        """Add a row; ``number`` is its numeric value as text."""
        self.owner.append(owner)
        self.charttime.append(int(time))
        self.storetime.append(None if delay is None else int(time) + delay)
        self.itemid.append(itemid)
        self.value.append(value)
        self.valuenum.append(number)
        self.warning.append(warning)

    def add_all(self, owner: int, itemid: int, times: Times, values: Any, decimals: int) -> None:
        """Add one row per time."""
        for time, value in zip(times.tolist(), np.round(values, decimals).tolist(), strict=True):
            text = f"{value:g}"
            self.add(owner, itemid, time, text, text)


def chart(people: list[Person], rng: np.random.Generator) -> tuple[Charted, list[tuple[int, ...]]]:
    """Chart every stay.

    Returns:
        The rows, and subject, admission and stay of every owner.
    """
    rows = Charted()
    owners: list[tuple[int, ...]] = []
    labs = {item.itemid: item for item in lab_items()}
    for person in people:
        for visit in person.visits:
            for stay in visit.stays:
                if not stay.silent:
                    _chart_stay(rows, len(owners), stay, visit.factors, labs, rng)
                owners.append((person.subject_id, visit.hadm_id, stay.stay_id))
    return rows, owners


def _chart_stay(
    rows: Charted,
    owner: int,
    stay: Stay,
    factors: Factors,
    labs: dict[int, LabItem],
    rng: np.random.Generator,
) -> None:
    begin = stay.intime + (_EARLY if stay.late else 0)
    for itemid, usual, spread, severe, warm, step in _VITALS:
        times = _times(begin, stay.outtime, step, rng)
        mean = usual + severe * factors.severity + warm * factors.fever
        rows.add_all(owner, itemid, times, rng.normal(mean, spread, len(times)), 0)
    if rng.random() < 0.3:
        for itemid, usual, spread, severe in _ARTERIAL:
            times = _times(begin, stay.outtime, 3, rng)
            mean = usual + severe * factors.severity
            rows.add_all(owner, itemid, times, rng.normal(mean, spread, len(times)), 0)
    _chart_words(rows, owner, begin, stay.outtime, factors, rng)
    _chart_temperature(rows, owner, begin, stay.outtime, factors, rng)
    _chart_body(rows, owner, begin, stay.outtime, factors, rng)
    for itemid, source in CHARTED_LABS.items():
        if rng.random() < 0.6:
            times = _times(begin, stay.outtime, 14, rng)
            noise = np.exp(labs[source].spread * rng.normal(size=len(times)))
            values = lab_mean(labs[source], factors) * noise
            rows.add_all(owner, itemid, times, values, labs[source].decimals)
    _chart_oddities(rows, owner, stay, begin, rng)


def _chart_words(
    rows: Charted, owner: int, begin: int, end: int, factors: Factors, rng: np.random.Generator
) -> None:
    """Chart what comes as words: the coma score with numbers beside them, capillary refill bare."""
    for time in _times(begin, end, 5, rng).tolist():
        for itemid, words in _COMA:
            lost = 0.6 * max(0.0, factors.severity) + 0.6 * rng.normal()
            score = int(np.clip(round(len(words) - lost), 1, len(words)))
            rows.add(owner, itemid, time, words[score - 1], str(score))
    for time in _times(begin, end, 12, rng).tolist():
        for itemid in (223951, 224308):
            slow = rng.random() < 0.1 + 0.15 * max(0.0, factors.severity)
            rows.add(owner, itemid, time, _CAPILLARY[int(slow)])


def _chart_temperature(
    rows: Charted, owner: int, begin: int, end: int, factors: Factors, rng: np.random.Generator
) -> None:
    """Chart temperature: most in Fahrenheit, some in Celsius, a few Fahrenheit filed as Celsius."""
    times = _times(begin, end, 4, rng)
    celsius = rng.normal(36.8 + 1.5 * factors.fever, 0.3, len(times))
    kind = rng.choice(3, size=len(times), p=[0.75, 0.22, 0.03])
    for code, itemid, degrees in (
        (0, 223761, celsius * 1.8 + 32), (1, 223762, celsius), (2, 223762, celsius * 1.8 + 32)
    ):  # fmt: skip
        rows.add_all(owner, itemid, times[kind == code], degrees[kind == code], 1)


def _chart_body(
    rows: Charted, owner: int, begin: int, end: int, factors: Factors, rng: np.random.Generator
) -> None:
    """Chart weight in kilograms and pounds, height in both units, oxygen in per cent or share."""
    weight, height = rng.normal(80, 15), rng.normal(170, 9)
    first = np.array([begin + 30 * MINUTE])
    if first[0] < end:
        rows.add_all(owner, 226512, first, [weight], 1)
        rows.add_all(owner, 226531, first, [weight / 0.453592], 1)
        if rng.random() < 0.6:
            rows.add_all(owner, 226730, first, [height], 0)
            rows.add_all(owner, 226707, first, [height / 2.54], 0)
    daily = _times(begin, end, 24, rng)[1:]
    rows.add_all(owner, 224639, daily, rng.normal(weight, 1, len(daily)), 1)
    if rng.random() < 0.5:
        times = _times(begin, end, 6, rng)
        percent = np.clip(rng.normal(42 + 8 * factors.severity, 6, len(times)), 21, 100)
        share = rng.random() < 0.2
        rows.add_all(owner, 223835, times, percent / 100 if share else percent, 2 if share else 0)


def _chart_oddities(
    rows: Charted, owner: int, stay: Stay, begin: int, rng: np.random.Generator
) -> None:
    """Chart repeated times, strings of two pressures, outliers, rows outside the stay."""
    time = begin + 2 * HOUR
    if time < stay.outtime:
        for value in ("88", "91"):  # one item twice at one time
            rows.add(owner, 220045, time, value, value)
        rows.add(owner, 220179, time, "118/64")
        rows.add(owner, 220277, time, "0.97", "0.97", delay=None)
        rows.add(owner, 220210, time, "18", "18", delay=30 * HOUR)  # stored late
        if rng.random() < 0.3:
            rows.add(owner, 220045, time, "9999", "9999", warning=1)
            rows.add(owner, 220181, time, "-5", "-5", warning=1)
            rows.add(owner, 220615, time, "ERROR")
    rows.add(owner, 220045, stay.intime - 40 * MINUTE, "140", "140")
    rows.add(owner, 220045, stay.outtime + 3 * HOUR, "30", "30")
    rows.add(owner, 226228, stay.intime, "F")


@dataclass
class Lab:
    """A row of ``labevents``."""

    subject_id: int
    hadm_id: int | None
    specimen_id: int
    itemid: int
    charttime: int
    storetime: int | None
    value: str | None
    valuenum: str | None
    comments: str | None
    abnormal: bool


def labs(people: list[Person], rng: np.random.Generator) -> list[Lab]:
    """Draw laboratory values: every 12 hours in intensive care, once a day else, some before."""
    rows: list[Lab] = []
    items = lab_items()
    for person in people:
        for visit in person.visits:
            means = [(item, lab_mean(item, visit.factors)) for item in items]
            ward = np.arange(visit.admit + 2 * HOUR, visit.discharge, DAY)
            care = [np.arange(one.intime + HOUR, one.outtime, 12 * HOUR) for one in visit.stays]
            before = np.array([visit.admit - 3 * HOUR, visit.admit - 20 * DAY])
            for time in np.sort(np.concatenate([before, ward, *care])).tolist():
                inside = time >= visit.admit
                known = inside and rng.random() < 0.9
                hadm = visit.hadm_id if known else None
                _draw(rows, person.subject_id, hadm, time, means, rng)
    return rows


def _draw(
    rows: list[Lab],
    subject: int,
    hadm: int | None,
    time: int,
    means: list[tuple[LabItem, float]],
    rng: np.random.Generator,
) -> None:
    """Draw the items of one sample of blood, and what goes wrong with a few of them."""
    time += int(rng.integers(50)) * MINUTE
    stored: int | None = time + int(rng.integers(20, 240)) * MINUTE
    if rng.random() < 0.02:
        stored = None
    categories = ["Chemistry"] * (rng.random() < 0.9) + ["Hematology"] * (rng.random() < 0.8)
    categories += ["Blood Gas"] * (rng.random() < 0.35)
    specimen = len(rows)
    for item, mean in means:
        if item.category not in categories or rng.random() < 0.08:
            continue
        value = round(mean * math.exp(item.spread * rng.normal()), item.decimals)
        text: str | None = f"{value:g}"
        number, comment, odd = text, None, rng.random()
        if odd < 0.004:
            text, number, comment = None, None, "UNABLE TO REPORT."
        elif odd < 0.008:
            text, number = f">{value:g}", None
        elif odd < 0.012:
            text, comment = "___", '___, "hemolyzed"\nspecimen.'
        abnormal = abs(value / item.usual - 1) > 2 * item.spread
        rows.append(
            Lab(subject, hadm, specimen, item.itemid, time, stored, text, number, comment, abnormal)
        )


def lab_mean(item: LabItem, factors: Factors) -> float:
    """Return what the factors make of an item's usual value."""
    shift = sum(share * float(getattr(factors, name)) for name, share in item.moves.items())
    return item.usual * max(0.2, 1 + shift)


def _times(begin: int, end: int, step: float, rng: np.random.Generator) -> Times:
    """Return whole minutes about ``step`` hours apart."""
    grid = np.arange(begin, end, step * HOUR)
    shaken = grid + rng.uniform(0, 0.5 * step * HOUR, len(grid))
    times = (shaken // MINUTE * MINUTE).astype(np.int64)
    return times[times < end]


def units() -> dict[int, str]:
    """Return the unit of every item, where it has one."""
    found = {item.itemid: item.unit for item in chart_items()}
    by_lab = {item.itemid: item.unit for item in lab_items()}
    return found | by_lab | {chart: by_lab[lab] for chart, lab in CHARTED_LABS.items()}
