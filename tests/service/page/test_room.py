"""The reading room's worklist and its open ECG: what a reader drops, sees, filters, and does by keys alone."""

import re

import pytest

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect


def test_a_dropped_file_is_read_drawn_and_marked_as_seen(room, aecg):
    room.enter()
    room.drop(one__xml=aecg("st_elevation", name="Dropped^Dora"))
    page = room.page
    expect(page.locator("#patient")).to_have_text(re.compile(r"Dropped, Dora · DEMO-2"))
    expect(page.locator("#words h2")).to_have_text("Abnormal ECG.")
    expect(page.locator("#words .chip")).to_contain_text("urgent")
    expect(page.locator("#statements")).to_contain_text("anteroseptal myocardial infarction")
    expect(page.locator("#measured")).to_contain_text("QRS")
    expect(page.locator("#machine")).to_contain_text("Not assessed")
    assert page.locator("#ecg canvas").count() > 0
    assert "decision aid" in page.locator("#notice").inner_text().lower()
    assert page.title() == "twelvelead"
    page.keyboard.press("u")
    row = page.locator("#grid [role=row]", has_text="Dropped, Dora")
    expect(row).not_to_have_class(re.compile("unseen"))


def test_a_refused_ecg_is_drawn_with_its_reason_and_stands_on_top(room, aecg):
    room.enter()
    room.drop(loose__xml=aecg("refused"))
    words = room.page.locator("#words")
    expect(words).to_contain_text("Not readable: flat lead V2")
    expect(words).to_contain_text("check the electrodes")
    expect(words.locator(".chip.unreadable")).to_be_visible()
    expect(room.page.locator("#machine")).to_contain_text("refused")
    assert room.page.locator("#ecg canvas").count() > 0
    room.page.keyboard.press("u")
    expect(room.page.locator("#row-0 .chip")).to_have_text("not readable")


def test_what_cannot_be_read_says_why_and_can_be_tried_again_with_what_it_lacks(room, aecg, faults, ecg):
    room.enter()
    room.drop(notes__txt=b"no ECG", bare__npy=ecg, good__xml=aecg())
    lines = room.page.locator("#arriving li")
    expect(lines).to_have_count(2)
    expect(lines.filter(has_text="notes.txt")).to_contain_text("not a recording of a known kind")
    bare = lines.filter(has_text="bare.npy")
    expect(bare.locator(".fault")).to_contain_text("sampling")
    expect(room.page.locator("#arrivals-count")).to_have_text("1 of 3 read, 2 could not be")
    room.page.click("#adding summary")
    room.page.fill("[name=sampling_rate]", "500")
    room.page.select_option("[name=unit]", "uV")
    bare.get_by_role("button", name="Again").click()
    expect(lines).to_have_count(1)
    expect(room.page.locator("#patient")).to_contain_text("not named")
    assert [fault for fault in faults if "415" not in fault and "422" not in fault] == []
    faults.clear()


def test_the_files_of_a_folder_are_put_together_to_recordings(room, wfdb, tmp_path):
    wfdb("records")
    (tmp_path / "records" / "r.atr").write_bytes(b"annotations, no signal")
    room.enter()
    room.page.set_input_files("#folder", tmp_path / "records")
    expect(room.page.locator("#said")).to_contain_text("left out: 1")
    expect(room.page.locator("#about")).to_contain_text("wfdb")
    expect(room.page.locator("#words h2")).to_have_text("Normal ECG.")


def test_the_worklist_is_filtered_by_statement_urgency_signature_and_mark(room, aecg):
    blocked = room.keep(aecg("wide_qrs", name="Filter^Blocked"))
    room.keep(aecg("normal", name="Filter^Normal"))
    room.enter()
    page = room.page
    grid = page.locator("#grid")
    expect(grid).to_contain_text("Filter, Normal")
    page.fill("#filter-statement", "complete left bundle")
    page.keyboard.press("Tab")
    expect(grid).not_to_contain_text("Filter, Normal")
    expect(grid).to_contain_text("Filter, Blocked")
    page.select_option("[name=seen]", "false")
    room.ask("PUT", f"/v1/recordings/{blocked['id']}/seen")
    page.select_option("[name=signed]", "false")
    expect(grid).not_to_contain_text("Filter, Blocked")
    page.click("#filters button[type=reset]")
    expect(grid).to_contain_text("Filter, Normal")
    page.select_option("#filters [name=signed]", "true")
    expect(grid).not_to_contain_text("Filter, Normal")
    page.click("#filters button[type=reset]")
    page.fill("[name=until]", "2001-01-01")
    page.keyboard.press("Tab")
    expect(page.locator("#empty")).to_have_text("No ECG meets these filters.")


def test_recordings_of_others_appear_by_themselves(room, aecg):
    room.page.clock.install()
    room.enter()
    room.keep(aecg(name="Comes^Later"))
    room.page.clock.fast_forward(10_000)
    expect(room.page.locator("#grid")).to_contain_text("Comes, Later")
    expect(room.page.locator("#said")).to_have_text("New ECGs: 1")


def test_the_keyboard_alone_reads_corrects_and_signs(room, aecg):
    kept = room.keep(aecg("high_voltage", name="Keys^Only"))
    room.enter()
    page = room.page
    row = page.locator("#grid [role=row]", has_text="Keys, Only")
    expect(row).to_be_visible()
    for _ in range(200):
        if row.get_attribute("aria-selected") == "true":
            break
        room.press("j")
    room.press("k", "j", "Enter")
    expect(page.locator("#patient")).to_contain_text("Keys, Only")
    room.press("e")
    page.keyboard.type("just j, k and u: text")
    expect(page.locator("#text")).to_have_value("just j, k and u: text")
    room.press("Tab", "Tab", "Tab", "Enter")
    expect(page.locator("#sign")).to_be_visible()
    page.locator("#sign-name").press_sequentially("Dr. Keys")
    room.press("Enter")
    expect(page.locator("#mine-state")).to_contain_text("Signed, version 1: Dr. Keys (stated, not authenticated)")
    reading = room.ask("GET", f"/v1/recordings/{kept['id']}/reading")
    assert (reading["text"], reading["authenticated"]) == ("just j, k and u: text", False)


def test_single_letters_can_be_switched_off_and_help_says_what_they_do(room, aecg):
    kept = room.keep(aecg())
    room.enter(kept["id"])
    page = room.page
    room.press("?")
    expect(page.locator("#keys")).to_contain_text("back to the worklist")
    page.uncheck("#letters")
    room.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    room.press("u", "?")
    expect(page.locator("#opened")).to_be_visible()
    expect(page.locator("#help")).to_be_hidden()
    page.click("#help-open")
    page.check("#letters")
    room.press("Escape")
    room.press("u")
    expect(page.locator("#list")).to_be_visible()


def test_an_earlier_ecg_stands_beside_the_present_one_with_what_differs(room, aecg):
    earlier = room.keep(aecg("normal", name="Twice^Tom", patient="P-77"))
    now = room.keep(aecg("wide_qrs", name="Twice^Tom", patient="P-77"))
    room.enter(now["id"])
    page = room.page
    page.locator("#before .earlier button").click()
    before = page.locator("#before")
    expect(before.locator("tr", has_text="QRS")).to_contain_text("+")
    expect(before.locator("tr.beyond").first).to_be_visible()
    assert page.url.endswith(f"#{now['id']}/{earlier['id']}")
    page.get_by_role("button", name="End comparison").click()
    expect(before.locator("table")).to_have_count(0)


def test_an_earlier_ecg_is_chosen_by_hand_and_an_id_given_by_hand_finds_it(room, aecg):
    other = room.keep(aecg("normal", name="By^Hand", patient="P-1"))
    now = room.keep(aecg("t_inversion", name="No^Id", patient="P-2"))
    room.enter(now["id"])
    page = room.page
    page.get_by_role("button", name="Choose from the worklist").click()
    page.locator("#grid [role=row]", has_text="By, Hand").click()
    expect(page.locator("#before")).to_contain_text("of different patients")
    page.click("#before details summary")
    page.fill("#before [name=id]", "P-1")
    page.fill("#before [name=issuer]", "SYNTHETIC")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator("#patient")).to_contain_text("P-1 (given by hand: local)")
    expect(page.locator("#before .earlier button[aria-pressed=true]")).to_have_count(1)
    assert other["id"] in page.url
