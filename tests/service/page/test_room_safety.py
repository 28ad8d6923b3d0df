"""What a hostile page or a hostile file gets from the reading room: nothing."""

import threading
from html import escape
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

SCRIPT = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"

ATTACK = """<!doctype html><title>hostile</title>
<iframe id="frame" src="{room}/"></iframe>
<img id="image" src="{room}/v1/recordings/{id}/signal">
<img id="icon" src="{room}/page/icon.svg">
<form id="form" method="post" enctype="text/plain" action="{room}/v1/recordings" target="sink">
<input name="x" value="y"></form><iframe name="sink"></iframe>
<script src="{room}/v1/recordings" onload="got.push('script')"></script>
<script>
window.got = [];
window.tried = (async () => {
  const tries = {
    read: () => fetch("{room}/v1/recordings", { credentials: "include" }).then((answer) => answer.text()),
    write: () => fetch("{room}/v1/recordings/{id}/seen", { method: "PUT", credentials: "include" }),
    log_out: () => fetch("{room}/v1/session", { method: "DELETE", credentials: "include" }),
    send: () => fetch("{room}/v1/recordings", {
      method: "POST", mode: "no-cors", credentials: "include", body: "hostile" }),
  };
  for (const [name, act] of Object.entries(tries)) {
    try {
      const answer = await act();
      if (typeof answer === "string" || answer.type !== "opaque") got.push(name);
    } catch {}
  }
  document.getElementById("form").submit();
  const opened = window.open("{room}/");
  await new Promise((done) => setTimeout(done, 500));
  try {
    if (opened && opened.document.body) got.push("window");
  } catch {}
  try {
    if (document.getElementById("frame").contentDocument?.getElementById("grid")) got.push("frame");
  } catch {}
  for (const id of ["image", "icon"]) if (document.getElementById(id).naturalWidth > 0) got.push(id);
  return got;
})();
</script>"""


@pytest.fixture
def hostile():
    """hostile(content) -> the address of a page on another port of this machine, which counts as the same site, so
    that cookies go with what it asks."""
    servers = []

    def serve(content):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(content.encode())

            def log_message(self, *arguments):
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_hostile_page_in_another_tab_gets_and_changes_nothing(room, aecg, hostile, faults):
    kept = room.keep(aecg(name="Secret^Sue"))
    room.enter()
    before = room.ask("GET", "/v1/recordings")["total"]
    assert any(cookie["name"].startswith("twelvelead") for cookie in room.page.context.cookies())
    attack = ATTACK.replace("{room}", room.served.address).replace("{id}", kept["id"])
    tab = room.page.context.new_page()
    answers = []
    tab.on("response", lambda answer: answers.append((answer.request.method, answer.url, answer.status)))
    tab.goto(hostile(attack))
    assert tab.evaluate("tried") == []
    assert tab.frame_locator("#frame").locator("#grid").count() == 0
    changing = [status for method, url, status in answers if method != "GET" and url.startswith(room.served.address)]
    assert changing
    assert set(changing) <= {403, 405}
    assert room.ask("GET", "/v1/recordings")["total"] == before
    assert room.ask("GET", f"/v1/recordings/{kept['id']}")["seen"] is False
    assert room.page.evaluate("async () => (await fetch('/v1/session')).status") == 200
    faults.clear()


def test_script_in_a_file_or_in_a_reading_stays_text(room, aecg):
    kept = room.keep(aecg("t_inversion", name=escape(SCRIPT), patient=escape(SCRIPT)))
    room.enter()
    page = room.page
    expect(page.locator("#grid")).to_contain_text("<script>")
    page.goto(f"/#{kept['id']}")
    expect(page.locator("#patient")).to_contain_text("<img src=x")
    page.fill("#text", SCRIPT)
    page.click("#sign-open")
    expect(page.locator("#sign-text")).to_contain_text(SCRIPT)
    page.fill("#sign-name", "Dr. <b>Bold</b>")
    page.keyboard.press("Enter")
    expect(page.locator("#mine-state")).to_contain_text("Dr. <b>Bold</b>")
    page.click("#versions summary")
    expect(page.locator("#versions")).to_contain_text(SCRIPT)
    assert page.title() == "twelvelead"
    assert page.locator("img, script:not([src])").count() == 0


def test_no_patient_stands_in_an_address_a_title_or_the_browsers_store(room, aecg, faults):
    kept = room.keep(aecg(name="Private^Paul", patient="P-4711"))
    addresses = []
    room.page.on("request", lambda asked: addresses.append(asked.url))
    room.enter(kept["id"])
    room.page.fill("#text", "for his eyes")
    room.page.reload()
    expect(room.page.locator("#text")).to_have_value("for his eyes")
    seen = " ".join([*addresses, room.page.title(), room.page.url])
    kept_here = room.page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    for word in ("Private", "Paul", "P-4711"):
        assert word not in seen
        assert word not in kept_here
    assert "for his eyes" in kept_here
    room.page.click("#log-out")
    expect(room.page.locator("#login")).to_be_visible()
    assert "for his eyes" not in room.page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    faults[:] = [fault for fault in faults if "status of 401" not in fault]


def test_what_is_said_of_one_ecg_never_stands_beside_another(room, aecg, faults):
    room.enter(room.keep(aecg("high_voltage", name="First^Ferry"))["id"])
    page = room.page
    page.goto("/#00000000-0000-4000-8000-000000000000")
    expect(page.locator("#patient")).to_have_text("This ECG could not be opened")
    for part in ("#words", "#mine", "#pdf"):
        expect(page.locator(part)).to_be_hidden()
    page.keyboard.press("s")
    expect(page.locator("#sign")).to_be_hidden()
    page.keyboard.press("u")
    page.locator("#grid [role=row]", has_text="First, Ferry").click()
    expect(page.locator("#words")).to_be_visible()
    faults[:] = [fault for fault in faults if "status of 404" not in fault]
