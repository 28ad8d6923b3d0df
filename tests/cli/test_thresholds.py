"""--thresholds CLASS=NUMBER of the verbs that decide."""

import json

import pytest

pytest.importorskip("pyarrow")
import pyarrow.parquet as pq


def test_single_classes_are_decided_at_their_own_numbers(cli, tiny_run, write_csv, tmp_path):
    file = write_csv(tmp_path / "a.csv")
    plain = json.loads(cli("interpret", file, "--weights", tiny_run, "--json").out)["classes"]
    asked = cli("interpret", file, "--weights", tiny_run, "--json", "--thresholds", "MI=0,CD=1")
    assert asked.code == 0, asked.err
    answer = json.loads(asked.out)
    assert answer["operating_point"] == "accuracy,MI=0,CD=1"
    own = {"MI": 0.0, "CD": 1.0}
    for name, of in answer["classes"].items():
        assert of["threshold"] == own.get(name, plain[name]["threshold"])
        assert of["probability"] == plain[name]["probability"]
    assert answer["classes"]["MI"]["present"] is True
    assert answer["classes"]["CD"]["present"] is False
    scored = cli("score", file, "--weights", tiny_run, "--out", tmp_path / "table", "--thresholds", "MI=0,CD=1")
    assert scored.code == 0, scored.err
    (part,) = (tmp_path / "table").glob("*.parquet")
    table = pq.read_table(part)
    assert json.loads(table.schema.metadata[b"twelvelead"])["operating_point"] == "accuracy,MI=0,CD=1"
    row = table.to_pylist()[0]
    assert row["decision_MI"] != "absent"
    assert row["decision_CD"] != "present"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("MI=2", "thresholds MI=2: 'MI=2' is no class with a threshold from 0 to 1"),
        ("MI", "'MI' is no class with a threshold"),
        ("MI=0.2,MI=0.3", "'MI=0.3' names a class twice"),
        ("AF=0.3", "decide no AF here; name of NORM, MI, STTC, CD, HYP"),
    ],
)
def test_thresholds_that_cannot_be(cli, tiny_run, write_csv, tmp_path, text, fault):
    refused = cli("interpret", write_csv(tmp_path / "a.csv"), "--weights", tiny_run, "--thresholds", text)
    assert refused.code == 2
    assert fault in refused.fault
