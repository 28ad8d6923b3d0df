"""A real browser, and a running service whose pages it opens."""

import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, without a window."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).is_file():
        pytest.skip("no Chromium in /usr/bin: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served(start, tmp_path_factory):
    """A running service with an empty store: its `address`, and the address `launch` that opens its page."""
    with start(tmp_path_factory.mktemp("served"), TWELVELEAD_WORKERS="1") as process:
        process.address = f"http://127.0.0.1:{process.port}"
        process.launch = f"{process.address}/?token={process.token}"
        yield process


@pytest.fixture
def faults():
    """What the browser complained of: errors on the console, broken rules of the page's policy among them, errors that
    no script caught, and requests to other places. A test that means to cause some takes them out, and no other does.
    """
    return []


@pytest.fixture
def open_page(browser, served, faults):
    """open_page(**options of a context) -> a page of a context of its own, relative to `served.address`; two are as two
    browsers. Each is watched: the test fails where `faults` are left at its end."""
    contexts = []

    def make(**options):
        context = browser.new_context(**{"base_url": served.address, "locale": "en-GB"} | options)
        contexts.append(context)
        watch(context)
        return context.new_page()

    def watch(context):
        own = urlsplit(served.address).netloc
        context.on("console", lambda said: said.type == "error" and faults.append(f"console: {said.text}"))
        context.on("weberror", lambda fault: faults.append(f"script: {fault.error}"))
        context.on("request", lambda asked: is_foreign(asked.url, own) and faults.append(f"request: {asked.url}"))

    yield make
    for context in contexts:
        context.close()
    assert not faults


def is_foreign(url, own):
    parts = urlsplit(url)
    return parts.scheme not in ("data", "blob", "about") and parts.netloc != own


@pytest.fixture
def page(open_page):
    """A page of `open_page`, 1280 by 800 at one pixel a CSS pixel; nobody is logged in before `served.launch`."""
    return open_page(viewport={"width": 1280, "height": 800})
