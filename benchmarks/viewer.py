"""One pan step of the reading room's viewer: 12 leads of 10 s at 500 Hz, script and forced raster.

    python benchmarks/viewer.py [--steps 400] [--chromium /usr/bin/chromium]

A generated ECG of 60 s at 25 mm/s and 10 mm/mV, each lead in a row of its own, in a window that holds 10 s of all
twelve at one pixel a CSS pixel. A step is the command "right" (40 pixels), which scrolls and draws, and then reading a
pixel of both canvases, which makes the browser finish its drawing. Chromium without a window and without a GPU.
"""

import argparse
import base64
import os
import statistics
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
from playwright.sync_api import Route, sync_playwright

from twelvelead.ecg.measure import measure
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.service.signals import encode

MEDIAN_BAR, TAIL_BAR = 8.0, 16.0
"""Milliseconds of a step: median, 95th percentile."""

ADDRESS = "http://viewer.test"
MEDIA = {"js": "text/javascript", "css": "text/css", "json": "application/json"}
BARE = '<!doctype html><link rel="stylesheet" href="/page/viewer/viewer.css"><body>'

OPEN = """async ([content, measurements]) => {
  const { Viewer } = await import("/page/viewer/viewer.js");
  const { decodeSignal } = await import("/page/viewer/signal.js");
  const texts = await (await fetch("/page/texts/viewer.en.json")).json();
  const host = document.body.appendChild(document.createElement("main"));
  document.body.style.margin = 0;
  host.style.height = "100vh";
  window.viewer = new Viewer(host, { t: (key) => texts[key] });
  const signal = decodeSignal(Uint8Array.from(atob(content), (one) => one.charCodeAt(0)).buffer);
  viewer.show({ id: "generated", signal, answer: { measurements, findings: [] } });
  viewer.set({ layout: "12x1" });
  viewer.draw();
  return [viewer.stage.view.height / viewer.stage.view.k, viewer.span[1] - viewer.span[0], viewer.stage.sheet.height];
}"""

PAN = """async (steps) => {
  const taken = [];
  const contexts = [viewer.stage.base, viewer.stage.overlay].map((canvas) => canvas.getContext("2d"));
  const finish = () => contexts.forEach((context) => context.getImageData(0, 0, 1, 1));
  for (let step = 0; step < steps; step += 1) {
    if (viewer.span[1] > 59) viewer.goTo(0);
    finish();
    await new Promise((done) => requestAnimationFrame(done));
    const begun = performance.now();
    viewer.run("right");
    finish();
    taken.push(performance.now() - begun);
  }
  return taken;
}"""


def serve(route: Route) -> None:
    """The page's files as the package has them."""
    path = route.request.url.removeprefix(ADDRESS).lstrip("/")
    if not path:
        route.fulfill(body=BARE, content_type="text/html")
        return
    file = files("twelvelead.service") / path
    route.fulfill(body=file.read_bytes(), content_type=MEDIA[path.rpartition(".")[2]])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--chromium", type=Path, default=Path("/usr/bin/chromium"))
    arguments = parser.parse_args()
    ecg = synthetic_ecg(seed=3, seconds=60, heart_rate=72)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.chromium)
        page = browser.new_page(viewport={"width": 1020, "height": 1160})
        page.route(f"{ADDRESS}/**", serve)
        page.goto(f"{ADDRESS}/")
        given = [base64.b64encode(encode(ecg)).decode(), measure(ecg).to_dict()]
        high, seconds, sheet = page.evaluate(OPEN, given)
        print(f"in sight: {seconds:.1f} s of {min(1, high / sheet):.0%} of the 12 rows; {browser.version}")
        page.evaluate(PAN, 20)
        taken = sorted(page.evaluate(PAN, arguments.steps))
        browser.close()
    median, tail = statistics.median(taken), float(np.percentile(taken, 95))
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{arguments.steps} steps: median {median:.1f} ms, 95th percentile {tail:.1f} ms, longest {taken[-1]:.1f} ms")
    print(f"bars: median {MEDIAN_BAR:g} ms, 95th percentile {TAIL_BAR:g} ms")
    return 0 if median <= MEDIAN_BAR and tail <= TAIL_BAR else 1


if __name__ == "__main__":
    sys.exit(main())
