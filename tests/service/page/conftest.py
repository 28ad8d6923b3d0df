"""A real browser, and a running service whose pages it opens."""

import base64
import io
import itertools
import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import numpy as np
import pytest
from PIL import Image

from twelvelead.ecg.measure import measure
from twelvelead.ecg.synthetic import VARIANTS
from twelvelead.service.filling import of_demo
from twelvelead.service.signals import encode

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
        options = {"base_url": served.address, "locale": "en-GB"} | options
        context = browser.new_context(**options)
        contexts.append(context)
        watch(context, urlsplit(options["base_url"]).netloc)
        return context.new_page()

    def watch(context, own):
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


MOUNT = """async (language) => {
  const { Viewer } = await import("/page/viewer/viewer.js");
  const { decodeSignal } = await import("/page/viewer/signal.js");
  const texts = await (await fetch(`/page/texts/viewer.${language}.json`)).json();
  const t = (key, values = {}) => {
    if (!(key in texts)) console.error(`no text ${key}`);
    return texts[key].replace(/\\{(\\w+)\\}/g, (all, name) => values[name] ?? all);
  };
  const host = document.body.appendChild(document.createElement("main"));
  document.documentElement.lang = language;
  document.body.style.margin = 0;
  host.style.height = "100vh";
  window.measured = [];
  window.viewer = new Viewer(host, { t });
  viewer.addEventListener("measured", (event) => measured.push(event.detail));
  window.recording = ([id, signal, answer, label]) => (
    { id, signal: decodeSignal(Uint8Array.from(atob(signal), (one) => one.charCodeAt(0)).buffer), answer, label }
  );
}"""
BARE = '<!doctype html><link rel="stylesheet" href="/page/viewer/viewer.css"><title>ECG</title><body>'


class Viewing:
    """A page that holds a viewer and nothing else, by the rules of the service's own pages.

    Attributes:
        page: of the browser.
    """

    def __init__(self, page, language="en"):
        self.page = page
        policy = page.request.get("/").headers["content-security-policy"]
        page.route(
            "**/bare",
            lambda route: route.fulfill(
                body=BARE, content_type="text/html", headers={"content-security-policy": policy}
            ),
        )
        page.goto("/bare")
        page.evaluate(MOUNT, language)

    def show(self, ecg, answer=None, call="show", label=""):
        """Hand a recording over, with its measurements unless another answer is given."""
        content = base64.b64encode(encode(ecg)).decode()
        answer = said(ecg) if answer is None else answer
        self.page.evaluate(f"(given) => viewer.{call}(recording(given))", [call, content, answer, label])

    def set(self, **state):
        self.page.evaluate("(state) => viewer.set(state)", state)

    def run(self, *names):
        for name in names:
            assert self.page.evaluate("(name) => viewer.run(name)", name)

    def get(self, expression):
        return self.page.evaluate(f"() => {expression}")

    def until(self, expression):
        """Wait for what comes true by itself; the page's policy keeps `wait_for_function` from doing it."""
        for _ in range(500):
            if self.get(expression):
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(expression)

    def picture(self):
        """What the browser shows of the sheet, [y, x, (red, green, blue)] uint8."""
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return np.asarray(Image.open(io.BytesIO(self.page.locator(".viewer-scroll").screenshot())).convert("RGB"))

    def spot(self, lead, time, mv=None, kind="trace"):
        """Where on the page an instant of a lead lies, at a voltage or on its trace; its row is brought into sight."""
        return self.page.evaluate(
            """async ([lead, time, mv, kind]) => {
              const { xOf, yOf } = await import("/page/viewer/sheet.js");
              const { stage } = viewer;
              const strip = stage.sheet.strips.filter((each) => each.lead === lead && each.kind === kind
                && each.source === 0 && time >= each.start && time <= each.stop).at(-1);
              const sample = Math.round((time - strip.trace.origin) * strip.trace.rate);
              const { height, k } = stage.view;
              const inSight = strip.y * k - stage.view.y;
              if (inSight < 100 || inSight > height - 100) stage.scroller.scrollTop = strip.y * stage.scale - 300;
              viewer.draw();
              const { x, y, ratio } = stage.view;
              const box = stage.scroller.getBoundingClientRect();
              const down = yOf(strip, mv ?? strip.trace.values[sample]);
              return [box.left + (xOf(strip, time) * k - x) / ratio, box.top + (down * k - y) / ratio];
            }""",
            [lead, time, mv, kind],
        )

    def drag(self, start, end):
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=3)
        self.page.mouse.up()

    def calipers(self):
        """What the calipers measure, as the page says it."""
        return self.page.locator(".viewer-calipers li").all_inner_texts()

    def words(self):
        """What is written on the trace, as the picture's text alternative repeats it."""
        return self.page.get_by_role("img").get_attribute("aria-label")


def said(ecg, **more):
    """An answer that has nothing but measurements and findings of the reader."""
    findings = [asdict(finding) | {"grave": finding.grave} for finding in ecg.findings]
    answer = {"format": "twelvelead-interpretation", "measurements": measure(ecg).to_dict(), "findings": findings}
    return answer | {"filters": ecg.filters, "identity": None} | more


@pytest.fixture
def viewing(open_page):
    """viewing(language, **options of a context) -> a `Viewing`, 1280 by 900 unless told."""
    return lambda language="en", **options: Viewing(
        open_page(**{"viewport": {"width": 1280, "height": 900}} | options), language
    )


@pytest.fixture(scope="session")
def answer_of():
    """answer_of(ecg, **more) -> the answer that `Viewing.show` gives by itself, with more."""
    return said


DROP = """([files]) => {
  const transfer = new DataTransfer();
  for (const [name, content] of files) {
    transfer.items.add(new File([Uint8Array.from(atob(content), (one) => one.charCodeAt(0))], name));
  }
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


class Room:
    """A browser in the reading room, and what its service has beside it.

    Attributes:
        page: of the browser.
        served: the service.
    """

    def __init__(self, page, served):
        self.page, self.served = page, served

    def enter(self, at=""):
        """Open the worklist, or what stands after # in an address."""
        self.page.request.get(self.served.launch)
        self.page.goto(f"/#{at}")
        self.page.locator("#words h2" if at else "#grid [role=row].head").wait_for()
        return self

    def drop(self, **files):
        """Drop files, name without dots -> content; a name ends in its suffix after two underscores."""
        named = [(name.replace("__", "."), base64.b64encode(content).decode()) for name, content in files.items()]
        self.page.evaluate(DROP, [named])

    def keep(self, content, **query):
        """Send a recording as a program does; its line of the worklist."""
        return self.ask("POST", f"/v1/recordings?{urlencode(query)}", content)

    def ask(self, method, path, content=None, **headers):
        """What the service answers to a program, decoded."""
        headers = {"Authorization": f"Bearer {self.served.token}"} | headers
        asked = Request(self.served.address + path, content, headers, method=method)
        with urlopen(asked, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)


@pytest.fixture
def room(page, served):
    """A `Room` that nobody has entered yet."""
    return Room(page, served)


@pytest.fixture
def another_room(open_page, served):
    """another_room(service) -> a `Room` of another browser, of `served` or another service."""

    def make(service=served, **options):
        return Room(open_page(**{"base_url": service.address} | options), service)

    return make


@pytest.fixture(scope="session")
def aecg():
    """aecg(kind, name) -> a generated ECG as a file that no other call has given; kinds: normal, st_elevation,
    wide_qrs, high_voltage, t_inversion, refused. A name is the patient's, as it stands in the XML."""
    kinds = dict(zip((*VARIANTS, "refused"), of_demo(), strict=True))
    numbers = itertools.count()

    def make(kind="normal", name=None, patient=None):
        content = kinds[kind].content
        if name is not None:
            content = re.sub(rb"<name>SYNTHETIC (?!ECG).*?</name>", f"<name>{name}</name>".encode(), content)
        if patient is not None:
            content = re.sub(rb'extension="DEMO-\d"', f'extension="{patient}"'.encode(), content)
        return content + f"<!-- {next(numbers)} -->".encode()

    return make
