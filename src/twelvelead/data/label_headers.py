"""Recordings and their labels, from the codes in WFDB headers.

The codes of a header are what stands behind `#Dx:`, separated by commas, as the PhysioNet Challenges write it; else
each comment below `#<diagnoses>:`, as LUDB writes it. Age and sex are the header's too.
"""

import re
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.labelled import Labelled
from twelvelead.data.mapping import CodeMapping, normalised
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.readers import patient
from twelvelead.readers.find import recordings
from twelvelead.readers.wfdb import read_header

_CODES = re.compile(r"dx\s*:(.*)", re.IGNORECASE)
_BELOW = re.compile(r".*<diagnoses>\s*:?(.*)", re.IGNORECASE)
_NOTHING = ("", "unknown", "nan", "n/a", "none")


def labelled_by_headers(source: Path, mapping: CodeMapping) -> Labelled:
    """The WFDB records below a folder, in the order of their paths, all of one fold.

    `ecg_id` is the record's name where all of these are different whole numbers, else its place in that order.

    Args:
        source: the folder.
        mapping: what the codes stand for.

    Raises:
        Unreadable: the folder holds no WFDB header, or none with a code.
    """
    headers = [path for path in recordings([source]).files if path.suffix.lower() == ".hea"]
    if not headers:
        raise Unreadable(f"{source}: holds no WFDB header (.hea), whose codes a mapping is about; check the folder")
    files: list[Path] = []
    bad: dict[Path, str] = {}
    said: list[set[str]] = []
    known: list[tuple[float, float]] = []
    unlisted: Counter[str] = Counter()
    for path in headers:
        try:
            comments = read_header(path).comments
            codes = codes_of(comments)
            if not codes:
                raise Unreadable(f"{path}: states no diagnosis (#Dx: or #<diagnoses>:); take it out of the folder")
        except TwelveLeadError as error:
            bad[path] = str(error)
            continue
        files.append(path)
        said.append(mapping.said_by(codes))
        unlisted.update({code for code in codes if normalised(code) not in mapping.meanings})
        age, sex = patient.from_words(comments)
        known.append((np.nan if age is None else age, np.nan if sex is None else float(sex == "female")))
    if not files:
        first = next(iter(bad.values()))
        raise Unreadable(f"{source}: none of its {len(bad):,} WFDB headers states a diagnosis; the first is {first}")
    ids = _ids(files)
    ages, sexes = np.array(known).T
    labels = mapping.labels
    return Labelled(
        files=files,
        columns={
            "ecg_id": ids,
            "patient_id": ids,
            "fold": np.ones(len(files), np.int64),
            "age": ages,
            "sex": sexes,
        },
        labels=labels,
        present=np.array([[name in names for name in labels] for names in said]),
        tasks=mapping.tasks(),
        source=f"{source.resolve().name}, mapping {mapping.name}",
        bad=bad,
        unlisted_codes=unlisted,
        not_mapped=mapping.not_expressed(),
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


def _ids(files: list[Path]) -> NDArray[np.int64]:
    names = [path.stem for path in files]
    whole = all(name.isascii() and name.isdigit() and 0 < int(name) < 2**53 for name in names)
    numbers = [int(name) for name in names] if whole else []
    return np.array(numbers if len(set(numbers)) == len(files) else range(1, len(files) + 1), np.int64)
