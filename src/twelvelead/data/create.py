"""A store from one's own data: a folder or a file of ECGs, labelled by a table or by codes that come with them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.folds import patient_folds
from twelvelead.data.labelled import Labelled
from twelvelead.data.labelling import label
from twelvelead.data.ptbxl.prepare import SOURCE
from twelvelead.data.recordings import Member, Place, Recordings
from twelvelead.data.store import Store, write_store
from twelvelead.data.stored import to_microvolts
from twelvelead.ecg.leads import LEADS, obtainable
from twelvelead.ecg.record import ECG
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.progress import Progress, counted, silent
from twelvelead.readers.find import Found
from twelvelead.readers.find import recordings as recordings_in

PUBLISHED_FOLDS = 10
"""Of PTB-XL."""


@dataclass(frozen=True, eq=False)
class Created:
    """What came of it.

    Attributes:
        store: the new store.
        bad: for each recording that was left out, one line that names it and the fault.
        noticed: code of a reader's finding (`twelvelead.ecg.finding.CODES`) -> stored recordings that have it.
        unlisted: what else the folder holds: recordings without labels, and files that are none.
        unlisted_codes: code of a header that the mapping does not list -> recordings that have it.
        not_mapped: task -> PTB-XL's classes that the mapping cannot express.
        changed: what was done to recordings on the way, each a line.
    """

    store: Store
    bad: tuple[str, ...]
    noticed: Counter[str]
    unlisted: Found
    unlisted_codes: Counter[str]
    not_mapped: dict[str, tuple[str, ...]]
    changed: tuple[str, ...]


def create(
    source: Path | str,
    labels: Path | str,
    store: Path | str,
    *,
    rate: float,
    seconds: float = 10.0,
    leads: tuple[str, ...] | None = None,
    bridge: float = 0.0,
    task: str | None = None,
    mapping: Path | str | None = None,
    separator: str | None = None,
    columns: Sequence[str] | None = None,
    min_count: int = 0,
    folds: int | None = None,
    seed: int = 0,
    sampling_rate: float | None = None,
    unit: str | None = None,
    scale: float | None = None,
    variable: str | None = None,
    time_unit: str | None = None,
    understood: Callable[[Labelled], None] = lambda listed: None,
    progress: Progress = silent,
) -> Created:
    """Makes a store of any recordings that `twelvelead.read` or `twelvelead.data.containers.open_container` reads,
    labelled by a table or by their codes.

    A table is text with a column `file` (or filename, path), the path of each recording below `source` (for WFDB the
    header, the signal file or the bare name), and one column for each class with 1, 0 or -1 (not known; also yes, no,
    true, false, empty for 0), or one column `label` (or labels, diagnosis, scp_codes, ...) with the names of the
    classes (`twelvelead.data.label_cells`). Where they are there, `ecg_id`, `patient_id`, `fold` (1 to 100), `age` and
    `sex` are taken too; without `ecg_id` it is the row, and without `patient_id` each recording counts as a patient of
    its own. Patients named by text get numbers in the order of the table. Other columns are passed over.

    Recordings in files of many (HDF5, Parquet, NPY, tar, zip) are named by a column `member` (or exam_id), in a tar or
    zip by `file` too; where `source` is a folder of such files, a column `container` (or trace_file) says which one. A
    table that names none and has a row for each recording of one file is taken in their order, and a Parquet file may
    hold its own labels. Rows whose file is not there are left out and counted.

    Codes that come with the recordings are those in WFDB headers, and PTB-XL's where its table lies beside its records
    (`twelvelead.data.label_codes`). A mapping says what they, or the names in a table, stand for.

    Args:
        source: the folder of recordings, or a file of many.
        labels: a table, the word "codes", or a mapping: a file, or the name of one that ships.
        store: the folder to make; a store that is already there is replaced when the new one is whole.
        rate: of the store in Hz; recordings of another rate are resampled.
        seconds: of each recording that are stored, from its start; shorter recordings are left out and named.
        leads: that are stored, in this order, the twelve without; recordings that lack one are left out and named. For
            arrays that do not state their leads, the names of their last axis: the twelve are stored where they follow
            from these, else these.
        bridge: gaps of NaN of up to this many seconds become straight lines, counted; 0 for none.
        task, mapping, separator, columns, min_count: see `twelvelead.data.labelling.label`.
        folds: how many patient-safe folds to make; None to take those of the table, or one for all by codes. Where
            PTB-XL's records are among them, these keep the published folds, and the others are spread over ten.
        seed: of the folds.
        sampling_rate, unit, scale, variable, time_unit: see `twelvelead.read`.
        understood: told what was read of the labels before anything is written, and before a doubt ends it.
        progress: told the recordings done.

    Raises:
        Unreadable: the source, the table or the mapping is missing, a row of it cannot be understood, or can be in two
            ways, a patient is in two folds, or no recording can be read; nothing is written.
        TwelveLeadError: `store` is something else than a store, cannot be written, there are too few patients, or
            options that do not go together.
    """
    if not (0 < rate < 1e6 and round(rate * seconds) > 0):
        raise TwelveLeadError(f"{seconds:g} s at {rate:g} Hz hold no sample; choose more of either")
    reading = {
        "sampling_rate": sampling_rate,
        "unit": unit,
        "scale": scale,
        "variable": variable,
        "time_unit": time_unit,
    }
    with Recordings(source, leads=leads, **reading) as recordings:
        listed = label(
            recordings,
            labels,
            rate=rate,
            task=task,
            mapping=mapping,
            separator=separator,
            columns=columns,
            min_count=min_count,
        )
        understood(listed)
        if listed.doubts:
            raise Unreadable(f"{labels}: {listed.doubts[0]}")
        fold = _folds(listed, labels, folds, seed)
        _require_apart(listed.columns["patient_id"], fold, labels)
        stored = _stored_leads(recordings, leads)
        bad = list(listed.bad.values())
        noticed: Counter[str] = Counter()
        gaps: list[int] = []

        def signals() -> Iterator[NDArray[np.int16] | None]:
            for place in counted(listed.files, "recordings", progress):
                try:
                    ecg = recordings.read(place, stored)
                    signal, bridged = _microvolts(ecg, rate, seconds, bridge)
                    noticed.update(finding.code for finding in ecg.findings)
                    gaps.append(bridged)
                except TwelveLeadError as error:
                    bad.append(str(error))
                    signal = None
                yield signal
            if not gaps:
                raise Unreadable(f"{source}: none of its {len(bad):,} recordings can be stored; the first is {bad[0]}")

        made = write_store(
            store,
            signals(),
            columns={**listed.columns, "fold": fold},
            likelihoods=listed.likelihoods,
            statements=listed.labels,
            tasks=listed.tasks,
            sampling_rate=rate,
            source=listed.source,
            leads=stored,
        )
        return Created(
            made,
            tuple(bad),
            noticed,
            _unlisted(recordings, [*listed.files, *listed.bad]),
            listed.unlisted_codes,
            listed.not_mapped,
            tuple(_changed(recordings, gaps)),
        )


def _stored_leads(recordings: Recordings, leads: tuple[str, ...] | None) -> tuple[str, ...]:
    """Those asked for; of arrays, whose columns these are, the twelve where they follow."""
    if leads is None:
        return LEADS
    is_array = any(container.leads is not None for container in recordings.containers)
    return LEADS if is_array and set(LEADS) <= set(obtainable(leads)) else leads


def _changed(recordings: Recordings, gaps: list[int]) -> Iterator[str]:
    cut = sum(container.cut for container in recordings.containers)
    if cut:
        yield f"zeros at the ends of {cut:,} recordings are padding and were cut"
    if sum(gaps):
        yield f"{sum(gaps):,} gaps in {np.count_nonzero(gaps):,} recordings became straight lines"


def _folds(listed: Labelled, labels: Path | str, folds: int | None, seed: int) -> NDArray[Any]:
    """[record]: the stated folds, or those asked for."""
    patients, present = listed.columns["patient_id"], listed.present
    stated = listed.columns.get("fold")
    published = listed.source.startswith(SOURCE) and stated is not None
    if published and folds is not None:
        raise TwelveLeadError(
            f"{labels}: the folds of PTB-XL are published, and weights know them; leave --folds out, and recordings "
            "from elsewhere are spread over the same ten"
        )
    if stated is None and folds is None:
        raise Unreadable(f"{labels}: has no column fold; add one, or ask for patient-safe folds (--folds 10)")
    free = np.ones(len(patients), bool) if stated is None or folds is not None else stated == 0
    found = np.zeros(len(patients), np.int64) if stated is None else np.array(stated)
    if free.any():
        try:
            found[free] = patient_folds(patients[free], present[free], folds or PUBLISHED_FOLDS, seed)
        except ValueError as error:
            raise TwelveLeadError(f"{labels}: {error} cannot be made; ask for fewer") from None
    return found


def _unlisted(recordings: Recordings, listed: Sequence[Place]) -> Found:
    members = {place for place in listed if isinstance(place, Member)}
    if members:
        return Found([Path(one.member) for one in recordings.members if one not in members])
    found = recordings_in([recordings.source])
    files = [place for place in listed if isinstance(place, Path)]
    known = {path for file in files for path in (file, file.with_suffix(".hea"), file.with_name(f"{file.name}.hea"))}
    found.files = [file for file in found.files if file not in known]
    return found


def _microvolts(ecg: ECG, rate: float, seconds: float, bridge: float) -> tuple[NDArray[np.int16], int]:
    try:
        return to_microvolts(ecg, rate, seconds, bridge)
    except ValueError as fault:
        raise Unreadable(f"{ecg.source}: {fault}") from None


def _require_apart(patient: NDArray[np.int64], fold: NDArray[Any], labels: Path | str) -> None:
    pairs = np.unique(np.stack([patient, fold.astype(np.int64)], axis=1), axis=0)
    twice = pairs[1:, 0][pairs[1:, 0] == pairs[:-1, 0]]
    if len(twice):
        raise Unreadable(
            f"{labels}: patient {twice[0]} is in two folds, so that what trains would be tested; keep each in one, "
            "or ask for patient-safe folds (--folds 10)"
        )
