"""Files of many recordings: HDF5, Parquet, NPY, tar and zip."""

import io
import tarfile
import zipfile

import numpy as np
import pytest

from twelvelead import TwelveLeadError, Unreadable, read
from twelvelead.data.containers import kind_of, open_container
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.synthetic import synthetic_ecg

STATED = {"sampling_rate": 400, "leads": LEADS, "unit": "mV"}


@pytest.fixture(scope="module")
def signals():
    """[6, 4000, 12] float32 mV at 400 Hz."""
    return np.stack([synthetic_ecg("normal", seed=n, sampling_rate=400).signal for n in range(6)])


def wfdb(name, signal):
    """The two files of a WFDB record: name -> bytes."""
    counts = np.rint(signal * 1000).astype("<i2")
    lines = [f"{name} 12 400 {len(counts)}"]
    for lead, first, total in zip(LEADS, counts[0], counts.astype(np.int64).sum(axis=0) & 0xFFFF, strict=True):
        lines.append(f"{name}.dat 16 1000/mV 16 0 {first} {total} 0 {lead}")
    return {f"{name}.hea": ("\n".join(lines) + "\n").encode(), f"{name}.dat": counts.tobytes()}


def npy(signal):
    stream = io.BytesIO()
    np.save(stream, signal)
    return stream.getvalue()


def packed(path, files):
    """An archive of files, its kind told by its suffix."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files:
                archive.writestr(name, content)
    else:
        with tarfile.open(path, f"w:{path.suffix[1:].replace('tar', '')}") as archive:
            for name, content in files:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return path


def fault(path, **stated):
    """The one line that opening a container ends with."""
    with pytest.raises(TwelveLeadError) as caught:
        open_container(path, **stated).close()
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(path))
    return str(caught.value)


def alike(found, signal, tmp_path):
    """Whether a recording of an array is what a file of it alone is read as."""
    np.save(tmp_path / "one.npy", signal)
    one = read(tmp_path / "one.npy", sampling_rate=400, unit="mV")
    np.testing.assert_array_equal(found.signal, one.signal)
    return (found.leads, found.sampling_rate) == (one.leads, one.sampling_rate)


def test_an_array_of_numpy_holds_recordings_by_their_places(signals, tmp_path):
    path = tmp_path / "many.npy"
    np.save(path, signals)
    with open_container(path, **STATED) as held:
        assert list(held) == ["0", "1", "2", "3", "4", "5"]
        assert alike(held.read("3"), signals[3], tmp_path)
        assert held.read("3").source == f"{path}#3"
        assert held.read("0", leads=("II", "V1")).leads == ("II", "V1")
        with pytest.raises(Unreadable, match=r"many.npy#6: no such recording"):
            held.read("6")
    np.save(path, signals.transpose(0, 2, 1))
    assert alike(open_container(path, **STATED).read("1"), signals[1], tmp_path)
    np.save(path, np.rint(signals * 1000).astype(np.int16))
    np.save(tmp_path / "counts.npy", np.rint(signals[2] * 1000).astype(np.int16))
    one = read(tmp_path / "counts.npy", sampling_rate=400, unit="uV")
    np.testing.assert_array_equal(open_container(path, **STATED | {"unit": "uV"}).read("2").signal, one.signal)
    by_scale = {"sampling_rate": 400, "leads": LEADS, "scale": 1.0}
    np.testing.assert_array_equal(open_container(path, **by_scale).read("2").signal, one.signal)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sampling_rate": None}, "states no sampling rate; give it, as in --sampling-rate 500"),
        ({"leads": None}, "does not say which leads its columns are; name them in their order"),
        ({"unit": None}, "states no unit; give it"),
        ({"unit": "uV"}, "the unit is probably mV"),
        ({"unit": "V"}, "the unit is probably mV"),
        ({"leads": LEADS[:11]}, "12 columns for 11 leads"),
    ],
)
def test_what_an_array_does_not_state_has_to_be_given(signals, tmp_path, changed, said):
    np.save(tmp_path / "many.npy", signals)
    assert said in fault(tmp_path / "many.npy", **STATED | changed)


def test_arrays_that_hold_no_recordings_are_one_line(signals, tmp_path):
    path = tmp_path / "many.npy"
    np.save(path, signals)
    path.write_bytes(path.read_bytes()[:-100_000])
    assert "truncated or damaged" in fault(path, **STATED)
    np.save(path, np.array([[[{}]]]), allow_pickle=True)
    assert "truncated or damaged" in fault(path, **STATED)
    np.save(path, signals.astype(complex))
    assert "real numbers" in fault(path, **STATED)
    np.save(path, signals[0])
    assert "no file of many recordings" in fault(path, **STATED)
    assert "no such file" in fault(tmp_path / "none.npy", **STATED)


def code15(path, signals, seconds=10, **changed):
    """A file as CODE-15 % has it: signals in the middle of 4096 zeros, ids beside them."""
    h5py = pytest.importorskip("h5py")
    padded = np.zeros((len(signals), 4096, 12), np.float32)
    samples = round(400 * seconds)
    first = (4096 - samples) // 2
    padded[:, first : first + samples] = signals[:, :samples]
    with h5py.File(path, "w") as file:
        file.create_dataset("tracings", data=padded, **changed)
        file["exam_id"] = 1000 + np.arange(len(signals))
    return path


@pytest.mark.parametrize(("seconds", "storage"), [(10, {}), (7, {"chunks": (4, 512, 12), "compression": "gzip"})])
def test_code15_is_cut_at_both_sides_and_named_by_exam_id(signals, tmp_path, seconds, storage):
    path = code15(tmp_path / "exams_part0.hdf5", signals, seconds, **storage)
    with open_container(path, unit="mV") as held:
        assert held.members == ["1000", "1001", "1002", "1003", "1004", "1005"]
        assert alike(held.read("1004"), signals[4, : 400 * seconds], tmp_path)
        assert alike(held.read("1001"), signals[1, : 400 * seconds], tmp_path)
    assert "disagrees: mV by the PhysioNet Challenge of 2025, steps of 100 uV by its authors" in fault(path)
    tenths = code15(tmp_path / "tenths.hdf5", signals * 10)
    np.testing.assert_allclose(open_container(tenths, scale=100).read("1002").signal, signals[2], atol=1e-6)


def test_hdf5_may_state_what_it_holds_and_is_asked_for_it_else(signals, tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "own.h5"
    with h5py.File(path, "w") as file:
        file["ecg"] = signals
        file["id"] = [f"p{n}" for n in range(6)]
        file["ecg"].attrs.update({"sampling_rate": 400, "leads": LEADS, "unit": "mV"})
    with open_container(path) as held:
        assert list(held)[:2] == ["p0", "p1"]
        assert alike(held.read("p5"), signals[5], tmp_path)
    assert "states 400 Hz, not 500 Hz" in fault(path, sampling_rate=500)
    assert "states mV, not uV" in fault(path, unit="uV")
    assert "has no data set tracing; it holds ecg, id" in fault(path, variable="tracing")
    with h5py.File(path, "w") as file:
        file["one"] = file["two"] = signals
        file["out"] = h5py.ExternalLink("/etc/passwd", "/x")
    assert "has no data set tracings; it holds one, two, so name the one" in fault(path, **STATED)
    assert alike(open_container(path, variable="two", **STATED).read("0"), signals[0], tmp_path)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["names"] = [f"secret {n}" for n in range(6)]
    with h5py.File(path, "w") as file:
        file["tracings"] = signals
        file["exam_id"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/names")
        external = [(str(tmp_path / "other.h5"), 0, h5py.h5f.UNLIMITED)]
        file.create_dataset("ecg_id", (6,), "S8", external=external)
    with open_container(path, **STATED) as held:
        assert list(held) == ["0", "1", "2", "3", "4", "5"]
    with h5py.File(path, "w") as file:
        file["tracings"], file["exam_id"] = signals, np.zeros(6, int)
    assert "names two recordings 0" in fault(path, **STATED)
    path.write_bytes(path.read_bytes()[:-50_000])
    assert "truncated or damaged" in fault(path, **STATED)


def test_zeros_alone_are_refused_and_the_others_are_read(signals, tmp_path):
    blank = signals.copy()
    blank[0] = 0
    with open_container(code15(tmp_path / "exams.h5", blank), unit="mV") as held:
        with pytest.raises(Unreadable, match=r"exams.h5#1000: holds zeros alone"):
            held.read("1000")
        assert alike(held.read("1001"), signals[1], tmp_path)


@pytest.mark.parametrize("form", ["nested", "leads first", "flat", "tensor"])
def test_parquet_holds_recordings_in_lists(signals, tmp_path, form):
    signals = signals[:, :600]
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    if form == "tensor":
        cells = pa.FixedShapeTensorArray.from_numpy_ndarray(np.ascontiguousarray(signals))
    else:
        lists = {
            "nested": [list(signal) for signal in signals],
            "leads first": [list(signal.T) for signal in signals],
            "flat": [signal.ravel() for signal in signals],
        }
        inner = pa.list_(pa.float32())
        cells = pa.array(lists[form], inner if form == "flat" else pa.list_(inner))
    table = pa.table({"ecg": cells, "exam_id": [f"e{n}" for n in range(6)], "age": [50, None] * 3, "sex": ["F"] * 6})
    path = tmp_path / "many.parquet"
    parquet.write_table(table, path, row_group_size=4)
    with open_container(path, **STATED) as held:
        assert held.members == [f"e{n}" for n in range(6)]
        for member in ("e1", "e5", "e0"):
            assert alike(held.read(member), signals[int(member[1])], tmp_path)
        assert [(ecg.age, ecg.sex) for ecg in map(held.read, ("e0", "e1"))] == [(50, "female"), (None, "female")]
    held = table.replace_schema_metadata({"sampling_rate": "400", "leads": ",".join(LEADS), "unit": "mV"})
    parquet.write_table(held, path)
    assert alike(open_container(path).read("e2"), signals[2], tmp_path)


def test_parquet_that_holds_no_recordings_is_one_line_and_a_bad_cell_ends_nothing(signals, tmp_path):
    signals = signals[:, :600]
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path, flat = tmp_path / "many.parquet", [signal.ravel() for signal in signals]
    parquet.write_table(pa.table({"ecg": flat, "noise": flat}), path)
    assert "ecg and noise may hold the recordings; say which by --variable" in fault(path, **STATED)
    assert "other is no column of lists of numbers; its columns are ecg, noise" in fault(path, variable="other")
    parquet.write_table(pa.table({"label": ["AF"]}), path)
    assert "no column holds lists of numbers; its columns are label" in fault(path, **STATED)
    parquet.write_table(pa.table({"ecg": [flat[0], None, flat[2][:-1]]}), path)
    with open_container(path, **STATED) as held:
        assert alike(held.read("0"), signals[0], tmp_path)
        for member, said in (("1", "an empty cell"), ("2", "7,199 numbers, no multiple of 12 leads")):
            with pytest.raises(Unreadable, match=f"many.parquet#{member}: .*{said}"):
                held.read(member)
    path.write_bytes(path.read_bytes()[:-10])
    assert "truncated or damaged" in fault(path, **STATED)


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz", ".tar.xz"])
def test_archives_hold_files_and_a_wfdb_record_is_one(signals, tmp_path, suffix):
    signals = signals[:, :600]
    files = [(f"a/{name}", content) for name, content in wfdb("r0", signals[0]).items()]
    files += [("../../r1.npy", npy(signals[1])), ("/etc/r2.npy", npy(signals[2])), ("a/.r3.npy", b""), ("x.txt", b"x")]
    path = packed(tmp_path / f"many{suffix}", files)
    with open_container(path, sampling_rate=400, unit="mV") as held:
        assert held.members == ["a/r0.hea", "../../r1.npy", "/etc/r2.npy"]
        assert held.passed_over == {"hidden": 1, ".txt": 1}
        assert [held.find(text) for text in ("a/r0", "a/r0.dat", "a/r0.hea", "r0")] == ["a/r0.hea"] * 3 + [None]
        assert alike(held.read("/etc/r2.npy"), signals[2], tmp_path)
        assert alike(held.read("../../r1.npy"), signals[1], tmp_path)
        for name, content in wfdb("r0", signals[0]).items():
            (tmp_path / name).write_bytes(content)
        one, other = read(tmp_path / "r0.hea"), held.read("a/r0.hea")
        np.testing.assert_array_equal(one.signal, other.signal)
        assert (one.sha256, one.sampling_rate) == (other.sha256, other.sampling_rate)
    assert not list(tmp_path.parent.rglob("r1.npy"))


def test_archives_without_recordings_hostile_or_cut_short_are_one_line(signals, tmp_path):
    path = packed(tmp_path / "many.zip", [("exams_part0.hdf5", b"\x89HDF\r\n\x1a\n"), ("b.txt", b"b")])
    assert "holds no recording (1 .hdf5, 1 .txt); unpack it" in fault(path)
    path.write_bytes(path.read_bytes()[:-30])
    assert "truncated or damaged" in fault(path)
    path = packed(tmp_path / "many.tar", [("a.npy", npy(signals[0])), ("b.npy", npy(signals[1]))])
    path.write_bytes(path.read_bytes()[:300_000])
    assert "truncated or damaged (unexpected end of data)" in fault(path)
    header = wfdb("r0", signals[0])["r0.hea"].replace(b"r0.dat", b"../r0.dat")
    path = packed(tmp_path / "out.tar", [("a/r0.hea", header), ("r0.dat", wfdb("r0", signals[0])["r0.dat"])])
    with open_container(path) as held, pytest.raises(Unreadable, match=r"out.tar#a/r0.hea"):
        held.read("a/r0.hea")


def test_bombs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("twelvelead.data.containers.zipped.LARGEST_FILE", 1 << 16)
    monkeypatch.setattr("twelvelead.data.containers.tarred.LARGEST_FILE", 1 << 16)
    monkeypatch.setattr("twelvelead.data.containers.files.LARGEST_FILE", 1 << 16)
    files = [("a.npy", bytes(1 << 22))]
    with (
        open_container(packed(tmp_path / "bomb.zip", files)) as held,
        pytest.raises(Unreadable, match=r"bomb.zip#a.npy: more than the 65,536 bytes"),
    ):
        held.read("a.npy")
    assert "inflates to more than 100 times its size" in fault(packed(tmp_path / "bomb.tar.gz", files))


def test_links_and_devices_in_a_tar_are_no_recordings(signals, tmp_path):
    path = tmp_path / "many.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (("a.npy", tarfile.SYMTYPE), ("b.npy", tarfile.CHRTYPE), ("c.npy", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    assert "holds no recording (no file)" in fault(path)


def test_kinds_are_told_by_what_files_begin_with(signals, tmp_path):
    path = tmp_path / "recordings"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", npy(signals[0]))
    assert kind_of(path) == "zipped"
    path.write_bytes(npy(signals[0]))
    assert kind_of(path) is None
    path.write_bytes(npy(signals))
    assert kind_of(path) == "npy"
    assert kind_of(tmp_path) is None
