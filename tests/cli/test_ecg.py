"""twelvelead interpret and demo."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from twelvelead.inference import interpretation

PNG = b"\x89PNG\r\n\x1a\n"
SCHEMA = Path(interpretation.__file__).with_name("interpretation.schema.json")
VALIDATORS = {
    f"twelvelead-{kind}": jsonschema.Draft202012Validator(
        json.loads(SCHEMA.with_name(f"{kind}.schema.json").read_text(encoding="utf-8"))
    )
    for kind in ("interpretation", "error")
}


def validate(values):
    VALIDATORS[values["format"]].validate(values)


CLASSES = ["NORM", "MI", "STTC", "CD", "HYP"]


def test_a_file_is_shown_and_drawn(cli, files, tiny_run, tmp_path):
    result = cli(
        "interpret", files["good"], "--weights", tiny_run, "--out", tmp_path / "out", "--age", 63, "--sex", "female"
    )
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[:2] == [str(files["good"]), "10.0 s at 100 Hz, 63 years, female"]
    assert "Rhythm not assessed by these weights, ventricular rate" in result.out
    assert "ECG. Urgency: " in result.out
    assert f"picture: {tmp_path / 'out' / 'good.png'}" in result.out
    assert (tmp_path / "out" / "good.png").read_bytes().startswith(PNG)


def test_the_table_of_classes_is_printed_on_demand(cli, files, tiny_run, tmp_path):
    options = ["--weights", tiny_run, "--out", tmp_path / "out"]
    assert "sens/spec" not in cli("interpret", files["good"], *options).out
    result = cli("interpret", files["good"], *options, "--table")
    assert all(any(line.startswith(f"{name}, ") for line in result.out.splitlines()) for name in CLASSES)
    assert "HR " in result.out


def test_the_reading_comes_in_a_language(cli, files, tiny_run, tmp_path):
    out = tmp_path / "out"
    options = ["--weights", tiny_run, "--out", out, "--language", "de", "--format", "svg"]
    words = cli("interpret", files["good"], *options).out
    assert "EKG. Dringlichkeit: " in words
    assert "hat noch keine Kardiologin" in words
    assert "EKG. Dringlichkeit: " in (out / "good.svg").read_text(encoding="utf-8")
    good, flat, torn, _ = map(json.loads, cli("interpret", *files.values(), *options, "--json").out.splitlines())
    assert good["reading"]["language"] == flat["reading"]["language"] == "de"
    assert flat["reading"]["conclusion"]["level"] == flat["reading"]["urgency"]["level"] == "not readable"
    assert flat["reading"]["conclusion"]["text"].startswith("Nicht beurteilbar: flat lead I")
    assert torn["reading"] is None
    for values in (good, flat, torn):
        validate(values)
    result = cli("interpret", *files.values(), "--language", "fr", "--weights", tiny_run)
    assert (result.code, result.fault) == (2, "no texts in the language fr; choose one of en, de, es")


def test_pictures_go_to_the_current_folder_unless_told(cli, files, tiny_run, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert cli("interpret", files["good"], "--weights", tiny_run).code == 0
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["good.png"]
    (tmp_path / "here" / "good.png").unlink()
    assert cli("interpret", files["good"], "--weights", tiny_run, "--json").code == 0
    assert not any((tmp_path / "here").iterdir())


def test_json_is_one_object_a_line_faults_included(cli, files, tiny_run, tmp_path):
    result = cli("interpret", *files.values(), "--json", "--weights", tiny_run, "--out", tmp_path / "out")
    good, flat, torn, absent = map(json.loads, result.out.splitlines())
    assert list(good["classes"]) == CLASSES
    assert good["picture"] == str(tmp_path / "out" / "good.png")
    assert (good["source"], good["age"] is not None or good["sex"]) == (str(files["good"]), None)
    assert (flat["source"], flat["exit_code"], "flat lead I" in flat["error"]) == (str(files["flat"]), 3, True)
    assert (torn["source"], torn["exit_code"]) == (str(files["torn"]), 2)
    assert (absent["source"], absent["exit_code"], absent["code"]) == (str(files["absent"]), 2, "not-found")
    assert (flat["code"], flat["picture"]) == ("flat", str(tmp_path / "out" / "flat.png"))
    for fault in (flat, torn, absent):
        assert (fault["model"]["name"], fault["product"]["name"]) == ("tiny", "twelvelead")
    assert result.code == 2
    assert len(result.err.splitlines()) == 3


def test_every_answer_is_measured_unless_told(cli, files, tiny_run):
    given = cli("interpret", files["good"], "--json", "--weights", tiny_run)
    assert json.loads(given.out)["measurements"]["heart_rate_per_minute"] > 0
    left_out = cli("interpret", files["good"], "--json", "--weights", tiny_run, "--no-measure")
    assert json.loads(left_out.out)["measurements"] is None


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["good"], 0),
        (["flat"], 3),
        (["torn"], 2),
        (["absent"], 2),
        (["flat", "good"], 3),
        (["flat", "torn", "good"], 2),
        (["absent", "flat", "good"], 2),
    ],
)
@pytest.mark.usefixtures("unpictured")
def test_all_files_are_processed_and_the_gravest_fault_is_the_exit_code(cli, files, tiny_run, tmp_path, names, code):
    result = cli("interpret", *(files[name] for name in names), "--weights", tiny_run, "--out", tmp_path / "out")
    assert result.code == code
    faults = result.err.splitlines()
    assert len(faults) == len([name for name in names if name != "good"])
    for line, name in zip(faults, [name for name in names if name != "good"], strict=True):
        assert line.startswith(f"twelvelead: {files[name]}: ")
    assert (tmp_path / "out" / "good.png").exists() == ("good" in names)
    assert (tmp_path / "out" / "flat.png").exists() == ("flat" in names)  # refused, and drawn all the same


def test_every_line_of_json_satisfies_the_schema(cli, files, tiny_run):
    result = cli("interpret", *files.values(), "--json", "--explain", "--weights", tiny_run, "--prevalence", "MI=0.05")
    lines = [json.loads(line) for line in result.out.splitlines()]
    for values in lines:
        validate(values)
    assert "flat" in [finding["code"] for finding in lines[1]["findings"]]
    assert lines[0]["classes"]["MI"]["prevalence"] == 0.05
    assert set(lines[0]["attribution"]["log_odds"]) == set(CLASSES)


def test_folders_and_patterns_are_searched(cli, write_csv, tiny_run, tmp_path):
    for name in ("a/1.csv", "a/b/2.csv", "c/3.csv"):
        write_csv(tmp_path / name)
    (tmp_path / "empty").mkdir()
    places = (tmp_path / "a", tmp_path / "empty", tmp_path / "c" / "*.csv", tmp_path / "none" / "*.csv")
    result = cli("interpret", *places, "--json", "--weights", tiny_run)
    lines = [json.loads(line) for line in result.out.splitlines()]
    answered = [values["source"] for values in lines if "classes" in values]
    assert answered == [str(tmp_path / name) for name in ("a/1.csv", "a/b/2.csv", "c/3.csv")]
    assert [values["source"] for values in lines if "error" in values] == [str(places[1]), str(places[3])]
    assert result.code == 2
    for values in lines:
        validate(values)


def test_the_prevalence_has_to_be_a_share_of_a_class(cli, files, tiny_run):
    def fault(text):
        result = cli("interpret", files["good"], "--json", "--weights", tiny_run, "--prevalence", text)
        assert (result.code, result.out) == (2, "")
        return result.fault

    assert fault("MI") == "--prevalence MI: give a class and its share, as in MI=0.05"
    assert fault("MI=5 %").startswith("--prevalence MI=5 %: give")
    assert fault("MI=1.5").startswith("prevalence of MI: 1.5 is not a share")
    assert fault("AF=0.1").startswith("prevalence of AF: the weights tiny predict NORM")


def test_the_error_rate_is_one_of_the_contract(cli, files, tiny_run):
    result = cli("interpret", files["good"], "--json", "--weights", tiny_run, "--error-rate", "0.3")
    assert json.loads(result.out)["error_rate"] == 0.3
    result = cli("interpret", files["good"], "--json", "--weights", tiny_run, "--error-rate", "0.33")
    assert (result.code, result.out) == (2, "")
    assert result.fault.startswith("error rate 0.33: give one of 0.01")


@pytest.mark.usefixtures("unpictured")
def test_files_of_one_name_get_a_picture_each(cli, write_csv, tiny_run, tmp_path):
    paths = [write_csv(tmp_path / folder / "ecg.csv") for folder in ("a", "b")] + [write_csv(tmp_path / "ecg-2.csv")]
    assert cli("interpret", *paths, "--weights", tiny_run, "--out", tmp_path / "out").code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["ecg-2-2.png", "ecg-2.png", "ecg.png"]


def test_names_that_look_like_markup_stay_as_they_are(cli, write_csv, tiny_run, tmp_path):
    path = write_csv(tmp_path / "[bold]a[/b].csv")
    result = cli("interpret", path, "--weights", tiny_run, "--out", tmp_path / "[red]")
    assert (result.code, result.err) == (0, "")
    assert str(path) in result.out
    assert f"picture: {tmp_path / '[red]' / '[bold]a[/b].png'}" not in result.out  # stem of "b].csv" below a folder


def test_a_terminal_that_cannot_show_a_character_gets_another(files, tiny_run, tmp_path):
    import os
    import subprocess
    import sys

    command = "from twelvelead.cli.main import main; main()"
    arguments = ["interpret", str(files["good"]), "--weights", str(tiny_run), "--out", str(tmp_path / "out"), "--table"]
    done = subprocess.run(
        [sys.executable, "-c", command, *arguments],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"NORM" in done.stdout


def test_age_and_sex_take_the_place_of_what_the_file_says(cli, files, tiny_run):
    def answer(*options):
        result = cli("interpret", files["good"], "--json", "--weights", tiny_run, *options)
        return json.loads(result.out)

    unknown, old = answer(), answer("--age", 80, "--sex", "male")
    assert (unknown["age"], unknown["sex"], old["age"], old["sex"]) == (None, None, 80, "male")
    assert unknown["classes"] != old["classes"]


def test_numbers_without_rate_or_unit_are_explained_and_then_read(cli, tiny_run, tmp_path):
    import numpy as np

    from twelvelead.ecg.synthetic import synthetic_ecg

    path = tmp_path / "ecg.npy"
    np.save(path, synthetic_ecg("normal").signal * 1000)
    arguments = ("interpret", path, "--weights", tiny_run, "--json")
    first = cli(*arguments)
    assert (first.code, "give it, as in --sampling-rate 500" in first.fault) == (2, True)
    second = cli(*arguments, "--sampling-rate", 500)
    assert (second.code, "give it, as in --unit uV" in second.fault) == (2, True)
    wrong = cli(*arguments, "--sampling-rate", 500, "--unit", "mV")
    assert (wrong.code, "another unit" in wrong.fault) == (3, True)
    assert cli(*arguments, "--sampling-rate", 500, "--unit", "uV").code == 0


def test_thresholds_are_chosen(cli, files, tiny_run):
    for operating_point, expected in [("f1", None), ("0", True), ("1", False)]:
        result = cli("interpret", files["good"], "--json", "--weights", tiny_run, "--operating-point", operating_point)
        values = json.loads(result.out)
        assert values["operating_point"] == operating_point
        if expected is not None:
            assert {entry["present"] for entry in values["classes"].values()} == {expected}
    result = cli("interpret", files["good"], "--weights", tiny_run, "--operating-point", "best")
    assert (result.code, result.out) == (2, "")
    assert (
        result.fault == "the weights tiny hold no operating point 'best'; "
        "give accuracy, f1, youden, sensitivity=0.95, or a number from 0 to 1"
    )


def test_weights_that_are_not_there_are_named(cli, files, tmp_path):
    result = cli("interpret", files["good"], "--weights", tmp_path / "none")
    assert result.code == 2
    assert str(tmp_path / "none") in result.fault


def test_a_place_that_cannot_be_written_is_named(cli, files, tiny_run):
    result = cli("interpret", files["good"], "--weights", tiny_run, "--out", files["flat"] / "below")
    assert result.code == 2
    assert str(files["flat"]) in result.fault


def test_demo_needs_nothing_but_the_package(cli, tmp_path):
    result = cli("demo", "--out", tmp_path / "demo")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("Synthetic ECGs from a dipole model.")
    assert "means nothing" not in result.out
    assert {path.stem for path in (tmp_path / "demo").iterdir()} == {"normal", "st_elevation", "refused"}
    assert "flat lead V2" in result.out


def test_standard_input_is_read_once(files, tiny_run, tmp_path):
    content = files["good"].read_bytes()
    command = [
        sys.executable,
        "-m",
        "twelvelead",
        "interpret",
        "-",
        "--json",
        "--weights",
        str(tiny_run),
        "--id",
        "case 7",
    ]
    ended = subprocess.run(command, input=content, capture_output=True, check=False, cwd=tmp_path)
    answer = json.loads(ended.stdout)
    assert (ended.returncode, answer["source"]) == (0, "case 7")
    assert answer["classes"]
    ended = subprocess.run(command[:-2], input=b"", capture_output=True, check=False, cwd=tmp_path)
    assert (ended.returncode, b"standard input: the file is empty" in ended.stderr) == (2, True)


@pytest.mark.usefixtures("unpictured")
def test_names_of_files_are_hidden_where_asked(cli, files, tiny_run, tmp_path, monkeypatch):
    monkeypatch.setenv("TWELVELEAD_NAME_KEY", "a key of the hospital's own")
    folder = tmp_path / "doe_jane"
    folder.mkdir()
    good, torn = shutil.copy(files["good"], folder / "doe.csv"), folder / "doe2.csv"
    torn.write_bytes(files["torn"].read_bytes())
    (folder / "notes.txt").write_text("words")
    for options in (["--id", "case 7"], ["--hash-names"]):
        for path in (good, torn):
            for more in (["--json"], []):
                out = tmp_path / "out"
                result = cli("interpret", path, "--weights", tiny_run, "--out", out, *options, *more)
                assert "doe" not in result.out + result.err
                assert ("case 7" if "--id" in options else "ecg-") in result.out + result.err
                assert not [drawn for drawn in out.glob("*") if "doe" in drawn.name]
    result = cli("interpret", folder, "--hash-names", "--json", "--weights", tiny_run)
    assert "2 files are no recordings: 1 .csv, 1 .txt" in result.err
    assert "doe" not in result.out + result.err
    assert "--id names one file" in cli("interpret", good, torn, "--id", "x", "--weights", tiny_run).fault


def test_what_is_printed_as_json_is_what_the_library_gives(cli, files, tiny_run, tmp_path):
    import twelvelead

    picture = tmp_path / "out" / "good.png"
    printed = json.loads(cli("interpret", files["good"], "--json", "--weights", tiny_run, "--out", picture.parent).out)
    answer = twelvelead.load(tiny_run).predict(twelvelead.read(files["good"]))
    answer = replace(answer, picture=str(twelvelead.draw(answer, picture)))
    expected = answer.to_dict() | {"reading": twelvelead.compose(answer).to_dict()}
    assert printed == json.loads(json.dumps(expected))


def test_draw_needs_no_model_and_draws_what_is_refused(cli, files, tmp_path, monkeypatch):
    monkeypatch.setattr("twelvelead.inference.engine.Engine.__init__", lambda *_: pytest.fail("a model was loaded"))
    result = cli("draw", files["good"], files["flat"], files["absent"], "--out", tmp_path / "out", "--format", "svg")
    assert result.code == 2
    assert result.out.splitlines() == [
        f"{files[name]}: drawn as {tmp_path / 'out' / name}.svg" for name in ("good", "flat")
    ]
    assert result.fault.startswith(f"{files['absent']}: no such file")
    good, flat = ((tmp_path / "out" / f"{name}.svg").read_text(encoding="utf-8") for name in ("good", "flat"))
    assert "12-lead ECG, not interpreted" in good
    assert "REFUSED" not in good
    assert "REFUSED: not fit to interpret" in flat
    assert "flat lead I" in flat


def test_a_recording_that_lacks_leads_is_refused_with_its_finding_and_drawn(cli, write_csv, tiny_run, tmp_path):
    path = write_csv(tmp_path / "few.csv")
    lines = [line.rpartition(",")[0] for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")
    result = cli("interpret", path, "--json", "--weights", tiny_run, "--out", tmp_path / "out", "--format", "svg")
    values = json.loads(result.out)
    validate(values)
    assert (result.code, values["code"]) == (3, "missing-leads")
    assert [finding["code"] for finding in values["findings"]] == ["missing-leads"]
    drawn = (tmp_path / "out" / "few.svg").read_text(encoding="utf-8")
    assert "not recorded" in drawn
    assert "REFUSED" in drawn
