"""Manifests: what their rows mean, and what is wrong with them in one line."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from twelvelead.archive.inputs import Input, Shard
from twelvelead.archive.manifest import Manifest
from twelvelead.archive.person import with_person
from twelvelead.archive.sources import Sources
from twelvelead.archive.tables import is_manifest
from twelvelead.ecg.record import ECG
from twelvelead.errors import TwelveLeadError
from twelvelead.naming import Naming

TEXT = """path,id,age,sex,site,device,time
a/1.hea,one,63,F,north,MAC 5500,2026-01-31T10:15
a/2.hea,two,,male,south,,2026-02-01T08:00
"""


def written(folder, text, name="manifest.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def inputs(path, copied=(), **how):
    return list(Sources([str(path)], copied=copied, **how))


def test_a_row_is_an_input_with_what_is_known_of_it(tmp_path):
    one, two = inputs(written(tmp_path, TEXT), ("site", "device", "time"))
    assert one == Input(
        "one", str(tmp_path / "a/1.hea"), None, 63.0, "female", ("north", "MAC 5500", "2026-01-31T10:15")
    )
    assert two == Input("two", str(tmp_path / "a/2.hea"), None, None, "male", ("south", None, "2026-02-01T08:00"))


def test_nothing_is_copied_unasked(tmp_path):
    assert [given.copied for given in inputs(written(tmp_path, TEXT))] == [(), ()]


@pytest.mark.parametrize(
    "text",
    [TEXT.replace(",", ";"), TEXT.replace(",", "\t"), "\ufeff" + TEXT, TEXT.replace("path,id,age", "Path, ID ,AGE")],
)
def test_as_spreadsheets_save_it(tmp_path, text):
    assert inputs(written(tmp_path, text)) == inputs(written(tmp_path, TEXT))


def test_parquet_means_the_same(tmp_path):
    columns = {
        "path": ["a/1.hea", "a/2.hea"],
        "id": pa.array(["one", "two"]).dictionary_encode(),
        "age": [63, None],
        "sex": pa.array([1, 0], pa.int8()),
        "time": [datetime(2026, 1, 31, 10, 15), None],
    }
    pq.write_table(pa.table(columns), tmp_path / "m.parquet")
    one, two = inputs(tmp_path / "m.parquet", ("time",))
    assert one == Input("one", str(tmp_path / "a/1.hea"), None, 63.0, "female", ("2026-01-31 10:15:00.000000",))
    assert two == Input("two", str(tmp_path / "a/2.hea"), None, None, "male", (None,))


def test_without_ids_recordings_are_called_by_their_paths_and_urls_by_what_lets_nobody_in(tmp_path):
    path = written(tmp_path, "path\na/1.hea\nhttps://user:secret@host/b.dcm?token=secret\n")
    manifest = list(Manifest(str(path), Naming()).inputs(Shard()))
    assert [given.source for given in manifest] == [str(tmp_path / "a/1.hea"), "https://host/b.dcm"]
    assert manifest[1].address == "https://user:secret@host/b.dcm?token=secret"


def test_hashed_names_show_neither_ids_nor_paths(tmp_path):
    key = Naming(key=b"k" * 16)
    for text in (TEXT, "path\na/one.hea\na/two.hea\n"):
        names = [given.source for given in inputs(written(tmp_path, text), naming=key)]
        assert len(set(names)) == 2
        assert not any("one" in name or "two" in name for name in names)


def test_shards_share_its_rows_and_count_them(tmp_path):
    path = written(tmp_path, "path,id\n" + "".join(f"{n}.hea,{n}\n" for n in range(100)))
    shares = [Sources([str(path)], shard=Shard(k, 3)) for k in (1, 2, 3)]
    assert [len(list(share)) for share in shares] == [share.total for share in shares]
    assert sorted(int(given.source) for share in shares for given in share) == list(range(100))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,age\n1,63\n", "a manifest without a column path"),
        ("path,id\na.hea,1\nb.hea,1\n", "row 2 has the id of an earlier row"),
        ("path,id\na.hea,1\n./a.hea,2\n", "row 2 has the path of an earlier row"),
        ("path\na.hea\na.hea\n", "row 2 has the path of an earlier row"),
        ("path,id\na.hea,\n", "row 1 has no id"),
        ("path,id\n,1\n", "row 1 names no path"),
        ("path,age\na.hea,old\n", "row 1 cannot be understood: age is 'old'"),
        ("path,sex\na.hea,sometimes\n", "row 1 cannot be understood: sex is 'sometimes'"),
        ("path,Path \na.hea,b.hea\n", "names the column Path twice"),
        ("path,id\na.hea,1\nb.hea\n", "row 2 has 1 cells of 2; mend it"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_answered(tmp_path, text, said):
    with pytest.raises(TwelveLeadError, match=rf"manifest\.csv: {said}"):
        Sources([str(written(tmp_path, text))])


def test_a_manifest_that_is_no_text_or_no_parquet(tmp_path):
    (tmp_path / "m.csv").write_bytes(b"path\n\xff\xfe.hea\n")
    (tmp_path / "m.parquet").write_bytes(b"torn")
    for name, said in (("m.csv", "save it as CSV in UTF-8"), ("m.parquet", "cannot be read as Parquet")):
        with pytest.raises(TwelveLeadError, match=rf"{name}: .*{said}"):
            Sources([str(tmp_path / name)])


def test_what_is_copied_has_to_be_there(tmp_path):
    path = str(written(tmp_path, TEXT))
    with pytest.raises(TwelveLeadError, match="has no column ward to copy; its columns are path, id, age"):
        Sources([path], copied=("ward",))
    with pytest.raises(TwelveLeadError, match="copies columns of a manifest; name one"):
        Sources([str(tmp_path)], copied=("site",))


def test_a_table_of_samples_is_no_manifest(tmp_path):
    leads = "time,I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6"
    assert not is_manifest(written(tmp_path, f"{leads}\n" + ",".join("0" * 13)))
    assert not is_manifest(written(tmp_path, "time,I,II\n0,0,0\n"))
    assert not is_manifest(written(tmp_path, "1,2,3\n4,5,6\n"))
    assert not is_manifest(written(tmp_path, ""))
    assert is_manifest(written(tmp_path, TEXT))


def person(age, sex):
    return ECG(np.zeros((10, 12), np.float32), 100, age=age, sex=sex)


@pytest.mark.parametrize(
    ("of_file", "of_manifest", "taken", "disagree"),
    [
        ((None, None), (63.0, "male"), (63.0, "male"), None),
        ((61.5, None), (63.0, "male"), (61.5, "male"), None),
        ((91.0, "male"), (300.0, None), (91.0, "male"), None),
        ((63.0, "male"), (None, None), (63.0, "male"), None),
        ((63.0, "female"), (63.0, "male"), (63.0, None), "sex"),
        ((63.0, "male"), (36.0, "male"), (None, "male"), "age"),
        ((63.0, None), (36.0, "male"), (None, None), "age"),
        ((63.0, "female"), (36.0, "male"), (None, None), "age and sex"),
    ],
)
def test_of_a_contradiction_nothing_is_taken_and_nothing_of_the_manifest_alone(of_file, of_manifest, taken, disagree):
    ecg = with_person(person(*of_file), Input("ecg", str(Path("ecg")), None, *of_manifest))
    assert (ecg.age, ecg.sex) == taken
    assert [finding.code for finding in ecg.findings] == (["manifest-disagrees"] if disagree else [])
    if disagree:
        assert f"contradict each other in {disagree}, so neither is taken" in ecg.findings[0].message
