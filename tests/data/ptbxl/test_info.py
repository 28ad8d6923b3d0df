import io

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from twelvelead.cli.ptbxl import app
from twelvelead.data.ptbxl.info import Counter, info, verdict
from twelvelead.data.ptbxl.published import PUBLISHED
from twelvelead.data.synthetic import synthetic_store
from twelvelead.errors import TwelveLeadError, Unreadable


def shown(store):
    console = Console(file=io.StringIO(), width=80, markup=False)
    console.print(info(store))
    return console.file.getvalue()


def test_the_published_parts_add_up():
    *parts, whole = PUBLISHED
    assert sum(part.records for part in parts) == whole.records
    assert sum(part.labelled for part in parts) == whole.labelled
    for name in whole.classes:
        assert sum(part.classes[name] for part in parts) == whole.classes[name]


def test_the_shared_copy_matches_where_it_is_whole(published_table):
    counter = Counter(published_table)
    found = {part.name: verdict(counter.count(part.folds), part) for part in PUBLISHED}
    assert found == {"train": "matches", "validation": "matches", "test": "absent", "all": "partial"}
    text = shown(published_table)
    assert "19,601 of 21,799" in text
    assert "n/a" in text
    assert "likely is not available" in text
    assert "…" not in text


def test_a_changed_label_is_seen(published_table):
    counter = Counter(published_table)
    count = counter.count((9,))
    count.classes["MI"] += 1
    assert verdict(count, PUBLISHED[1]) == "differs"


def test_likely_has_counts_of_its_own_where_it_is_available(genuine_table):
    counter = Counter(genuine_table)
    count = counter.count(tuple(range(1, 11)))
    assert (count.keep, count.likely) == (422, 401)
    assert count.likely_classes == {"NORM": 257, "MI": 40, "STTC": 74, "CD": 65, "HYP": 29}
    assert "257" in shown(genuine_table)
    assert "n/a" not in shown(genuine_table)


def test_a_synthetic_store_says_so_and_is_compared_with_nothing(tmp_path):
    text = shown(synthetic_store(tmp_path / "[red]store", records=100))
    assert "SYNTHETIC" in text
    assert "[red]store" in text.replace("\n", "")
    assert "1.0.3" not in text


def test_the_commands(folder, tmp_path):
    run = CliRunner().invoke
    made = run(app, ["prepare", str(folder), str(tmp_path / "store")])
    assert made.exit_code == 0, made.output
    assert "6 records" in made.output
    told = run(app, ["info", str(tmp_path / "store")])
    assert told.exit_code == 0, told.output
    assert "6 records of 10 s at 100 Hz" in told.output

    record = folder / "records100/00000/00002_lr.dat"
    record.write_bytes(np.zeros(12000, "<i2").tobytes())
    partly = run(app, ["prepare", str(folder), str(tmp_path / "store")])
    assert isinstance(partly.exception, TwelveLeadError)
    assert "1 of 6 records could not be read" in str(partly.exception)
    assert "00002_lr" in partly.output
    assert "5 records" in run(app, ["info", str(tmp_path / "store")]).output

    assert isinstance(run(app, ["info", str(folder)]).exception, Unreadable)
    with pytest.raises(TwelveLeadError, match="--rate 250"):
        run(app, ["prepare", str(folder), str(tmp_path / "store"), "--rate", "250"], catch_exceptions=False)
