"""What a reading may hold, hostile ones, and a signed one that is corrected."""

import zlib

import pytest

PLACE = "/v1/recordings"


@pytest.fixture
def place(kept, ward, aecg, request):
    """Where the reading of a new recording is."""
    seed = zlib.crc32(request.node.name.encode()) % 10_000
    return f"{PLACE}/{kept.post(PLACE, content=aecg(seed=seed), headers=ward).json()['id']}/reading"


@pytest.fixture
def put(kept, ward, place):
    """put(body, after) -> the response to a version of the reading."""
    return lambda body, after=0: kept.put(place, json=body, headers=ward | {"if-match": f'"{after}"'})


def test_a_reading_of_codes_remarks_free_words_and_moved_marks_comes_out_as_it_went_in(put, kept, ward, place):
    answer = kept.get(place.replace("/reading", "/interpretation"), headers=ward).json()
    said = {
        "statements": [
            {"code": "AFIB", "name": "Vorhofflimmern", "text": "intermittent"},
            {"code": "MI"},
            {"text": "U waves"},
        ],
        "text": "As in 2019.\nNo change.",
        "measurements": answer["measurements"] | {"pr_ms": 201.5, "moved": True},
    }
    assert put(said).status_code == 200
    found = kept.get(place, headers=ward).json()
    assert {name: found[name] for name in said} == said
    assert (found["signed"], found["author"], found["authenticated"]) == (False, "ward 3", True)


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"name": "atrial fibrillation"},
        {"code": "afib"},
        {"code": "=cmd()"},
        {"code": "AFIB", "more": 1},
        {"code": "A" * 200},
        {"text": ""},
        {"text": "x" * 3000},
        "AFIB",
        None,
    ],
)
def test_a_statement_that_is_none_is_a_problem(put, problem, statement):
    problem(put({"statements": [statement]}), 400, "usage")


@pytest.mark.parametrize(
    "body",
    [
        {"statements": [{"code": "AFIB"}, {"code": "AFIB"}]},
        {"statements": [{"text": "x"}] * 201},
        {"statements": [], "measurements": {"pr_ms": -1}},
        {"statements": [], "measurements": {"pr_ms": "160"} | {"<script>": 1}},
        {"statements": [], "measurements": {"withheld": {str(number): "x" for number in range(100)}}},
        {"statements": [], "measurements": {"beat_times_s": [0.0] * 2000}},
        {"statements": [], "measurements": [1]},
        {"statements": [], "author": " Dr X"},
        {"statements": [], "author": "Dr\nX"},
        {"statements": [], "version": 7},
        {"statements": [], "authenticated": True},
    ],
)
def test_what_no_reading_may_hold_is_a_problem_and_nothing_is_kept(put, problem, kept, ward, place, body):
    problem(put(body), 400, "usage")
    problem(kept.get(place, headers=ward), 404, "no-resource")


def test_a_number_that_is_none_is_a_problem(kept, ward, place, problem):
    headers = ward | {"if-match": '"0"', "content-type": "application/json"}
    body = b'{"statements": [], "measurements": {"pr_ms": NaN}}'
    problem(kept.put(place, content=body, headers=headers), 400, "usage")


def test_a_signed_reading_is_followed_by_a_corrected_one_and_both_stay(put, kept, ward, place):
    signed = {"statements": [{"code": "NORM"}], "text": "Normal.", "signed": True}
    assert put(signed).json()["signed"] is True
    assert put({"statements": [{"code": "IMI"}], "text": "Q in III, aVF."}, 1).json()["signed"] is False
    recording = place.removesuffix("/reading")
    assert kept.get(recording, headers=ward).json()["signed"] is None  # its latest version is a draft
    assert put({"statements": [{"code": "IMI"}], "text": "Q in III, aVF.", "signed": True}, 2).status_code == 200
    versions = kept.get(f"{place}s", headers=ward).json()
    assert [(each["version"], each["signed"], each["text"]) for each in versions] == [
        (1, True, "Normal."),
        (2, False, "Q in III, aVF."),
        (3, True, "Q in III, aVF."),
    ]
    assert kept.get(recording, headers=ward).json()["signed_by"] == "ward 3"


def test_without_a_login_the_name_is_kept_as_stated(kept, aecg):
    token = {"authorization": f"Bearer {kept.app.state.core.callers.token}"}
    recording = kept.post(PLACE, content=aecg(seed=77), headers=token).json()["id"]
    body = {"statements": [], "text": "Normal.", "signed": True, "author": "Dr. J. Müller-O'Neil"}
    found = kept.put(f"{PLACE}/{recording}/reading", json=body, headers=token | {"if-match": '"0"'}).json()
    assert (found["author"], found["authenticated"]) == ("Dr. J. Müller-O'Neil", False)
