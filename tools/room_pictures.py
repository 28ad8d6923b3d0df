"""The pictures of docs/reading-room.md, from the demonstration's generated ECGs.

python tools/room_pictures.py [--out docs/pictures] [--chromium /usr/bin/chromium]
"""

import argparse
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from PIL import Image
from playwright.sync_api import Page, sync_playwright

COLOURS = 64
SIZE = (1600, 900)


class Room:
    """The demonstration in a browser.

    Args:
        page: of the browser.
        address, token: of the service.
    """

    def __init__(self, page: Page, address: str, token: str) -> None:
        self.page, self.address, self.token = page, address, token
        page.goto(f"{address}/?token={token}")
        page.locator("#row-5").wait_for()
        self.ids = {each["identity"]["name"]: each["id"] for each in self.ask("GET", "/v1/recordings")["recordings"]}

    def ask(self, method: str, path: str, content: object = None) -> Any:
        """What the service answers to a program, decoded."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        body = None if content is None else json.dumps(content).encode()
        with urlopen(Request(self.address + path, body, headers, method=method), timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def open(self, name: str, beside: str | None = None) -> None:
        """Open the recording of a patient, with that of another beside it."""
        at = self.ids[name] if beside is None else f"{self.ids[name]}/{self.ids[beside]}"
        self.page.goto(f"{self.address}/#{at}")
        self.page.locator("#words h2").wait_for()
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_timeout(500)


def worklist(room: Room) -> None:
    room.page.wait_for_timeout(300)


def opened(room: Room) -> None:
    room.open("SYNTHETIC ST_ELEVATION")


def where(room: Room) -> None:
    room.open("SYNTHETIC T_INVERSION")
    room.page.locator("#statements button[aria-pressed]").nth(2).click()
    room.page.locator("#statements li button[aria-pressed=true]").wait_for(timeout=60_000)


def refused(room: Room) -> None:
    room.open("SYNTHETIC, CABLE OF V2 LOOSE")


def compared(room: Room) -> None:
    for name in ("SYNTHETIC NORMAL", "SYNTHETIC WIDE_QRS"):
        room.ask("PUT", f"/v1/recordings/{room.ids[name]}/patient", {"id": "DEMO-1", "issuer": "SYNTHETIC"})
    room.open("SYNTHETIC WIDE_QRS", "SYNTHETIC NORMAL")
    room.page.locator("#before tbody tr").first.wait_for()
    room.page.evaluate("document.getElementById('before').scrollIntoView({block: 'center'})")
    room.page.wait_for_timeout(500)


def signing(room: Room) -> None:
    room.open("SYNTHETIC HIGH_VOLTAGE")
    room.page.fill("#text", "Left ventricular hypertrophy with strain. No earlier ECG.")
    room.page.click("#sign-open")


def dark(room: Room) -> None:
    room.page.select_option("#theme", "dark")
    room.open("SYNTHETIC NORMAL")


PICTURES: dict[str, Callable[[Room], None]] = {
    "reading-room-list": worklist,
    "reading-room": opened,
    "reading-room-where": where,
    "reading-room-refused": refused,
    "reading-room-compared": compared,
    "reading-room-signing": signing,
    "reading-room-dark": dark,
}


@contextmanager
def demonstration() -> Iterator[tuple[str, str]]:
    """Address and launch token of the demonstration, filled."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        environment = os.environ | {"TWELVELEAD_STORE": f"{folder}/store", "TWELVELEAD_WORKERS": "1"}
        command = [sys.executable, "-m", "twelvelead", "serve", "--demo", "--no-open", "--port", "0"]
        with log.open("w") as stream:
            process = subprocess.Popen(command, stderr=stream, env=environment)
        try:
            while '"filled"' not in (said := log.read_text()):
                if process.poll() is not None:
                    sys.exit(said)
                time.sleep(0.1)
            found = re.search(r"answers at (http://\S+?)/\?token=(\S+)", said)
            assert found is not None
            yield found[1], found[2]
        finally:
            process.terminate()
            process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--chromium", type=Path, default=Path("/usr/bin/chromium"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with demonstration() as (address, token), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.chromium)
        page = browser.new_context(viewport={"width": SIZE[0], "height": SIZE[1]}, locale="en-GB").new_page()
        room = Room(page, address, token)
        for name, prepare in PICTURES.items():
            prepare(room)
            picture = (
                Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            )
            picture.save(arguments.out / f"{name}.png", optimize=True)
            print(f"{name}.png: {(arguments.out / f'{name}.png').stat().st_size:,} bytes")
            if page.locator("dialog[open]").count():
                page.keyboard.press("Escape")
        browser.close()


if __name__ == "__main__":
    main()
