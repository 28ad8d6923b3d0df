"""docs/drift.md is run: every command of it, in its order."""

import csv
import re
import shlex
from pathlib import Path

from drift import write_wfdb
from twelvelead.ecg.synthetic import synthetic_ecg

PAGE = (Path(__file__).parents[2] / "docs" / "drift.md").read_text(encoding="utf-8")


def test_every_command_of_the_page_does_what_it_says(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Path("archive.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["path", "site", "device", "time", "patient_id"])
        for number in range(44):
            ecg = synthetic_ecg("normal", seed=number, sampling_rate=100)
            write_wfdb(ecg.signal, 100, 1000, Path(f"{number}.hea"))
            month, odd = 1 + (number >= 12) + (number >= 24), number % 2
            rows.writerow([f"{number}.hea", "AB"[odd], "XY"[odd], f"2026-0{month}-11T10:00", number])
    commands = [shlex.split(line) for line in "".join(re.findall(r"```bash\n(.*?)```", PAGE, re.S)).splitlines()]
    assert len(commands) == 4
    scored, by_all, by_month, by_device = (cli(*command[1:]) for command in commands)
    assert (scored.code, by_all.code, by_month.code, by_device.code) == (0, 0, 0, 0)
    assert "answers: 44 ok" in scored.out
    assert "in 3 groups, against all other rows" in by_all.out
    assert (
        "fewer than 20 ECGs (of different patients) in the group or its reference: month=2026-01, month=2026-02"
        in by_all.out
    )
    assert "(column patient_id)" in by_all.out
    assert "in 1 group, against 2026-01..2026-02" in by_month.out
    assert "in 1 group, against site=A" in by_device.out
    assert {path.name for path in Path("drift").iterdir()} == {"drift.html", "drift.json"}
    assert Path("drift.html").read_text(encoding="utf-8").startswith("<!doctype html>")
