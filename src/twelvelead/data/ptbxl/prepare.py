"""From a folder laid out as PhysioNet publishes PTB-XL, or its zip, to a store."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.ptbxl.release import TABLES, Rate
from twelvelead.data.ptbxl.source import Source, open_source
from twelvelead.data.ptbxl.statements import read_statements
from twelvelead.data.ptbxl.table import Table, read_table
from twelvelead.data.store import Store, write_store
from twelvelead.data.tasks import fold_names
from twelvelead.ecg.leads import LEADS, canonical_lead
from twelvelead.errors import Unreadable
from twelvelead.progress import Progress, counted, silent
from twelvelead.readers.wfdb import INVALID, Load, read_digital, to_millivolts
from twelvelead.readers.wfdb_header import Header

SOURCE = "PTB-XL"
SECONDS = 10
_IN_ORDER = list(range(len(LEADS)))


@dataclass(frozen=True, eq=False)
class Prepared:
    """What came of it.

    Attributes:
        store: the new store.
        bad: for each record that could not be read and was left out, one line that names it and the fault.
        absent: folds that the table lists and of which no file is there.
    """

    store: Store
    bad: tuple[str, ...]
    absent: tuple[int, ...]


def prepare(source: Path | str, store: Path | str, *, rate: Rate = 100, progress: Progress = silent) -> Prepared:
    """Makes a store of the PTB-XL records in a folder or zip, checksums verified, in ascending ecg_id.

    A fold of which no file is there is left out as a whole. A fold of which some files are missing is refused before
    anything is written: the copy is unfinished. A record that is there but damaged is left out and named.

    Args:
        source: the folder with ptbxl_database.csv, scp_statements.csv and records100 or records500; or PhysioNet's zip
            of it, which is read as it is. Memory does not grow with the number of records.
        store: the folder to make; a store that is already there is replaced when the new one is whole.
        rate: which of the two published sampling rates, in Hz.
        progress: told the records done.

    Raises:
        Unreadable: the folder or its tables are missing or damaged, files are missing, or no record can be read.
        TwelveLeadError: `store` is something else than a store, or cannot be written.
    """
    with open_source(source) as opened:
        statements = read_statements(opened.table(TABLES[1]))
        table = read_table(opened.table(TABLES[0]), statements.codes, rate)
        table, absent = _with_files(table, opened)
        bad: list[str] = []

        def signals() -> Iterator[NDArray[np.int16] | None]:
            for file in counted(table.files, "records", progress):
                try:
                    signal = _microvolts(f"{opened.name}/{file}.hea", rate, opened.load)
                except Unreadable as error:
                    bad.append(str(error))
                    signal = None
                yield signal
            if len(bad) == len(table):
                raise Unreadable(f"{source}: none of its {len(bad):,} records can be read; the first is {bad[0]}")

        made = write_store(
            store,
            signals(),
            columns=table.columns,
            likelihoods=table.likelihoods,
            statements=statements.codes,
            tasks=statements.tasks,
            sampling_rate=rate,
            source=SOURCE,
        )
    return Prepared(made, tuple(bad), absent)


def _with_files(table: Table, source: Source) -> tuple[Table, tuple[int, ...]]:
    """The rows whose files are there, and the folds that are absent as a whole."""
    names = source.names({file.rpartition("/")[0] for file in table.files})
    header = np.array([f"{file}.hea" in names for file in table.files])
    signal = np.array([f"{file}.dat" in names for file in table.files])
    fold = table.columns["fold"]
    held = np.unique(fold[header | signal])
    if not len(held):
        raise Unreadable(
            f"{source.name}: none of the {len(table):,} records that its table lists is there "
            f"(first: {table.files[0]}.hea); fetch them beside it"
        )
    wanted = np.isin(fold, held)
    missing = wanted & ~(header & signal)
    if missing.any():
        first = int(np.flatnonzero(missing)[0])
        raise Unreadable(
            f"{source.name}: {int(missing.sum()):,} of {int(wanted.sum()):,} records of fold {fold_names(held)} lack "
            f"a file (first: {table.files[first]}{'.dat' if header[first] else '.hea'}); finish the copy, or take "
            "their rows out of ptbxl_database.csv"
        )
    return table.where(wanted), tuple(sorted(set(fold.tolist()) - set(held.tolist())))


def _microvolts(header_path: str, rate: int, load: Load) -> NDArray[np.int16]:
    """[samples, 12] int16, microvolts, leads in our order."""
    header, digital = read_digital(header_path, load)
    if header.sampling_rate != rate or len(digital) != rate * SECONDS:
        raise Unreadable(
            f"{header_path}: {len(digital)} samples at {header.sampling_rate:g} Hz, where PTB-XL has "
            f"{rate * SECONDS} at {rate} Hz; copy it again"
        )
    columns, microvolts = _layout(header)
    if columns is None:
        raise Unreadable(f"{header_path}: lacks some of the leads {', '.join(LEADS)}; copy it again")
    if microvolts:
        signal = digital
        invalid = np.minimum.reduce(signal, axis=None) == INVALID
    else:
        exact = np.rint(to_millivolts(header, digital, header_path) * 1000.0)
        invalid = not (np.abs(exact) < -INVALID).all()
        signal = exact.astype(np.int16) if not invalid else digital
    if invalid:
        raise Unreadable(
            f"{header_path}: samples are marked as missing or exceed 32 mV; take the record out of the table"
        )
    return signal if columns == _IN_ORDER else signal[:, columns]


_layouts: list[tuple[Header, tuple[list[int] | None, bool]]] = []
"""Of the header seen last, which is the same object for all plain records of a data set."""


def _layout(header: Header) -> tuple[list[int] | None, bool]:
    """Where our leads are among the signals, None where one is missing; and whether one unit is 1 uV in all signals."""
    for last, layout in _layouts:
        if last is header:
            return layout
    ours = [canonical_lead(signal.name) for signal in header.signals]
    columns = [ours.index(lead) for lead in LEADS] if set(LEADS) <= set(ours) else None
    microvolts = all(signal.gain == 1000 and signal.baseline == 0 and signal.unit == "mV" for signal in header.signals)
    _layouts[:] = [(header, (columns, microvolts))]
    return columns, microvolts
