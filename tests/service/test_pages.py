"""Static files: what is served, how it is packed, and what a browser that has them already is told."""

import gzip
from importlib.resources import files

import pytest

FOLDER = files("twelvelead.service") / "page"


def all_files(folder=FOLDER, inside=""):
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from all_files(entry, f"{inside}{entry.name}/")
        else:
            yield inside + entry.name


@pytest.mark.parametrize("name", sorted(all_files()))
def test_every_file_of_the_page_is_served_as_what_it_is(client, name):
    answer = client.get(f"/page/{name}")
    kinds = {
        "html": "text/html; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8",
        "json": "application/json",
        "svg": "image/svg+xml",
    }
    assert (answer.status_code, answer.headers["content-type"]) == (200, kinds[name.rpartition(".")[2]])
    assert answer.content == (FOLDER / name).read_bytes()


def test_a_browser_that_unpacks_gets_it_packed_and_others_do_not(client):
    packed = client.get("/page/style.css", headers={"accept-encoding": "gzip"})
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert int(packed.headers["content-length"]) == len(gzip.compress(packed.content, mtime=0))
    plain = client.get("/page/style.css", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == packed.content


@pytest.mark.parametrize("path", ["/", "/page/style.css"])
def test_what_a_browser_has_is_not_sent_again_and_keeps_its_policy(client, path):
    first = client.get(path)
    again = client.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    assert client.get(path, headers={"if-none-match": 'W/"other"'}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/page/", "/page/viewer", "/page/room/", "/page/__init__.py", "/page/room/../../app.py"]
)
def test_a_folder_or_what_is_no_page_is_not_there(client, path):
    assert client.get(path).status_code == 404
