"""Correcting and signing: nothing typed is lost, and nobody writes over what he has not seen."""

import contextlib
import re
import shutil
import socket
import subprocess
import threading

import pytest

from twelvelead.ledger import Ledger

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect


@pytest.fixture
def key(served):
    """key(name, role) -> a new key of the service."""

    def make(name, role="write"):
        with Ledger.open(served.log.parent / "store") as ledger, ledger.begin() as books:
            return books.keys.add(name, role, owner="local")[1]

    return make


def log_in(page, secret):
    page.fill("#key", secret)
    page.keyboard.press("Enter")
    expect(page.locator("#login")).to_be_hidden()


def open_as(room, secret, recording):
    room.page.goto(f"/#{recording}")
    log_in(room.page, secret)
    expect(room.page.locator("#mine-state")).not_to_be_empty()


def add_statement(page, text):
    page.fill("#add", text)
    page.keyboard.press("Enter")


def without_problems(faults, *statuses):
    """Take out what the browser says of answers that a test means to cause."""
    faults[:] = [fault for fault in faults if not any(f"status of {status}" in fault for status in statuses)]


def test_a_reading_is_corrected_signed_and_on_the_pdf(room, aecg, key, faults):
    kept = room.keep(aecg("st_elevation", name="Sign^Me"))
    open_as(room, key("Dr. Signer"), kept["id"])
    page = room.page
    expect(page.locator("#mine-state")).to_contain_text("Nobody has read it yet")
    page.uncheck("#statements [data-code=ASMI]")
    add_statement(page, "WPW")
    page.get_by_role("button", name="Change sinus rhythm").click()
    add_statement(page, "AFIB")
    page.fill("#text", "Delta wave.\nOld ECG wanted.")
    page.click("#save")
    expect(page.locator("#mine-state")).to_contain_text("Draft, version 1: Dr. Signer")
    page.click("#sign-open")
    sign = page.locator("#sign")
    expect(sign.locator("#sign-text")).to_contain_text("Delta wave.\nOld ECG wanted.", use_inner_text=True)
    expect(sign.locator("#sign-text")).to_contain_text("atrial fibrillation")
    expect(sign.locator("#sign-text")).not_to_contain_text("myocardial")
    expect(sign).to_contain_text("You sign as Dr. Signer, as logged in.")
    expect(page.locator("#sign-name")).to_be_hidden()
    sign.get_by_role("button", name="Sign", exact=True).click()
    expect(page.locator("#mine-state")).to_contain_text("Signed, version 2: Dr. Signer")
    reading = room.ask("GET", f"/v1/recordings/{kept['id']}/reading")
    assert {each["code"] for each in reading["statements"]} >= {"WPW", "AFIB"}
    assert not {"ASMI", "SR"} & {each["code"] for each in reading["statements"]}
    assert (reading["author"], reading["authenticated"], reading["signed"]) == ("Dr. Signer", True, True)
    pdf = page.request.get(page.get_attribute("#pdf", "href")).body()
    assert pdf.startswith(b"%PDF")
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
        assert "Delta wave." in text
        assert "Dr. Signer" in text
    without_problems(faults, 401)


def test_two_tabs_on_one_reading_overwrite_nothing(another_room, aecg, key, faults):
    one, two = another_room(), another_room()
    kept = one.keep(aecg("wide_qrs"))
    open_as(one, key("Dr. One"), kept["id"])
    open_as(two, key("Dr. Two"), kept["id"])
    add_statement(one.page, "1AVB")
    one.page.click("#save")
    expect(one.page.locator("#mine-state")).to_contain_text("version 1")
    two.page.fill("#text", "Two says this.")
    two.page.click("#save")
    conflict = two.page.locator("#conflict")
    expect(conflict).to_contain_text("Dr. One saved version 1")
    expect(conflict.locator(".only")).to_contain_text("first-degree AV block")
    expect(conflict).to_contain_text("Two says this.")
    assert [each["author"] for each in versions(one, kept)] == ["Dr. One"]
    conflict.get_by_role("button", name="Go on with mine").click()
    expect(two.page.locator("#text")).to_have_value("Two says this.")
    two.page.click("#save")
    expect(two.page.locator("#mine-state")).to_contain_text("version 2: Dr. Two")
    assert [each["author"] for each in versions(one, kept)] == ["Dr. One", "Dr. Two"]
    one.page.fill("#text", "One says that.")
    one.page.click("#sign-open")
    one.page.click("#sign button.main")
    expect(one.page.locator("#conflict")).to_contain_text("Dr. Two saved version 2")
    one.page.get_by_role("button", name="Take what is on the server").click()
    expect(one.page.locator("#text")).to_have_value("Two says this.")
    assert not any(each["signed"] for each in versions(one, kept))
    without_problems(faults, 401, 412)


def versions(room, kept):
    return room.ask("GET", f"/v1/recordings/{kept['id']}/readings")


def test_a_draft_outlives_the_tab_and_is_cleared_by_signing(room, aecg):
    kept = room.keep(aecg())
    room.enter(kept["id"])
    page = room.page
    page.fill("#text", "typed, not saved")
    expect(page.locator("#mine-local")).to_have_text("Changed and not saved; kept in this browser.")
    page.reload()
    expect(page.locator("#text")).to_have_value("typed, not saved")
    other = page.context.new_page()
    other.goto(f"/#{kept['id']}")
    expect(other.locator("#text")).to_have_value("")
    other.get_by_role("button", name="Take it over").click()
    expect(other.locator("#text")).to_have_value("typed, not saved")
    other.click("#sign-open")
    other.fill("#sign-name", "Dr. Other")
    other.keyboard.press("Enter")
    expect(other.locator("#mine-state")).to_contain_text("Dr. Other (stated, not authenticated)")
    kept_here = other.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('twelvelead-draft'))")
    assert kept_here == []


def test_a_reader_whose_session_ends_logs_in_again_and_goes_on(room, aecg, key, faults):
    kept = room.keep(aecg())
    secret = key("Dr. Long")
    open_as(room, secret, kept["id"])
    page = room.page
    page.fill("#text", "a long reading")
    page.evaluate("fetch('/v1/session', {method: 'DELETE'})")
    page.click("#save")
    expect(page.locator("#login")).to_contain_text("Nothing that you typed is lost")
    page.fill("#key", "wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#login-fault")).to_have_text("There is no such key.")
    log_in(page, secret)
    expect(page.locator("#mine-state")).to_contain_text("version 1: Dr. Long")
    page.click("#log-out")
    expect(page.locator("#login")).to_be_visible()
    assert page.evaluate("document.body.innerText.includes('a long reading')") is False
    without_problems(faults, 401)


class Way:
    """A way to a service that can be cut: while it is, nobody listens at its `address`.

    Args:
        port: of the service.
    """

    def __init__(self, port):
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._port = self._listening.getsockname()[1]
        self._open = []
        self.address = f"http://127.0.0.1:{self._port}"
        threading.Thread(target=self._accept, args=[self._listening], daemon=True).start()

    def cut(self):
        for each in (self._listening, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._open.clear()

    def mend(self):
        self._listening = socket.create_server(("127.0.0.1", self._port))
        threading.Thread(target=self._accept, args=[self._listening], daemon=True).start()

    def _accept(self, listening):
        with contextlib.suppress(OSError):
            while True:
                near = listening.accept()[0]
                far = socket.create_connection(("127.0.0.1", self._to))
                self._open += near, far
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=[one, other], daemon=True).start()

    @staticmethod
    def _carry(one, other):
        with contextlib.suppress(OSError):
            while part := one.recv(1 << 16):
                other.sendall(part)
            other.shutdown(socket.SHUT_WR)


def test_a_lost_server_is_told_and_what_was_typed_is_saved_once_it_is_back(served, another_room, aecg, key, faults):
    way = Way(served.port)
    room = another_room(base_url=way.address)
    kept = room.keep(aecg())
    open_as(room, key("Dr. Patient"), kept["id"])
    page = room.page
    way.cut()
    page.fill("#text", "typed while nobody listens")
    page.click("#save")
    expect(page.locator("#lost")).to_contain_text("The server cannot be reached")
    expect(page.locator("#mine-local")).to_contain_text("saved as soon as the server is back")
    page.click("#sign-open")
    page.click("#sign button.main")
    expect(page.locator("#sign-fault")).to_contain_text("Not signed")
    page.click("#sign-back")
    way.mend()
    expect(page.locator("#mine-state")).to_contain_text("Draft, version 1: Dr. Patient", timeout=10_000)
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator("#text")).to_have_value("typed while nobody listens")
    way.cut()
    faults[:] = [fault for fault in faults if not re.search("ERR_|status of 401", fault)]


def test_a_key_that_only_reads_changes_nothing(room, aecg, key, faults):
    kept = room.keep(aecg())
    open_as(room, key("Dr. Eyes", role="read"), kept["id"])
    page = room.page
    expect(page.locator("#mine-state")).to_have_text("Your key may read, not write.")
    for name in ("#save", "#sign-open", "#text", "#add"):
        expect(page.locator(name)).to_be_disabled()
    expect(page.locator("#statements input").first).to_be_disabled()
    page.keyboard.press("s")
    expect(page.locator("#sign")).to_be_hidden()
    without_problems(faults, 401)


def test_marks_that_the_reader_moves_are_part_of_the_reading(room, aecg):
    kept = room.keep(aecg())
    room.enter(kept["id"])
    page = room.page
    for key in ("t", "t", "t", *["ArrowRight"] * 10):  # P onset, QRS onset, QRS end; ten samples
        page.keyboard.press(key)
    moved = page.locator("#measured tr", has_text="QRS").locator(".moved")
    expect(moved).to_have_count(1)
    page.click("#save")
    expect(page.locator("#mine-state")).to_contain_text("version 1")
    measured = room.ask("GET", f"/v1/recordings/{kept['id']}/reading")["measurements"]
    machine = room.ask("GET", f"/v1/recordings/{kept['id']}/interpretation")["measurements"]
    assert measured["moved"] is True
    assert measured["qrs_ms"] == pytest.approx(machine["qrs_ms"] + 20)
    assert measured["pr_ms"] == machine["pr_ms"]
    page.reload()
    expect(moved).to_have_count(1)
