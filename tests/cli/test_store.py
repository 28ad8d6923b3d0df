"""twelvelead store create by headers, and evaluate on what comes of it."""

import json

import numpy as np
import pytest

from twelvelead.data.store import Store
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.evaluation.predictions import Predictions

CODES = ("426783006", "426177001", "164865005,426783006", "164889003,12345", "164931005", "164934002,426783006")
"""Of six records: NORM twice, MI, AFIB with an unknown code, STE_ alone, STTC."""


@pytest.fixture
def headers(tmp_path):
    folder = tmp_path / "ecgs"
    folder.mkdir()
    for number, codes in enumerate(CODES, start=1):
        signal = np.rint(synthetic_ecg("normal", seed=number, sampling_rate=100).signal * 1000).astype("<i2")
        (folder / f"{number}.dat").write_bytes(signal.tobytes())
        lines = [f"{number} 12 100 {len(signal)}", *(f"{number}.dat 16 1000/mV" for _ in LEADS)]
        lines[1:] = [
            f"{line} 16 0 {first} {total} 0 {lead}"
            for line, first, total, lead in zip(
                lines[1:], signal[0], signal.astype(np.int64).sum(axis=0) & 0xFFFF, LEADS, strict=True
            )
        ]
        comments = ["# Age: 60", "# Sex: Female", f"# Dx: {codes}"]
        (folder / f"{number}.hea").write_text("\n".join([*lines, *comments]) + "\n")
    return folder


@pytest.fixture
def mapping(tmp_path):
    """Of the codes above, without any for CD and HYP."""
    path = tmp_path / "mine.csv"
    path.write_text(
        "code,statement,class,normal\n426783006,SR,,yes\n426177001,SBRAD,,yes\n164865005,,MI,\n164889003,AFIB,,\n"
        "164931005,STE_,,\n164934002,,STTC,\n"
    )
    return path


def test_what_is_not_known_is_told(cli, headers, mapping, tmp_path):
    made = cli("store", "create", headers, mapping, tmp_path / "store")
    assert made.code == 0, made.err
    assert "6 records, task all with 5 classes" in made.out
    assert "task superclass with 3 classes" in made.out
    assert made.out.endswith("fold 1\n")
    assert f"codes that {mapping} does not list, with the recordings that have them: 12345 (1)" in made.err
    assert f"task superclass lacks 2 classes of PTB-XL that {mapping} has no code for: CD, HYP" in made.err


def test_some_leads_may_be_stored_alone_and_recordings_lack_the_others(cli, headers, tmp_path):
    few = headers / "1.hea"
    signal = np.fromfile(headers / "1.dat", "<i2").reshape(-1, 12)[:, :2]
    signal.tofile(headers / "1.dat")
    sums = signal.astype(np.int64).sum(axis=0) & 0xFFFF
    lines = [f"1 2 100 {len(signal)}"]
    lines += [f"1.dat 16 1000/mV 16 0 {signal[0, at]} {sums[at]} 0 {lead}" for at, lead in enumerate(("I", "II"))]
    few.write_text("\n".join([*lines, "# Age: 60", "# Sex: Female", f"# Dx: {CODES[0]}"]) + "\n")
    made = cli("store", "create", headers, "challenge", tmp_path / "store", "--leads", "ii, DI")
    assert made.code == 0, made.err
    store = Store.open(tmp_path / "store")
    assert store.leads == ("II", "I")
    np.testing.assert_array_equal(store.signals[0], signal[: store.samples, ::-1])
    left_out = cli("store", "create", headers, "challenge", tmp_path / "other", "--leads", "V1")
    assert (left_out.code, "missing lead V1; all of V1 are needed" in left_out.err) == (2, True)
    for wrong in ("X", "I,I", ""):
        assert "as in I,II" in cli("store", "create", headers, "challenge", tmp_path / "no", "--leads", wrong).fault


def test_a_shipped_mapping_goes_by_its_name_and_takes_no_task(cli, headers, tmp_path):
    made = cli("store", "create", headers, "challenge", tmp_path / "store")
    assert made.code == 0, made.err
    assert "task superclass with 5 classes" in made.out
    refused = cli("store", "create", headers, "challenge", tmp_path / "store", "--task", "own")
    assert (refused.code, "leave the name out" in refused.fault) == (2, True)
    absent = cli("store", "create", headers, "georgia", tmp_path / "store")
    assert absent.code == 2
    assert absent.fault.startswith("georgia: no such table or mapping; name a CSV, the word codes for the codes that ")
    assert absent.fault.endswith("or a mapping that ships: challenge, ludb")


def test_a_wrong_mapping_is_one_line_and_no_store(cli, headers, mapping, tmp_path):
    mapping.write_text("code,statement\n426783006,SR\n426783006,AFIB\n")
    refused = cli("store", "create", headers, mapping, tmp_path / "store")
    assert refused.code == 2
    assert refused.fault.startswith(f"{mapping}: line 3: the code 426783006 stands in line 2 already")
    assert not (tmp_path / "store").exists()


@pytest.mark.usefixtures("unpictured")
def test_weights_are_scored_on_the_classes_that_the_mapping_can_state(cli, tiny_run, headers, mapping, tmp_path):
    cli("store", "create", headers, mapping, tmp_path / "store")
    scored = cli(
        "evaluate",
        tiny_run,
        tmp_path / "store",
        "--fold",
        1,
        "--protocol",
        "keep",
        "--out",
        tmp_path / "out",
        "--operating-point",
        "f1",
    )
    assert (scored.code, scored.err) == (0, "")
    values = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert values["role"] == "other data than trained the weights"
    assert values["classes_not_in_labels"] == ["CD", "HYP"]
    assert list(values["classes"]) == ["NORM", "MI", "STTC"]
    assert [of["positives"] for of in values["classes"].values()] == [2, 1, 1]
    assert values["macro_auroc"] == pytest.approx(np.mean([of["auroc"] for of in values["classes"].values()]))
    assert values["records"] == 6
    assert any("cannot say whether a record has them: CD, HYP" in note for note in values["notes"])
    assert "CD, HYP" in (tmp_path / "out" / "report.md").read_text()
    assert all(not group["intervals"] for group in values["subgroups"])
    stored = Predictions.load(tmp_path / "out" / "predictions.npz")
    assert stored.classes == ("NORM", "MI", "STTC")
    assert {len(cuts) for cuts in stored.thresholds.values()} == {3}
    assert [of["threshold"] for of in values["classes"].values()] == list(stored.thresholds["f1"])
