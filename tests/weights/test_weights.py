"""Weights are found by name or place, and never used without the contract that describes them."""

import dataclasses
import json
import shutil

import jsonschema
import numpy as np
import pytest

from twelvelead import weights
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.evaluation.calibration import apply_platt
from twelvelead.weights import Contract, file, find, sha256, shipped
from twelvelead.weights.schema import find_fault


@pytest.fixture
def folder(tiny_run, tmp_path):
    """A copy of the tiny weights, to be damaged."""
    return shutil.copytree(tiny_run / "weights", tmp_path / "weights")


def validate(values):
    schema = json.loads((weights.SHIPPED / "contract.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(values)


def change(folder, **entries):
    path = folder / "contract.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


def unreadable(call, *args):
    """The one line that says why."""
    with pytest.raises(Unreadable) as caught:
        call(*args)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_weights_are_found_by_run_folder_or_file(tiny_run):
    there = tiny_run / "weights"
    for place in (tiny_run, there, there / "tiny.onnx", there / "tiny.safetensors", there / "contract.json"):
        assert find(place) == there
        assert find(str(place)) == there
        assert file(place, "onnx") == there / "tiny.onnx"
        assert file(place, "safetensors") == there / "tiny.safetensors"


def test_shipped_weights_are_found_by_name(folder, tmp_path, monkeypatch):
    (tmp_path / "package").mkdir()
    folder.rename(tmp_path / "package" / "tiny")
    monkeypatch.setattr(weights, "SHIPPED", tmp_path / "package")
    assert shipped() == ("tiny",)
    assert find("tiny") == tmp_path / "package" / "tiny"
    assert "neither shipped weights (tiny) nor" in unreadable(find, "other")


def test_what_holds_no_weights_is_named(tmp_path):
    assert str(tmp_path / "nothing") in unreadable(find, tmp_path / "nothing")
    assert str(tmp_path) in unreadable(find, tmp_path)
    (tmp_path / "recipe.toml").touch()
    assert unreadable(find, tmp_path).endswith("has not finished; go on with the same train command")


def test_a_file_beside_the_weights_is_not_taken_for_them(folder):
    (folder / "other.onnx").write_bytes(b"onnx")
    message = unreadable(file, folder / "other.onnx", "onnx")
    assert "not one of the files that the contract beside it describes" in message
    assert "tiny.onnx" in message


def test_a_form_that_is_not_there_is_named(folder):
    assert unreadable(file, folder, "keras").endswith("holds no keras form; make it with twelvelead export")
    (folder / "tiny.onnx").unlink()
    assert f"{folder / 'tiny.onnx'}: missing" in unreadable(file, folder, "onnx")
    assert file(folder, "safetensors").is_file()


def test_changed_bytes_are_noticed(folder):
    path = folder / "tiny.onnx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert f"{path}: not the file that its contract describes" in unreadable(file, folder, "onnx")
    # naming the damaged form finds the fault even where another form is asked for
    assert "SHA-256 differs" in unreadable(file, path, "safetensors")


def test_a_contract_survives_saving_and_loading(tiny_run, tmp_path):
    contract = Contract.load(tiny_run / "weights")
    contract.save(tmp_path)
    assert Contract.load(tmp_path) == contract
    assert [path.name for path in tmp_path.iterdir()] == ["contract.json"]


@pytest.mark.parametrize("name", shipped())
def test_shipped_contracts_satisfy_the_schema(name):
    validate(json.loads((find(name) / "contract.json").read_text()))


OF_FEWER_LEADS = {"lead_sets", "carried"}
"""Entries that only weights for fewer than twelve leads need."""


def test_the_schema_names_and_requires_what_a_contract_holds():
    schema = json.loads((weights.SHIPPED / "contract.schema.json").read_text())
    assert set(schema["properties"]) == {field.name for field in dataclasses.fields(Contract)}
    assert set(schema["properties"]) - set(schema["required"]) == OF_FEWER_LEADS


def test_a_new_contract_satisfies_the_schema(tiny_run):
    validate(json.loads((tiny_run / "weights" / "contract.json").read_text()))


@pytest.mark.parametrize(
    "entries", [{"version": 1}, {"unit": "uV"}, {"temperature": 0}, {"classes": []}, {"prevalence": [1.5]}, {"more": 1}]
)
def test_the_schema_refuses_what_is_no_contract(tiny_run, entries):
    with pytest.raises(jsonschema.ValidationError):
        validate(json.loads((tiny_run / "weights" / "contract.json").read_text()) | entries)


def test_limits_are_those_of_a_stated_error_rate(tiny_run):
    contract = Contract.load(tiny_run / "weights")
    assert contract.limits(0.1) == (contract.conformal["present_from"][3], contract.conformal["absent_to"][3])
    with pytest.raises(TwelveLeadError, match=r"error rate 0\.11: give one of 0\.01, 0\.02, 0\.05, 0\.1, "):
        contract.limits(0.11)


@pytest.mark.parametrize("field", sorted({field.name for field in dataclasses.fields(Contract)} - OF_FEWER_LEADS))
def test_a_missing_entry_is_named(folder, field):
    path = folder / "contract.json"
    values = json.loads(path.read_text())
    del values[field]
    path.write_text(json.dumps(values))
    message = unreadable(Contract.load, folder)
    assert message.startswith(f"{path}: ")
    if field == "version":
        assert message.endswith("or fit the contract anew with twelvelead refit WEIGHTS STORE")
    else:
        assert message.endswith("export the weights again")
        assert field in message or field == "format"


BROKEN = [
    None,
    True,
    -1,
    0,
    1,
    3.5,
    10**9,
    "",
    "text",
    "../text",
    [],
    [1],
    [-1],
    [2, 1],
    [[]],
    ["a", "a"],
    {},
    {"a": 1},
]


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Contract)])
def test_what_loads_satisfies_the_schema_by_a_referee_and_what_does_not_breaks_it(tiny_run, field):
    """Beside the entries that a condition of the schema ties together."""
    schema = json.loads((weights.SHIPPED / "contract.schema.json").read_text())
    kept = {field, "architecture", "model", "members", "aggregate"}
    schema["properties"] = {name: of for name, of in schema["properties"].items() if name in kept}
    schema["required"] = [name for name in schema["required"] if name in kept]
    referee = jsonschema.Draft202012Validator(schema)
    contract = json.loads((tiny_run / "weights" / "contract.json").read_text())
    values = {name: value for name, value in contract.items() if name in kept}
    inner = [values] + [each for each in (values[field],) if isinstance(each, dict)]
    for holder in inner:
        for name in [field] if holder is values else list(holder):
            kept = holder[name]
            for value in (*BROKEN, *([[*kept[:-1], each] for each in BROKEN] if isinstance(kept, list) else [])):
                holder[name] = value
                assert (find_fault(values, schema) is None) == referee.is_valid(values), (field, name, value)
            holder[name] = kept
    assert find_fault(values, schema) is None


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Contract)])
@pytest.mark.parametrize("value", [None, 3.5, "text", [1], {"a": 1}], ids=repr)
def test_an_entry_of_another_kind_is_unreadable_or_used_as_it_is(folder, field, value):
    change(folder, **{field: value})
    try:
        contract = Contract.load(folder)
    except Unreadable:
        assert str(folder) in unreadable(Contract.load, folder)
        return
    assert type(getattr(contract, field)) is type(value) or value == [1]
    assert contract.calibrated(np.full(len(contract.classes), 0.5)).shape == (len(contract.classes),)


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ({"version": 1}, "contract version 1, but this twelvelead reads version 4"),
        ({"format": "other"}, "not a contract of twelvelead"),
        ({"extra": 1}, "missing or unknown entries extra"),
        ({"unit": "uV"}, 'unit is "uV", not "mV"'),
        ({"thresholds": {"f1": [0.5] * 4}}, "thresholds.f1 has 4 entries for 5 classes"),
        ({"thresholds": {"f1": ["0.5"] * 5}}, 'thresholds.f1[0] is "0.5", not of type number'),
        ({"thresholds": {"f1": [0.5, -1, 0.5, 0.5, 0.5]}}, "thresholds.f1[1] is -1, below 0"),
        ({"thresholds": {"f1": [0.5, 0.5, 2, 0.5, 0.5]}}, "thresholds.f1[2] is 2, above 1"),
        ({"thresholds": {"f1": [0.5, 0.5, 0.5, 0.5, float("nan")]}}, "NaN is no number of JSON"),
        ({"temperature": float("inf")}, "Infinity is no number of JSON"),
        ({"classes": ["NORM", "MI"]}, "has 5 entries for 2 classes"),
        ({"classes": ["NORM", "MI", "STTC", "CD", "NORM"]}, "classes names something twice"),
        ({"calibration": {"slope": [1] * 5}}, "calibration has missing or unknown entries intercept"),
        ({"calibration": {"slope": [0] * 5, "intercept": [0] * 5}}, "calibration.slope[0] is 0, not above 0"),
        ({"calibration": {"slope": [1] * 5, "intercept": 0}}, "calibration.intercept is 0, not of type array"),
        ({"operating_points": {"f1": {"sensitivity": [[0.5, 0.4, 0.6]] * 5}}}, "operating_points.f1 has missing"),
        (
            {"conformal": {"error_rates": [0.1, 0.2], "present_from": [[0.1] * 5], "absent_to": [[0.1] * 5] * 2}},
            "conformal.present_from has 1 rows for 2 error rates",
        ),
        ({"prevalence": [0.5] * 4}, "prevalence has 4 entries for 5 classes"),
        ({"certainty": [0.5]}, "certainty has 1 entries, not 21"),
        ({"certainty": [0.5, *[0.4] * 20]}, "certainty falls where it has to rise"),
        ({"ages": [18]}, "ages has 1 entries, not 2"),
        ({"ages": [90, 18]}, "ages falls where it has to rise"),
        ({"intervals": {"macro_auroc": [0.9]}}, "intervals.macro_auroc has 1 entries, not 2"),
        ({"members": ["a"]}, "members has 1 entries"),
        ({"files": {"onnx": "tiny.onnx"}}, 'files.onnx is "tiny.onnx", not of type object'),
        ({"files": {"onnx": {"name": "tiny.onnx"}}}, "files.onnx has missing or unknown entries sha256"),
        ({"files": {"onnx": {"name": "../tiny.onnx", "sha256": "0" * 64}}}, "which it cannot be"),
        ({"files": {"onnx": {"name": "a\\tiny.onnx", "sha256": "0" * 64}}}, "which it cannot be"),
        ({"files": {"onnx": {"name": "..", "sha256": "0" * 64}}}, "which it cannot be"),
    ],
)
def test_a_contract_that_does_not_hold_together_is_unreadable(folder, entries, fault):
    change(folder, **entries)
    message = unreadable(Contract.load, folder)
    assert message.startswith(f"{folder / 'contract.json'}: ")
    assert fault in message


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"PK\x03\x04"])
def test_a_damaged_contract_is_unreadable(folder, content):
    (folder / "contract.json").write_bytes(content)
    assert str(folder / "contract.json") in unreadable(Contract.load, folder)


def test_calibration_is_that_of_the_evaluation(tiny_run):
    contract = Contract.load(tiny_run / "weights")
    contract = dataclasses.replace(
        contract, calibration={"slope": (0.3, 1.0, 2.0, 5.0, 20.0), "intercept": (-1.0, 0.0, 0.5, 2.0, -7.0)}
    )
    p = np.concatenate([np.random.default_rng(0).random((50, 5)), np.zeros((1, 5)), np.ones((1, 5))]).astype(np.float32)
    expected = apply_platt(p, contract.calibration["slope"], contract.calibration["intercept"])
    given = contract.calibrated(p)
    assert given.dtype == np.float64
    np.testing.assert_allclose(given, expected, rtol=1e-12)
    np.testing.assert_array_equal(contract.calibrated(p[0]), given[0])


def test_thresholds_are_an_operating_point_or_one_number(tiny_run):
    contract = Contract.load(tiny_run / "weights")
    for operating_point in ("accuracy", "f1"):
        assert contract.thresholds_at(operating_point).tolist() == list(contract.thresholds[operating_point])
    assert contract.thresholds_at("0.25").tolist() == [0.25] * 5
    assert contract.thresholds_at("0").tolist() == [0.0] * 5
    for operating_point in ("best", "1.5", "-0.1", "nan", ""):
        with pytest.raises(TwelveLeadError, match=r"give accuracy, f1, .*, or a number from 0 to 1"):
            contract.thresholds_at(operating_point)


def test_sha256(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-4, appendix: SHA-256("abc")
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_all_that_ships_takes_less_than_50_mb():
    folders = [find(name) for name in shipped()]
    assert sum(path.stat().st_size for folder in folders for path in folder.iterdir()) < 50e6
    for folder in folders:
        named = {entry["name"] for entry in Contract.load(folder).files.values()}
        assert {path.name for path in folder.iterdir()} == named | {"contract.json"}


@pytest.mark.parametrize("name", shipped())
def test_shipped_weights_are_whole_and_were_not_trained_on_synthetic_ecgs(name):
    contract = Contract.load(find(name))
    assert contract.name == name
    assert not contract.synthetic
    assert contract.validation_folds == (9,)
    assert 10 not in contract.train_folds
    for kind in contract.files:
        assert file(name, kind).is_file()
