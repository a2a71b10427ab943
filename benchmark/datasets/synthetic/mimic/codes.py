"""Diagnoses and procedures of an admission, in ICD-9-CM or ICD-10.

Each of the 25 phenotypes has codes of both versions that lead to its single-level CCS category.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.datasets.synthetic.mimic.people import DAY, Factors, Person, Visit

#: CCS category: codes of ICD-9-CM, codes of ICD-10-CM, share without and with its cause, cause.
#: A cause of two factors holds where exactly one of them is there;
PHENOTYPES: dict[int, tuple[str, str, float, float, str]] = {
    2: ("0389 99591", "A419 A4151", 0.12, 0.45, "severity"),
    49: ("25000", "E119 E109", 0.08, 0.6, "sugar"),
    50: ("25060 25040", "E1122 E1165", 0.06, 0.4, "sugar"),
    53: ("2724 2720", "E785 E780", 0.4, 0.4, ""),
    55: ("2761 2767", "E871 E875", 0.25, 0.5, "kidney"),
    98: ("4019", "I10", 0.45, 0.45, ""),
    99: ("40390 40391", "I129 I120", 0.06, 0.5, "kidney"),
    100: ("41071 41041", "I214 I2119", 0.08, 0.4, "heart"),
    101: ("41401 4111", "I200", 0.2, 0.6, "heart"),
    105: ("4263 42611", "I447 I440", 0.08, 0.2, "heart"),
    106: ("42731 42781", "I4891 I498", 0.2, 0.5, "heart"),
    108: ("4280 42833", "I509 I5033", 0.12, 0.75, "heart"),
    109: ("43411 431 430", "I639 I619", 0.1, 0.1, ""),
    122: ("486 4829", "J189 J159", 0.1, 0.6, "fever effusion"),
    127: ("496 49121", "J449", 0.1, 0.5, "worse"),
    130: ("5119 5180", "J90 J9811", 0.05, 0.6, "effusion"),
    131: ("51881 51884", "J9600 J9620", 0.15, 0.6, "severity"),
    133: ("5184 514", "J810 J811", 0.06, 0.4, "opacity"),
    134: ("4710 47819", "J384 J3489", 0.08, 0.08, ""),
    151: ("5715 5722", "K7460 K7290", 0.08, 0.25, "thinner"),
    153: ("5789 53140", "K922 K254", 0.05, 0.4, "bleeding"),
    157: ("5849 5845", "N179 N170", 0.1, 0.65, "kidney"),
    158: ("5859 5854", "N189 N184", 0.08, 0.6, "kidney"),
    238: ("99859 9971", "T814XXA I97190", 0.15, 0.15, ""),
    249: ("78551 78550", "R570", 0.06, 0.45, "severity"),
}
#: Cancer that spread; codes of no phenotype; an ICD-10 code that no ICD-9 code answers to.
SPREAD = ("1970", "C7800")
_OTHER = ("3051 V5861 2859 1629", "F17210 Z7901 D649 C3490")
UNMAPPED = "T8149XA"
_PROCEDURES = ("9604 9671 3893 3961 9904", "0BH17EZ 5A1955Z 02HV33Z 5A1221Z 30233N1")
#: Width of codes in releases that fill them up with blanks, as a database's CHAR does.
_WIDTH = 7


@dataclass(frozen=True)
class Coded:
    """A row of ``diagnoses_icd`` or ``procedures_icd``; ``day`` is of procedures."""

    subject_id: int
    hadm_id: int
    seq_num: int
    icd_code: str
    icd_version: int
    day: int = 0


def diagnoses(people: list[Person], rng: np.random.Generator) -> list[Coded]:
    """Draw the diagnoses of every admission; one in ten codes is filled up with blanks."""
    rows = []
    for person in people:
        for visit in person.visits:
            given = []
            for nines, tens, without, with_cause, cause in PHENOTYPES.values():
                share = with_cause if _holds(visit.factors, cause) else without
                if rng.random() < share:
                    given.append(_code(nines, tens, visit, rng))
            if visit.factors.spread:
                given.append(_code(*SPREAD, visit, rng))
            given.append(_code(*_OTHER, visit, rng))
            if 10 in visit.versions and rng.random() < 0.2:
                given.append((UNMAPPED, 10))
            order = rng.permutation(len(given))
            rows += [
                Coded(person.subject_id, visit.hadm_id, seq + 1, _filled(code, rng), version)
                for seq, (code, version) in enumerate(given[at] for at in order)
            ]
    return rows


def procedures(people: list[Person], rng: np.random.Generator) -> list[Coded]:
    """Draw procedures; about one admission in five has none."""
    rows = []
    for person in people:
        for visit in person.visits:
            for seq in range(int(rng.choice(4, p=[0.2, 0.3, 0.3, 0.2]))):
                code, version = _code(*_PROCEDURES, visit, rng)
                days = max(1, (visit.discharge - visit.admit) // DAY)
                day = (visit.admit // DAY + int(rng.integers(days))) * DAY
                row = (person.subject_id, visit.hadm_id, seq + 1, _filled(code, rng), version, day)
                rows.append(Coded(*row))
    return rows


def _holds(factors: Factors, cause: str) -> bool:
    """Tell whether a cause is there; of a number, whether it is above 0.5."""
    flags = [float(getattr(factors, name)) > 0.5 for name in cause.split()]
    return sum(flags) == 1


def _code(nines: str, tens: str, visit: Visit, rng: np.random.Generator) -> tuple[str, int]:
    version = int(rng.choice(visit.versions))
    return str(rng.choice((nines if version == 9 else tens).split())), version


def _filled(code: str, rng: np.random.Generator) -> str:
    return code.ljust(_WIDTH) if rng.random() < 0.1 else code
