"""Manifests, files of many recordings and lists RECORDS behind URLs: read as those of this machine are."""

import csv
import io

import numpy as np
import pytest

pytest.importorskip("fsspec", reason="the extra [archive] is not installed")

from twelvelead.archive import addresses, manifest, open_scores, stream
from twelvelead.archive.addresses import meant
from twelvelead.archive.answering import Answerer, Task
from twelvelead.archive.inputs import Input, Shard
from twelvelead.archive.manifest import Manifest
from twelvelead.archive.places import Place
from twelvelead.archive.scoring import score
from twelvelead.archive.sources import Sources
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import TwelveLeadError
from twelvelead.naming import AS_SHOWN, Naming

TASK = Task(reading={"sampling_rate": 100, "unit": "mV"}, leads=LEADS)
LIST = """path,member,id,age,sex,site
many.npy,1,one,70,F,north
./many.zip,../0.npy,two,,,south
../two.npy,,three,,M,
sub/none.h5,0,four,,,
"""


@pytest.fixture(scope="module")
def answerer():
    return Answerer(TASK)


@pytest.fixture(scope="module")
def tree(written, tmp_path_factory):
    """A folder with one of each kind, and those of many by their names."""
    folder = tmp_path_factory.mktemp("tree")
    (folder / "lists").mkdir()
    signals = np.stack([synthetic_ecg(kind, seed=3, sampling_rate=100).signal for kind in ("normal", "wide_qrs")])
    many = [written(folder / "lists" / f"many{suffix}", signals)[0] for suffix in _kinds()]
    np.save(folder / "two.npy", signals[0])
    (folder / "lists" / "list.csv").write_text(LIST)
    return folder, many


def _kinds():
    """Suffixes of the files of many whose libraries are here."""
    from importlib.util import find_spec

    needed = {".h5": "h5py", ".parquet": "pyarrow"}
    every = (".npy", ".h5", ".parquet", ".tar", ".tgz", ".zip")
    return [suffix for suffix in every if suffix not in needed or find_spec(needed[suffix])]


@pytest.fixture(scope="module")
def rows(answerer):
    """rows(*names) -> source -> its row, answered in this process."""

    def run(*names):
        sources = Sources(list(map(str, names)), opening=TASK.opening)
        found = {given.source: answerer.answer(given) for given in sources}
        assert len(found) == sources.total
        return found

    return run


@pytest.fixture(scope="module")
def local(tree, rows):
    """The rows of the files of many and of the manifest on this machine."""
    folder, many = tree
    return {path.name: rows(path) for path in (*many, folder / "lists" / "list.csv")}


def contents(folder):
    return {f"/{path.relative_to(folder)}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(params=["web", "swift"])
def store(request, tree):
    """The URL of the tree's folder, on a web server or in an object store, and what of it is shown."""
    folder, _ = tree
    if request.param == "web":
        served = request.getfixturevalue("served")
        with served(contents(folder)) as (host, _):
            yield f"http://me:{served.password}@{host}", f"http://{host}"
    else:
        files, bucket = request.getfixturevalue("s3")(), request.getfixturevalue("bucket")
        for path, content in contents(folder).items():
            files.pipe_file(f"{bucket}/ecgs{path}", content)
        yield f"{bucket}/ecgs", f"{bucket}/ecgs"


def test_rows_of_files_of_many_and_of_a_manifest_are_those_of_local_files(store, tree, rows, local, monkeypatch):
    monkeypatch.setattr(stream, "_BLOCK", 1 << 15)  # so that a small file has several
    folder, many = tree
    url, seen = store
    for path in many:
        found = rows(f"{url}/lists/{path.name}")
        wanted = {source.replace(str(folder), seen): row for source, row in local[path.name].items()}
        assert found == {source: row | {"source": source} for source, row in wanted.items()}
        assert [row["status"] for row in found.values()] == ["ok", "ok"]
    found, wanted = rows(f"{url}/lists/list.csv"), local["list.csv"]
    message = "four: its file cannot be read: no such file, folder or bucket; check the address"
    assert found == wanted | {"four": wanted["four"] | {"message": message}}
    assert [row["status"] for row in found.values()] == ["ok", "ok", "ok", "unreadable"]
    assert (found["one"]["age"], found["three"]["sex"]) == (70, "male")


def test_a_manifest_in_parquet_behind_a_url_names_urls_and_shards_share_it(memory):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    content = io.BytesIO()
    paths = ["a.hea", "https://me:secret@host/b.dcm?token=secret", "s3://bucket/many.h5"]
    parquet.write_table(pa.table({"path": paths, "member": [None, None, "7"], "age": [63, None, None]}), content)
    memory.pipe("/lists/list.parquet", content.getvalue())
    given = list(Sources(["memory://lists/list.parquet"]))
    assert given == [
        Input("memory://lists/a.hea", "memory://lists/a.hea", None, 63.0),
        Input("https://host/b.dcm", "https://me:secret@host/b.dcm?token=secret"),
        Input("s3://bucket/many.h5#7", "s3://bucket/many.h5", "7"),
    ]
    shares = [list(Sources(["memory://lists/list.parquet"], shard=Shard(k, 2))) for k in (1, 2)]
    assert sorted(shares[0] + shares[1], key=given.index) == given


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "\\\\server\\share\\1.hea",
        "C:/1.hea",
        "file:///etc/passwd",
        "FILE:/etc/passwd",
        "local:///etc/passwd",
        "simplecache::file:///etc/passwd",
        "1.hea::file:///etc/passwd",
        "https://host/1.hea::file:///etc/passwd",
        "git://folder@1.hea",
        "../../1.hea",
        "a/../../../1.hea",
    ],
)
@pytest.mark.parametrize("id_", ["", "id"])
def test_a_manifest_behind_a_url_leads_to_no_file_of_this_machine(memory, path, id_):
    text = io.StringIO()
    csv.writer(text).writerows([("path", id_ or "note"), ("a.hea", "1"), (path, "2")])
    memory.pipe("/bucket/lists/list.csv", text.getvalue().encode())
    with pytest.raises(TwelveLeadError, match=r"^memory://bucket/lists/list.csv: row 2 leads to this machine, or out"):
        Sources(["memory://bucket/lists/list.csv"])
    with pytest.raises(TwelveLeadError, match="row 2 leads"):  # what is checked first is checked again
        list(Manifest("memory://bucket/lists/list.csv", AS_SHOWN).inputs(Shard()))


def test_paths_start_at_the_folder_of_the_list():
    assert meant("s3://b/a/list.csv", "./c//1.hea") == "s3://b/a/c/1.hea"
    assert meant("s3://b/a/list.csv", "../1.hea") == "s3://b/1.hea"
    assert meant("s3://b/list.csv", "a?b.hea") == "s3://b/a?b.hea"
    assert meant("https://me:secret@host/a/list.csv?to=/b/c", "1.hea") == "https://me:secret@host/a/1.hea"
    assert meant("https://host/list.csv", "S3://bucket/1.hea") == "S3://bucket/1.hea"


def test_what_is_wrong_with_a_manifest_is_one_line(memory, monkeypatch):
    def fault(text):
        memory.pipe("/b/list.csv", text)
        with pytest.raises(TwelveLeadError, match=r"^memory://b/list.csv: ") as caught:
            Sources(["memory://b/list.csv"])
        return str(caught.value).removeprefix("memory://b/list.csv: ")

    assert fault(b"path,id\na,1\nb,1\n").startswith("row 2 has the id of an earlier row")
    assert fault(b"path,id\na,1\n./a,2\n").startswith("row 2 has the path of an earlier row")
    assert fault(b"path,age\na,old\n").startswith("row 1 cannot be understood")
    assert fault(b"path,age\na,1,2\n").startswith("row 1 has 3 cells of 2")
    monkeypatch.setattr(manifest, "LARGEST", 100)
    large = fault(b"path\n" + b"a\n" * 100)
    assert large == "more than the 100 bytes that are read of one behind a URL; copy it to this machine, or split it"


def test_credentials_reach_no_row_no_message_and_no_file(served, tree, here, tmp_path, cli):
    folder, _ = tree
    stated = ("--sampling-rate", 100, "--unit", "mV", "--leads", ",".join(LEADS))
    with served(contents(folder)) as (host, _), served({}, f"http://{host}") as (other, _):
        sources = Sources([f"http://{host}/lists/many.zip?token={served.token}"], opening=TASK.opening)
        score(sources, Place.of(tmp_path / "ok"), TASK, here)
        assert [*open_scores(tmp_path / "ok").table(["source", "status"]).to_pylist()] == [
            {"source": f"http://{host}/lists/many.zip#../{n}.npy", "status": "ok"} for n in (0, 1)
        ]
        for name in ("list.csv", "many.zip"):
            for url, reason in (
                (f"http://me:wrong@{host}/lists/", "no permission; check the credentials"),
                (f"http://me:{served.password}@{other}/elsewhere/", "the server sends us to another address; name"),
            ):
                result = cli("score", f"{url}{name}", "--out", tmp_path / "none", *stated)
                assert (result.code, f"{name}: cannot be read: {reason}" in result.fault) == (2, True), result.err
                assert not any(secret in result.err for secret in (served.password, "wrong", "me:"))
    assert not (tmp_path / "none").exists()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "ok").iterdir())
    assert not any(secret.encode() in kept for secret in (served.password, served.token))


def test_a_server_that_gives_no_parts_gives_small_files_and_manifests(served, tree, monkeypatch):
    folder, _ = tree
    with served(contents(folder), gives_parts=False) as (host, _):
        url = f"http://me:{served.password}@{host}/lists"
        assert len(list(Sources([f"{url}/list.csv"]))) == 4
        assert len(list(Sources([f"{url}/many.zip"], opening=TASK.opening))) == 2
        monkeypatch.setattr(stream, "_BLOCK", 1 << 12)
        with pytest.raises(TwelveLeadError, match=r"many.zip: cannot be read: the server gives whole"):
            Sources([f"{url}/many.zip"], opening=TASK.opening)
        monkeypatch.setattr(addresses, "_AT_ONCE", 100)
        with pytest.raises(TwelveLeadError, match=r"list.csv: cannot be read: the server gives whole"):
            Sources([f"{url}/list.csv"])


def test_a_list_of_records_is_read_as_a_local_one(served, memory, tmp_path):
    held = {"RECORDS": "a/1\n\n./b/2\npart/\nrecords100/1_lrrecords500/1_hr\nmyrecords1\n", "part/RECORDS": "3\n"}
    held["myrecords1.hea"] = ""
    for name, text in held.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        memory.pipe(f"/b/{name}", text.encode())
    local = [given.source.replace(str(tmp_path), "memory://b") for given in Sources([str(tmp_path / "RECORDS")])]
    assert [given.source for given in Sources(["memory://b/RECORDS"])] == local
    assert len(local) == 6
    with served({f"/b/{name}": text.encode() for name, text in held.items()}) as (host, _):
        given = list(Sources([f"http://me:{served.password}@{host}/b/RECORDS"]))
    assert [each.source for each in given] == [name.replace("memory://", f"http://{host}/") for name in local]
    for line in ("/etc/1", "s3://b/1", "a/../../1", "./"):
        memory.pipe("/b/RECORDS", f"1\n{line}\n".encode())
        with pytest.raises(TwelveLeadError, match=r"^memory://b/RECORDS: line 2 (leads out of|names) its"):
            list(Sources(["memory://b/RECORDS"]))
    with served({}) as (host, _), pytest.raises(TwelveLeadError, match="/RECORDS: cannot be read: no such file"):
        Sources([f"http://me:{served.password}@{host}/RECORDS"])


def test_lists_that_lead_to_lists_without_end_are_refused(memory, monkeypatch):
    monkeypatch.setattr(type(memory), "cat_file", lambda self, path, start=None, end=None: b"deeper/\n")
    memory.pipe("/b/RECORDS", b"")
    with pytest.raises(TwelveLeadError, match="lies below 32 other lists"):
        list(Sources(["memory://b/RECORDS"]))


def test_an_array_behind_a_url_lies_row_by_row_and_is_whole(memory):
    array = np.zeros((2, 30, 12), np.float32)
    for name, held in (("columns.npy", np.asfortranarray(array)), ("short.npy", array)):
        content = io.BytesIO()
        np.save(content, held)
        memory.pipe(f"/b/{name}", content.getvalue()[: -1 if name == "short.npy" else None])
    for name, said in (
        ("columns.npy", "its rows do not lie one after another; save it in C order"),
        ("short.npy", r"truncated or damaged \(shorter than its header says\)"),
    ):
        with pytest.raises(TwelveLeadError, match=f"^memory://b/{name}: {said}"):
            Sources([f"memory://b/{name}"], opening=TASK.opening)


def test_what_goes_wrong_in_mid_file_names_the_row_alone(memory, tree, answerer, monkeypatch):
    _, many = tree
    urls = [f"memory://b/smith{path.suffix}" for path in many]
    for path, url in zip(many, urls, strict=True):
        memory.pipe(url.removeprefix("memory:/"), path.read_bytes())
    given = list(Sources(urls, Naming(key=b"k" * 16), opening=TASK.opening))
    opened = given[-2:]  # the others are opened when the store is gone
    assert answerer.answer(opened[0])["status"] == "ok"

    def broken(self, buffer):
        with addresses.telling(self.name, "read"):
            raise ConnectionResetError("me:secret@smith")

    monkeypatch.setattr(stream.Stream, "readinto", broken)
    said = "its file cannot be read: ConnectionResetError; check address, credentials and network"
    for one in given:
        assert answerer.answer(one)["message"] == f"{one.source}: {said}"
