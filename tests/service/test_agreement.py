"""Readers against model: what is counted, against which answer, and whose."""

PLACE = "/v1/recordings"


def test_newest_signed_readings_are_counted_against_the_answer_by_class_and_statement(kept, key_of, aecg, problem):
    ward = key_of(kept, "ward 3")
    problem(kept.get("/v1/agreement"), 401, "denied")
    assert kept.get("/v1/agreement", headers=ward).json() == {
        "recordings": 0,
        "patients": 0,
        "without_a_code": 0,
        "statements": [],
    }
    present = []
    for seed, codes, signed in (
        (1, ["IMI", "SR"], True),
        (2, ["NORM"], True),
        (3, ["NORM"], False),
        (4, [], True),
    ):
        recording = kept.post(PLACE, content=aecg(seed=seed, patient=f"P{seed}"), headers=ward).json()["id"]
        body = {"statements": [{"code": code} for code in codes], "text": "x", "signed": signed}
        kept.put(f"{PLACE}/{recording}/reading", json=body, headers=ward | {"if-match": '"0"'})
        if codes and signed:
            answer = kept.get(f"{PLACE}/{recording}/interpretation", headers=ward).json()
            present.append({**answer["statements"], **answer["classes"]})
    found = kept.get("/v1/agreement", headers=ward).json()
    assert (found["recordings"], found["patients"], found["without_a_code"]) == (2, 2, 1)
    by_code = {each["code"]: each for each in found["statements"]}
    assert set(by_code) == set(present[0])
    for code, stated in (
        ("MI", [True, False]),
        ("NORM", [False, True]),
        ("SR", [True, False]),
        ("AFIB", [False, False]),
    ):
        model = [each[code]["present"] for each in present]
        each = by_code[code]
        pairs = list(zip(model, stated, strict=True))
        expected = [pairs.count(pair) for pair in ((True, True), (True, False), (False, True), (False, False))]
        assert [each[name] for name in ("both", "model_only", "reader_only", "neither")] == expected
        assert each["low"] is each["high"] is None
    assert kept.get("/v1/agreement", headers=key_of(kept, "elsewhere")).json()["recordings"] == 0


def test_the_answer_that_counts_is_the_one_that_was_there_at_the_signature(running, key_of, aecg, tmp_path):
    with running(store=tmp_path / "store") as first:
        ward = key_of(first, "ward 3")
        recording = first.post(PLACE, content=aecg(), headers=ward).json()["id"]
        body = {"statements": [{"code": "NORM"}], "signed": True}
        first.put(f"{PLACE}/{recording}/reading", json=body, headers=ward | {"if-match": '"0"'})
        before = first.get("/v1/agreement", headers=ward).json()
    with running(store=tmp_path / "store", weights=("reference",)) as second:
        again = second.post(PLACE, content=aecg(), headers=ward).json()
        assert (again["id"], again["answer_version"]) == (recording, 2)
        assert second.get("/v1/agreement", headers=ward).json() == before
