"""A worklist of 5,000 ECGs: what is in view is drawn, and nothing else."""

import hashlib
import sqlite3

import pytest

from twelvelead.ledger import File, Identity, Ledger, NewAnswer

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

ROWS = 5000


@pytest.fixture(scope="module")
def many(start, tmp_path_factory):
    """A running service whose worklist has `ROWS` ECGs; each urgency is that of a fifth of them."""
    folder = tmp_path_factory.mktemp("many")
    content = b"an ECG"
    sha256 = hashlib.sha256(content).hexdigest()
    with Ledger.open(folder / "store") as ledger, ledger.begin(content) as books:
        who = Identity(name="Patient^0000", patient_id="0")
        recording, _ = books.recordings.add("ward", sha256, "DICOM", [File("a.dcm", sha256)], identity=who)
        books.recordings.answer(recording.id, NewAnswer("interpreted", {}, statements=("SR",), conclusion="ECG 0"))
    with sqlite3.connect(folder / "store" / "ledger.sqlite") as database:
        copy(database, "recordings", "id", lambda number: {"urgency": number % 5, "conclusion": f"ECG {number}"})
        copy(database, "identities", "recording", lambda number: {"name": f"Patient^{number:04}"})
    with start(folder, TWELVELEAD_WORKERS="1") as process:
        process.address = f"http://127.0.0.1:{process.port}"
        process.launch = f"{process.address}/?token={process.token}"
        yield process


def copy(database, table, key, values):
    """Fill a table up with copies of its only row; by the ledger itself so many take half a minute."""
    cursor = database.execute(f"SELECT * FROM {table}")
    names, row = [each[0] for each in cursor.description], cursor.fetchone()
    first = dict(zip(names, row, strict=True))
    rows = (
        tuple((first | {key: f"00000000-0000-4000-8000-{number:012}"} | values(number)).values())
        for number in range(1, ROWS)
    )
    database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})", rows)


@pytest.fixture
def worklist(another_room, many):
    room = another_room(many, viewport={"width": 1280, "height": 800})
    room.enter()
    expect(room.page.locator("#list-count")).to_contain_text("5000")
    return room.page


def test_only_rows_in_view_are_in_the_page_and_the_last_one_is_reached(worklist):
    page = worklist
    rows = page.locator("#grid .body [role=row]")
    expect(page.locator("#row-0")).to_contain_text("critical")
    assert rows.count() < 40
    page.evaluate("() => { const grid = document.getElementById('grid'); grid.scrollTop = grid.scrollHeight; }")
    last = page.locator(f"#row-{ROWS - 1}")
    expect(last).to_contain_text("not told")
    expect(last).to_have_attribute("aria-rowindex", str(ROWS + 1))
    expect(page.locator("#grid")).to_have_attribute("aria-rowcount", str(ROWS + 1))
    assert rows.count() < 40


def test_the_keys_reach_both_ends_and_every_row_between(worklist):
    page = worklist
    page.focus("#grid")
    page.keyboard.press("End")
    expect(page.locator(f"#row-{ROWS - 1}[aria-selected=true]")).to_be_in_viewport()
    page.keyboard.press("PageUp")
    page.keyboard.press("k")
    chosen = page.locator("#grid [aria-selected=true]")
    expect(chosen).to_be_in_viewport()
    expect(page.locator("#grid")).to_have_attribute("aria-activedescendant", chosen.get_attribute("id"))
    page.keyboard.press("Home")
    expect(page.locator("#row-0[aria-selected=true]")).to_be_in_viewport()


def test_a_filter_asks_the_server_and_sorting_does_not_lose_the_row(worklist):
    page = worklist
    page.select_option("[name=urgency]", "4")
    expect(page.locator("#list-count")).to_have_text("1000 ECGs")
    page.click("#filters button[type=reset]")
    expect(page.locator("#list-count")).to_have_text("5000 ECGs")
    page.select_option("[name=sort]", "received")
    expect(page.locator("#row-0")).to_contain_text("Patient, ")
