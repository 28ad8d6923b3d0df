"""The whole way on real records: a server laid out as PhysioNet's, the download, the check, the store."""

from twelvelead.data.ptbxl.download import download
from twelvelead.data.ptbxl.download_zip import NAME, download_zip
from twelvelead.data.ptbxl.prepare import prepare
from twelvelead.data.ptbxl.verify import verify

FAULTS = ["cut", None, "flip", "503", None, "short", "long", "500", "cut", "stall", None, "429", "flip", "503"]


def test_file_by_file_through_all_faults(real_release, serve, ptbxl_store, tmp_path):
    server = serve(real_release)
    server.faults = {"*": [None] * 20 + FAULTS}
    got = download(tmp_path / "dest", (100, 500), base_url=server.url, timeout=1.0, attempts=12)
    assert got.files == got.fetched == 2 * 400 + 2 * 24 + 4
    assert sum(server.asked.values()) <= got.files + 1 + len(FAULTS)
    found = verify(tmp_path / "dest", (100, 500))
    assert (found.files, found.faults) == (got.files, {})
    assert [note for note in found.notes if "glued together" in note]
    made = prepare(tmp_path / "dest", tmp_path / "store")
    assert made.bad == ()
    assert made.store.data_hash == ptbxl_store.data_hash


def test_the_zip(real_release, real_zip, serve, ptbxl_store, tmp_path):
    server = serve(real_release)
    server.zip = real_zip
    server.faults = {"/content/ptb-xl/get-zip/1.0.3/": ["cut", "503", "stall", "cut", "flip"]}
    assert download_zip(tmp_path / "dest", base_url=server.url, timeout=1.0).files == 852
    assert len(server.ranges) >= 3
    archive = tmp_path / "dest" / NAME
    assert archive.read_bytes() == real_zip.read_bytes()
    assert prepare(archive, tmp_path / "store").store.data_hash == ptbxl_store.data_hash
