"""The part of docs/scale.md on archives is run: every command of it, in its order, and its Python."""

import csv
import re
import shlex
from pathlib import Path

import pyarrow.parquet as pq

from drift import write_wfdb
from twelvelead.archive import open_scores
from twelvelead.ecg.synthetic import synthetic_ecg

PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8").partition("## Training")[0]


def blocks(language):
    return "".join(re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL))


def test_every_command_of_the_page_does_what_it_says(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("archive").mkdir()
    with Path("archive.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["path", "id", "age", "sex", "site", "device", "time"])
        for number in range(6):
            ecg = synthetic_ecg("normal", seed=number, sampling_rate=100)
            write_wfdb(ecg.signal, 100, 1000, Path(f"archive/{number}.hea"))
            rows.writerow([f"archive/{number}.hea", f"ecg{number}", 60, "F", "AB"[number % 2], "X", "2026-01-11T10:00"])
    Path("archive/RECORDS").write_text("".join(f"{number}\n" for number in range(6)))

    commands = [shlex.split(line) for line in blocks("bash").splitlines()]
    said = [cli(*command[1:], "--processes", 1) for command in commands]
    assert [result.code for result in said] == [0] * 5
    assert [result.out for result in said[:3]] == [f"{name}: 6 ok\n" for name in ("answers", "by-site", "embeddings")]
    assert [result.out.partition(":")[0] for result in said[3:]] == ["shared, shard 1/2", "shared, shard 2/2"]

    row = open_scores("by-site").table().to_pylist()[0]
    assert (row["source"][:3], row["device"], row["time"], row["age"]) == ("ecg", "X", "2026-01-11T10:00", 60)
    assert {"site", "statement_probability_AFIB"} <= row.keys()
    assert "heart_rate_per_minute" not in row
    assert {"embedding"} < {*open_scores("embeddings").columns}.difference(open_scores("by-site").columns) | {"source"}
    assert len(pq.read_table("shared")) == open_scores("shared").statuses["ok"] == 6
    assert "shards" in open_scores("shared").settings
    named: dict[str, object] = {}
    exec(blocks("python"), named)
    assert named["scores"].statuses == {"ok": 6}
    assert list(named["part"].column_names) == ["source", "probability_MI"]
