"""What a reader's program asks first."""

import pytest

from twelvelead.inference.interpretation import NOTICE
from twelvelead.weights.statements import load_statements


@pytest.fixture(scope="module")
def ward(client, key_of):
    return key_of(client, "ward of beginnings", "read")


def test_who_reads_is_told_with_the_languages(client, ward, problem):
    problem(client.get("/v1/me"), 401, "denied")
    assert client.get("/v1/me", headers=ward).json() == {
        "name": "ward of beginnings",
        "authenticated": True,
        "role": "read",
        "owner": "ward of beginnings",
        "language": "en",
        "languages": ["en", "de", "es"],
        "notice": NOTICE,
    }
    token = {"authorization": f"Bearer {client.app.state.core.callers.token}"}
    me = client.get("/v1/me", headers=token).json()
    assert (me["name"], me["authenticated"]) == ("local", False)


def test_what_a_reading_may_state_is_listed_once_each_in_every_language(client, ward, problem):
    lists = {
        code: client.get("/v1/statements", params={"language": code}, headers=ward).json()
        for code in ("en", "de", "es")
    }
    codes = [each["code"] for each in lists["en"]]
    assert codes[:5] == ["NORM", "MI", "STTC", "CD", "HYP"]
    assert set(codes) == {each.statement for each in load_statements()} | {"MI", "STTC", "CD", "HYP"}
    assert len(set(codes)) == len(codes)
    assert [each["code"] for each in lists["de"]] == codes
    names = {code: {each["code"]: each["name"] for each in listed} for code, listed in lists.items()}
    assert (names["en"]["AFIB"], names["de"]["AFIB"]) == ("atrial fibrillation", "Vorhofflimmern")
    assert all(name for listed in names.values() for name in listed.values())
    by_code = {each["code"]: each for each in lists["en"]}
    assert by_code["NORM"]["kinds"] == ["superclass", "diagnostic"]
    assert (by_code["IMI"]["superclass"], by_code["AFIB"]["kinds"]) == ("MI", ["rhythm"])
    assert by_code["AFIB"]["snomed"] == "164889003"
    problem(client.get("/v1/statements", params={"language": "xx"}, headers=ward), 400, "usage")
