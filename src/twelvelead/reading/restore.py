"""A reading made from its JSON again: the words that were written, whatever would be written today."""

from collections.abc import Mapping
from typing import Any

from twelvelead.reading.compose import say_not_assessed
from twelvelead.reading.languages import load_texts
from twelvelead.reading.reading import Mark, Reading, Section, Sentence
from twelvelead.reading.rules import Held
from twelvelead.reading.urgency import Fired, Urgency


def restore(described: Mapping[str, Any]) -> Reading:
    """What `Reading.to_dict` was made from, to the digits that it keeps.

    Raises:
        TwelveLeadError: there are no texts in its language any more.
    """
    texts, urgency = load_texts(described["language"]), described["urgency"]
    conclusion = {key: value for key, value in described["conclusion"].items() if key != "level"}
    return Reading(
        language=described["language"],
        note=described["note"],
        sections=tuple(
            Section(each["name"], each["heading"], tuple(Sentence(**sentence) for sentence in each["sentences"]))
            for each in described["sections"]
        ),
        level=described["conclusion"]["level"],
        conclusion=Sentence(**conclusion),
        urgency=Urgency(
            urgency["level"],
            urgency["text"],
            tuple(Fired(**_held(each)) for each in urgency["rules"]),
            tuple(urgency["untested"]),
        ),
        cautions=tuple(Held(**_held(each)) for each in described["cautions"]),
        cautions_heading=texts.capital(texts("words", "cautions")),
        marks=tuple(Mark(**each) for each in described["marks"]),
        unsaid=described["unsaid"],
        not_assessed=described["not_assessed"],
        not_assessed_text=say_not_assessed(described["not_assessed"].values(), texts),
    )


def _held(described: Mapping[str, Any]) -> dict[str, Any]:
    return {**described, "sources": tuple(described["sources"])}
