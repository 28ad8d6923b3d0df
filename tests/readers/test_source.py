"""Bytes, streams and pipes in the place of a path."""

import io
import os

import numpy as np
import pytest

from twelvelead.errors import Refused, Unreadable
from twelvelead.readers import read

RATE = 500
BARE = ("CSV", "NPY", "MATLAB", "MATLAB 4")


def test_every_format_is_read_from_bytes_and_streams(writers, counts, tmp_path):
    for kind, write in writers.items():
        if kind == "WFDB":
            continue
        path = write(tmp_path, counts, RATE)
        options = {"sampling_rate": RATE, "unit": "uV"} if kind in BARE else {}
        right = read(path, **options)
        content = path.read_bytes()
        for origin in (content, bytearray(content), memoryview(content), io.BytesIO(content)):
            ecg = read(origin, **options)
            np.testing.assert_array_equal(ecg.signal, right.signal)
            assert (ecg.sha256, ecg.age, ecg.source) == (
                right.sha256,
                right.age,
                "stream" if isinstance(origin, io.BytesIO) else "bytes",
            )
        with path.open("rb") as stream:
            np.testing.assert_array_equal(read(stream, **options).signal, right.signal)


def test_a_pipe_is_read_once(writers, counts, tmp_path):
    content = writers["EDF"](tmp_path, counts, RATE).read_bytes()
    end, start = os.pipe()
    if not os.fork():
        os.close(end)
        with os.fdopen(start, "wb") as stream:
            stream.write(content)
        os._exit(0)
    os.close(start)
    with os.fdopen(end, "rb", buffering=0) as stream:
        np.testing.assert_allclose(read(stream).signal, counts / 1000, atol=1e-6)
    os.wait()


def test_of_a_wfdb_record_both_files_are_needed(writers, counts, tmp_path):
    header = writers["WFDB"](tmp_path, counts, RATE)
    with pytest.raises(Unreadable, match=r"header of a WFDB record.* both are needed"):
        read(header.read_bytes())
    with pytest.raises(Unreadable, match="WFDB record both files are needed"):
        read(header.with_suffix(".dat").read_bytes())


def test_a_name_stands_in_the_place_of_the_path(writers, counts, tmp_path):
    for kind, write in writers.items():
        folder = tmp_path / "doe" / kind.replace(" ", "-").replace(",", "")
        folder.mkdir(parents=True)
        path = write(folder, counts, RATE)
        path = path if kind == "WFDB" else path.rename(folder / "jane_doe.tmp")
        ecg = read(path, name="case 7", **({"sampling_rate": RATE, "unit": "uV"} if kind in BARE else {}))
        assert ecg.source == "case 7"
        content = path.read_bytes()
        for part in range(0, 100, 7):
            path.write_bytes(content[: len(content) * part // 100])
            said = "case 7: "
            try:
                read(path, name="case 7", **({"sampling_rate": RATE, "unit": "uV"} if kind in BARE else {}))
            except (Unreadable, Refused) as error:
                said = str(error)
            assert said.startswith("case 7: ")
            assert "doe" not in said


def test_nothing_and_text_streams_are_refused():
    with pytest.raises(Unreadable, match=r"^bytes: the file is empty"):
        read(b"")
    with pytest.raises(Unreadable, match=r"^here: "):
        read(io.StringIO("I,II"), name="here")
    with pytest.raises(Unreadable, match="no such file"):
        read("none.csv")


def test_a_wfdb_record_is_read_from_the_bytes_of_its_two_files(writers, counts, tmp_path):
    path = writers["WFDB"](tmp_path, counts, RATE)
    header, samples = path.read_bytes(), path.with_suffix(".dat").read_bytes()
    right, ecg = read(path), read(header, beside={"r.dat": samples, "other": b""})
    np.testing.assert_array_equal(ecg.signal, right.signal)
    assert (ecg.sha256, ecg.age) == (right.sha256, right.age)
    with pytest.raises(Unreadable, match=r"signal file \(.dat\) is missing"):
        read(header, beside={"other.dat": samples})
    with pytest.raises(Unreadable, match=r"its header states .* copy it again"):
        read(header, beside={"r.dat": bytes(len(samples))})
    with pytest.raises(Unreadable, match="give its path or the bytes of both"):
        read(header)


def test_a_header_beside_which_nothing_of_it_lies_opens_no_file(writers, counts, tmp_path, monkeypatch):
    path = writers["WFDB"](tmp_path, counts, RATE)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unreadable, match="missing"):
        read(path.read_bytes(), beside={"another.dat": b""})


def test_the_suffix_of_a_name_tells_a_signal_file_without_header(writers, counts, tmp_path):
    content = writers["WFDB"](tmp_path, counts, RATE).with_suffix(".dat").read_bytes()
    with pytest.raises(Unreadable, match="a signal file without its header"):
        read(content, name="sent.DAT")
