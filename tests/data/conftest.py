"""Small stores and folders that need no real data."""

import csv
from pathlib import Path

import numpy as np
import pytest

from twelvelead.data.ptbxl.statements import read_statements
from twelvelead.data.ptbxl.table import read_table
from twelvelead.data.store import write_store

TASKS = {"superclass": {"NORM": ["NORM"], "MI": ["IMI", "AMI"]}, "rhythm": {"SR": ["SR"]}}
STATEMENTS = ("NORM", "IMI", "AMI", "SR")
DATABASE_HEAD = [
    "ecg_id",
    "patient_id",
    "age",
    "sex",
    "height",
    "scp_codes",
    "strat_fold",
    "filename_lr",
    "filename_hr",
]
PTBXL_LEADS = ("I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6")


def _store_arguments(records=6, samples=20, seed=0):
    """What `write_store` takes beside path and signals, and the signals [record, sample, lead]."""
    rng = np.random.default_rng(seed)
    signals = rng.integers(-3000, 3000, (records, samples, 12), dtype=np.int16)
    likelihoods = np.where(rng.random((records, 4)) < 0.5, np.nan, 100).astype(np.float32)
    arguments = {
        "columns": {
            "ecg_id": np.arange(1, records + 1),
            "patient_id": np.arange(records) // 2 + 1,
            "fold": np.arange(records) // 2 + 1,
            "age": np.linspace(20, 80, records),
            "sex": np.where(np.arange(records) % 3 == 2, np.nan, np.arange(records) % 2),
        },
        "likelihoods": likelihoods,
        "statements": STATEMENTS,
        "tasks": TASKS,
        "sampling_rate": 100,
        "source": "test",
    }
    return signals, arguments


@pytest.fixture
def store_arguments():
    """store_arguments(records, samples, seed) -> signals [record, sample, lead], what `write_store` takes beside."""
    return _store_arguments


@pytest.fixture
def small_store(tmp_path):
    signals, arguments = _store_arguments()
    return write_store(tmp_path / "small", signals, **arguments)


def table_store(database: Path, statements_file: Path, path: Path):
    """A store of every row of a table, with signals of one sample: what the counts need."""
    statements = read_statements(statements_file)
    table = read_table(database, statements.codes)
    return write_store(
        path,
        (np.zeros((1, 12), np.int16) for _ in range(len(table))),
        columns=table.columns,
        likelihoods=table.likelihoods,
        statements=statements.codes,
        tasks=statements.tasks,
        sampling_rate=100,
        source="PTB-XL",
    )


@pytest.fixture(scope="session")
def published_table(shared_ptbxl, tmp_path_factory):
    """All real records of folds 1-9, labels only."""
    return table_store(
        shared_ptbxl / "ptbxl_database.csv",
        shared_ptbxl / "scp_statements.csv",
        tmp_path_factory.mktemp("published") / "store",
    )


@pytest.fixture(scope="session")
def genuine_table(shared_ptbxl, tmp_path_factory):
    """422 real rows with their likelihoods, labels only."""
    return table_store(
        shared_ptbxl / "genuine_rows.csv",
        shared_ptbxl / "scp_statements.csv",
        tmp_path_factory.mktemp("genuine") / "store",
    )


def _write_record(stem: Path, signal, *, leads=PTBXL_LEADS, gain="1000.0(0)/mV", rate=100):
    """A WFDB record in format 16 as PTB-XL writes it; signal [sample, lead] int16."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    stem.with_suffix(".dat").write_bytes(signal.astype("<i2").tobytes())
    sums = signal.astype(np.int64).sum(axis=0) & 0xFFFF
    lines = [f"{stem.name} {len(leads)} {rate} {len(signal)}"]
    lines += [
        f"{stem.name}.dat 16 {gain} 16 0 {first} {total} 0 {lead}"
        for lead, first, total in zip(leads, signal[0], sums, strict=True)
    ]
    stem.with_suffix(".hea").write_text("\n".join(lines) + "\n")


def _write_database(path: Path, rows):
    """ptbxl_database.csv with the given cells; the others get plausible ones."""
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, DATABASE_HEAD)
        writer.writeheader()
        for number, row in enumerate(rows, start=1):
            plausible = {
                "ecg_id": number,
                "patient_id": f"{number}.0",
                "age": "60.0",
                "sex": "1",
                "scp_codes": "{'NORM': 100.0}",
                "strat_fold": "1",
                "filename_lr": f"records100/00000/{number:05d}_lr",
                "filename_hr": f"records500/00000/{number:05d}_hr",
            }
            writer.writerow(plausible | row)


@pytest.fixture
def write_record():
    """write_record(stem, signal [sample, lead] int16, leads=, gain=, rate=) writes a WFDB record."""
    return _write_record


@pytest.fixture
def write_database():
    """write_database(path, rows) writes a ptbxl_database.csv."""
    return _write_database


STATEMENTS_CSV = """,description,diagnostic,form,rhythm,diagnostic_class,diagnostic_subclass
NDT,non-diagnostic T abnormalities,1.0,1.0,,STTC,STTC
NORM,normal ECG,1.0,,,NORM,NORM
IMI,inferior myocardial infarction,1.0,,,MI,IMI
LVH,left ventricular hypertrophy,1.0,,,HYP,LVH
1AVB,first degree AV block,1.0,,,CD,_AVB
PVC,ventricular premature complex,,1.0,,,
SR,sinus rhythm,,,1.0,,
"""


@pytest.fixture
def folder(tmp_path):
    """A generated folder as PhysioNet lays PTB-XL out: six records, two in each of the folds 1-3."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "scp_statements.csv").write_text(STATEMENTS_CSV)
    rng = np.random.default_rng(0)
    rows = [{"strat_fold": str(number // 2 + 1)} for number in range(6)]
    _write_database(folder / "ptbxl_database.csv", rows)
    for number in range(1, 7):
        signal = rng.integers(-2000, 2000, (1000, 12), dtype=np.int16)
        _write_record(folder / f"records100/00000/{number:05d}_lr", signal)
    return folder
