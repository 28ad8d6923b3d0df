"""Recordings and their labels, from the codes that come with them.

The codes of a WFDB header are what stands behind `#Dx:`, separated by commas, as the PhysioNet Challenges write it;
else each comment below `#<diagnoses>:`, as LUDB writes it. Age and sex are the header's too. A header without codes
that PTB-XL's own table lists has the statements, patient, age, sex and fold of that table.
"""

import re
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.joining import Mapping, joined
from twelvelead.data.label_literals import Said
from twelvelead.data.labelled import Labelled
from twelvelead.data.mapping import normalised
from twelvelead.data.ptbxl.release import TABLES, Rate
from twelvelead.data.ptbxl.table import Table, read_table
from twelvelead.data.recordings import Place
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.readers import patient
from twelvelead.readers.find import recordings
from twelvelead.readers.wfdb import read_header
from twelvelead.weights.statements import load_statements

_CODES = re.compile(r"dx\s*:(.*)", re.IGNORECASE)
_BELOW = re.compile(r".*<diagnoses>\s*:?(.*)", re.IGNORECASE)
_NOTHING = ("", "unknown", "nan", "n/a", "none")


@dataclass
class _One:
    """A recording; patient, identity and fold are 0 where they are not stated."""

    file: Path
    said: Said
    age: float
    sex: float
    ecg_id: int = 0
    patient_id: int = 0
    fold: int = 0


def labelled_by_codes(source: Path, mapping: Mapping | None, task: str | None, rate: float = 100) -> Labelled:
    """The WFDB records below a folder, in the order of their paths.

    `ecg_id` is PTB-XL's, or the record's name where all of these are different whole numbers, else its place in that
    order. Without PTB-XL all are of one fold; with it, its records have the published ones, and others none.

    Args:
        source: the folder.
        mapping: what the codes stand for; None to take each as a class.
        task: what the labels are called, where the mapping does not say it.
        rate: in Hz; which of PTB-XL's two files of a recording is taken, where both are there.

    Raises:
        Unreadable: the folder holds no WFDB header, or none with a code.
    """
    headers = [path for path in recordings([source]).files if path.suffix.lower() == ".hea"]
    if not headers:
        raise Unreadable(f"{source}: holds no WFDB header (.hea), in which codes stand; check the folder")
    listed, spare = _of_ptbxl(source, set(headers), rate)
    found: list[_One] = []
    bad: dict[Place, str] = {}
    for path in headers:
        if path in spare:
            continue
        try:
            found.append(listed.get(path) or _of_header(path))
        except TwelveLeadError as error:
            bad[path] = str(error)
    if not found:
        first = next(iter(bad.values()))
        raise Unreadable(f"{source}: none of its {len(bad):,} WFDB headers states a diagnosis; the first is {first}")
    published = sum(one.fold > 0 for one in found)
    spelt: dict[str, str] = {}
    for one in found:
        one.said = {spelt.setdefault(normalised(code), code.rstrip(" .")): said for code, said in one.said.items()}
    labels = joined([one.said for one in found], sorted(spelt.values()), mapping, task)
    by = f"mapping {mapping.name}" if mapping else "codes"
    of = "" if not published else "PTB-XL, " if published == len(found) else "PTB-XL and others, "
    if not published:
        for one in found:
            one.fold = 1
    return Labelled(
        files=[one.file for one in found],
        columns={
            "ecg_id": _numbers([one.ecg_id for one in found], [one.file.stem for one in found]),
            "patient_id": _numbers([one.patient_id for one in found], [one.file.stem for one in found]),
            "fold": np.array([one.fold for one in found], np.int64),
            "age": np.array([one.age for one in found]),
            "sex": np.array([one.sex for one in found]),
        },
        labels=labels.names,
        likelihoods=labels.likelihoods,
        tasks=labels.tasks,
        source=f"{of}{source.resolve().name}, {by}",
        how=f"codes of {len(found):,} WFDB records"
        + (f", {published:,} of them by PTB-XL's table" if published else ""),
        written=["; ".join(one.said) for one in found],
        bad=bad,
        unlisted_codes=labels.unlisted,
        not_mapped=labels.not_mapped,
    )


def codes_of(comments: tuple[str, ...]) -> list[str]:
    """The codes of one header, each once, as written.

    Args:
        comments: of the header, without "#".
    """
    by_code = [found[1] for comment in comments if (found := _CODES.fullmatch(comment.strip()))]
    if by_code:
        written = [code for text in by_code for code in re.split("[,;]", text)]
    else:
        begun = [number for number, comment in enumerate(comments) if _BELOW.fullmatch(comment.strip())]
        written = [] if not begun else [_BELOW.sub(r"\1", comments[begun[0]].strip()), *comments[begun[0] + 1 :]]
    codes = {normalised(code): code.strip() for code in written if normalised(code) not in _NOTHING}
    return list(codes.values())


def _of_header(path: Path) -> _One:
    comments = read_header(path).comments
    codes = codes_of(comments)
    if not codes:
        raise Unreadable(f"{path}: states no diagnosis (#Dx: or #<diagnoses>:); take it out of the folder")
    age, sex = patient.from_words(comments)
    return _One(
        path,
        dict.fromkeys(codes, 0.0),
        np.nan if age is None else age,
        np.nan if sex is None else float(sex == "female"),
    )


def _of_ptbxl(source: Path, headers: set[Path], rate: float) -> tuple[dict[Path, _One], set[Path]]:
    """What PTB-XL's tables below the folder say of its headers, and headers of these recordings at the other rate."""
    codes = tuple(each.statement for each in load_statements())
    listed: dict[Path, _One] = {}
    spare: set[Path] = set()
    rates: tuple[Rate, Rate] = (500, 100) if rate > 100 else (100, 500)
    for place in sorted(source.rglob(TABLES[0])):
        taken: set[int] = set()
        for each in rates:
            table = read_table(place, codes, each)
            for row, file in enumerate(table.files):
                header, ecg_id = place.parent / f"{file}.hea", int(table.columns["ecg_id"][row])
                if header in headers and ecg_id in taken:
                    spare.add(header)
                elif header in headers:
                    taken.add(ecg_id)
                    listed[header] = _of_row(header, table, row, codes)
    return listed, spare


def _of_row(header: Path, table: Table, row: int, codes: tuple[str, ...]) -> _One:
    likelihoods = table.likelihoods[row]
    said = {codes[column]: float(likelihoods[column]) for column in np.flatnonzero(~np.isnan(likelihoods))}
    age, sex = (float(table.columns[name][row]) for name in ("age", "sex"))
    ecg_id, patient_id, fold = (int(table.columns[name][row]) for name in ("ecg_id", "patient_id", "fold"))
    return _One(header, said, age, sex, ecg_id, patient_id, fold)


def _numbers(stated: list[int], names: list[str]) -> NDArray[np.int64]:
    """Numbers of recordings or patients: the stated ones, and for others those behind them; where none is stated, the
    names if all are different whole numbers."""
    if any(stated):
        fresh = count(max(stated) + 1)
        return np.array([number or next(fresh) for number in stated], np.int64)
    whole = all(name.isascii() and name.isdigit() and 0 < int(name) < 2**53 for name in names)
    numbers = [int(name) for name in names] if whole else []
    return np.array(numbers if len(set(numbers)) == len(names) else range(1, len(names) + 1), np.int64)
