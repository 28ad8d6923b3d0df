"""Web attacks, in small form: each gets a clear refusal."""

import re

import pytest

PLACE = "/v1/interpretations"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "", "localhost@evil.example", "[::1", "a:b"]
)
def test_another_name_is_turned_away_as_after_dns_rebinding(client, problem, host):
    problem(client.get("/v1/models", headers={"host": host}), 421, "denied")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8765", "127.0.0.1:1", "[::1]:8765"])
def test_the_loopback_has_its_names(client, host):
    assert client.get("/v1/models", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "https://127.0.0.1:8765"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://127.0.0.1:8765", "sec-fetch-site": "cross-site"},
    ],
)
def test_another_sites_request_is_turned_away(client, problem, ecg, asked, headers):
    problem(client.post(PLACE, params=asked, content=ecg, headers=headers), 403, "denied")


@pytest.mark.parametrize("headers", [{"origin": "http://127.0.0.1:8765", "sec-fetch-site": "same-origin"}, {}])
def test_the_own_page_and_programs_come_in(client, ecg, asked, headers):
    assert client.post(PLACE, params=asked, content=ecg, headers=headers).status_code == 200


def test_no_other_site_may_read_an_answer(client, ecg, asked):
    preflight = client.options(
        PLACE, headers={"origin": "https://evil.example", "access-control-request-method": "POST"}
    )
    answers = [preflight, client.get("/v1/models", headers={"origin": "https://evil.example"})]
    assert not any(name.startswith("access-control") for answer in answers for name in answer.headers)


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_run_no_script_of_others_and_none_in_line(client, path):
    response = client.get(path)
    assert response.headers["content-type"].startswith("text/html")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script(?![^>]*\bsrc=)", response.text) == []
    assert re.findall(r"\bon\w+\s*=|javascript:|https?://|<style|\bstyle=", response.text) == []
    sources = re.findall(r'(?:src|href)="(/page/[^"]+)"', response.text)
    assert sources
    for source in sources:
        found = client.get(source)
        assert (found.status_code, found.headers["x-content-type-options"]) == (200, "nosniff")
        text = found.text.replace('xmlns="http://www.w3.org/2000/svg"', "")  # a name, which nothing asks for
        assert not re.search(r"https?://|innerHTML|eval\(|document\.write", text)


@pytest.mark.parametrize("path", ["/page/../app.py", "/page/%2e%2e/app.py", "/page//etc/passwd", "/page/..%5capp.py"])
def test_no_path_leads_out_of_the_pages(client, path):
    assert client.get(path).status_code == 404


def test_a_patients_name_is_no_script_in_a_picture(client, running, ecg, tmp_path):
    script = "<script>alert(1)</script>"
    muse = f"<RestingECG><PatientDemographics><PatientLastName>{script.replace('<', '&lt;')}</PatientLastName>"
    response = client.post(PLACE, content=muse.encode(), headers={"accept": "image/svg+xml"})
    assert script not in response.text


def test_a_name_of_a_file_reaches_no_header(client, ecg, asked):
    name = 'a"\r\nSet-Cookie: x=1\r\n.npy'
    response = client.post(PLACE, params=asked | {"filename": name}, content=ecg, headers={"accept": "image/png"})
    assert response.status_code == 200
    assert "set-cookie" not in response.headers
    assert re.fullmatch(r'inline; filename="ecg-[0-9a-f]{12}\.png"', response.headers["content-disposition"])


def test_every_answer_has_the_headers_of_safety(client):
    for path in ("/", "/v1/models", "/health/live", "/nothing", "/openapi.json"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "default-src 'none'" in headers["content-security-policy"]
