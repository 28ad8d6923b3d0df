"""The page's files as a browser gets them, and that the browser's watch sees what it is for."""

import pytest


def test_the_launch_address_opens_the_page_without_its_token(page, served):
    page.goto(served.launch)
    assert page.url == f"{served.address}/"
    assert page.evaluate("async () => (await fetch('/v1/session')).status") == 200


def test_a_file_that_has_not_changed_is_not_sent_again(page, served):
    page.goto(served.launch)
    first = page.request.get("/page/style.css")
    tag = first.headers["etag"]
    assert first.headers["content-type"].startswith("text/css")
    again = page.request.get("/page/style.css", headers={"If-None-Match": tag})
    assert (again.status, again.body(), again.headers["etag"]) == (304, b"", tag)
    assert page.request.get("/page/style.css", headers={"If-None-Match": '"another"'}).status == 200


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("console.error('broken')", "console: broken"),
        ("setTimeout(() => { throw new Error('lost'); })", "script: lost"),
        ("fetch('https://192.0.2.1/').catch(() => {})", "console: Connecting to 'https://192.0.2.1/' violates"),
        ("window.open('http://127.0.0.2:9/')", "request: http://127.0.0.2:9/"),
        ("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">')", "console: Applying inline style"),
    ],
)
def test_the_watch_sees_faults(page, served, faults, script, said):
    page.goto(served.launch)
    page.evaluate(script)
    page.wait_for_timeout(300)
    assert any(fault.startswith(said) for fault in faults), faults
    faults.clear()
