"""A store from rows that are dictionaries: Hugging Face data sets, and lists."""

import numpy as np
import pytest

import twelvelead
from twelvelead import TwelveLeadError
from twelvelead.data.tasks import labels
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.synthetic import synthetic_ecg

N = 12


@pytest.fixture(scope="module")
def signals():
    """[12, 300, 12] mV at 100 Hz."""
    return np.stack([synthetic_ecg("normal", seed=n, sampling_rate=100, seconds=3).signal for n in range(N)])


def make(rows, path, **options):
    stated = {"sampling_rate": 100, "leads": LEADS, "unit": "mV", "folds": 2, "seconds": 3, "say": pytest.fail}
    return twelvelead.store(rows, path, **stated | options)


def classes_of(store):
    found = labels(store, "labels", "keep")
    return [{name for name, value in zip(found.classes, row, strict=True) if value} for row in found.values]


@pytest.fixture
def rows(signals):
    return [
        {"ecg": signal, "AF": n % 2, "LBBB": int(n % 3 == 0), "age": 50.0 + n, "sex": "F", "patient_id": f"p{n // 2}"}
        for n, signal in enumerate(signals)
    ]


def test_a_list_of_dictionaries(rows, signals, tmp_path):
    store = make(rows, tmp_path / "s")
    wanted = [({"AF"} if n % 2 else set()) | ({"LBBB"} if n % 3 == 0 else set()) for n in range(N)]
    assert classes_of(store) == wanted
    np.testing.assert_allclose(store.millivolts(5), signals[5], atol=6e-4)
    assert store.column("patient_id").tolist() == [1 + n // 2 for n in range(N)]
    assert store.column("age").tolist() == [50 + n for n in range(N)]
    turned = [row | {"ecg": row["ecg"].T.tolist()} for row in rows]
    flat = [row | {"ecg": row["ecg"].ravel().tolist(), "other": row["ecg"]} for row in rows]
    assert make(turned, tmp_path / "t", labels="AF").data_hash == make(rows, tmp_path / "u", labels="AF").data_hash
    np.testing.assert_array_equal(make(flat, tmp_path / "v", signal="ecg").signals, store.signals)


def test_a_data_set_of_hugging_face(rows, signals, tmp_path):
    datasets = pytest.importorskip("datasets", reason="no Hugging Face datasets: pip install datasets")
    features = datasets.Features(
        {
            "ecg": datasets.Array2D((300, 12), "float32"),
            "label": datasets.ClassLabel(names=["SR", "AF"]),
            "age": datasets.Value("float32"),
            "is_male": datasets.Value("bool"),
        }
    )
    columns = {"ecg": list(signals), "label": [n % 2 for n in range(N)], "age": [None, 60.0] * 6, "is_male": [True] * N}
    held = datasets.Dataset.from_dict(columns, features=features)
    store = make(held, tmp_path / "s", separator="none")
    assert classes_of(store) == [{"SR"}, {"AF"}] * 6
    np.testing.assert_array_equal(store.column("age"), np.float32([np.nan, 60] * 6))
    assert set(store.column("sex")) == {0}
    np.testing.assert_allclose(store.millivolts(5), signals[5], atol=6e-4)
    nested = datasets.Dataset.from_list([row | {"ecg": row["ecg"].tolist()} for row in rows])
    for given in (nested, nested.with_format("numpy"), nested.to_iterable_dataset()):
        np.testing.assert_array_equal(make(given, tmp_path / "n").signals, store.signals)
    with pytest.raises(TwelveLeadError, match=r"holds several data sets \(train, test\); give one of them"):
        make(datasets.DatasetDict({"train": held, "test": held}), tmp_path / "d")


@pytest.mark.parametrize(
    ("changed", "options", "fault"),
    [
        ({"ecg": "none"}, {}, "no column holds recordings of 12 leads; say which by signal="),
        ({}, {"signal": "signal"}, "has no column signal; its columns are ecg, AF, LBBB"),
        ({"noise": np.ones((300, 12))}, {}, "ecg and noise may hold recordings of 12 leads"),
        ({}, {"labels": ["SR"]}, "has no column SR"),
        ({}, {"age": [50] * N}, "age, sex and fold are columns; leave them out here"),
        ({}, {"labels": {"AF": [0, 1] * 6}}, "name the columns that hold labels"),
        ({}, {"unit": "uV"}, "the unit is probably mV"),
        ({"AF": "AF or LBBB", "LBBB": "x"}, {"labels": "AF"}, "say separator="),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(rows, tmp_path, changed, options, fault):
    with pytest.raises(TwelveLeadError, match=fault) as caught:
        make([row | changed for row in rows], tmp_path / "s", **options)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "s").exists()


def test_a_bad_row_is_left_out_and_named(rows, tmp_path):
    said = []
    rows[3]["ecg"] = [[1.0, 2.0], [3.0]]
    rows[4]["ecg"] = rows[4]["ecg"][:100]
    assert len(make(rows, tmp_path / "s", say=said.append)) == N - 2
    assert said[0] == "signals[3]: its lists have different lengths; mend or leave it out (left out)"
    assert said[1].startswith("signals[4]: 1 s long, not 3 s")
