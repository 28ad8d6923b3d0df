"""A reading comes out of its JSON as it went in, in every language."""

import json

import pytest

from twelvelead.errors import Refused
from twelvelead.reading.compose import compose, compose_refused
from twelvelead.reading.languages import languages
from twelvelead.reading.restore import restore


@pytest.mark.parametrize("language", languages())
def test_what_was_restored_is_what_it_was_restored_from(answer, language):
    said = [
        compose(answer(["SR"]), language),
        compose(answer(["3AVB", "CLBBB", "IMI"], ["AFIB"], classes={"NORM": 0.9}), language),
        compose(answer(classes={"MI": 0.82}, statements=False), language),
        compose_refused(Refused("a.csv: flat"), language),
    ]
    assert any(reading.marks for reading in said)
    assert any(reading.cautions and reading.urgency.rules for reading in said)
    for reading in said:
        restored = restore(json.loads(json.dumps(reading.to_dict())))
        assert restored.to_dict() == reading.to_dict()
        assert (restored.text, restored.cautions_heading) == (
            reading.text,
            reading.cautions_heading or restored.cautions_heading,
        )
        assert restored.not_assessed_text == reading.not_assessed_text
