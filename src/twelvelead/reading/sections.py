"""The sentences of each section."""

from collections.abc import Iterator, Sequence

from twelvelead.reading.facts import Facts, Level
from twelvelead.reading.languages import Texts
from twelvelead.reading.reading import Section, Sentence
from twelvelead.reading.resolve import Resolved
from twelvelead.reading.statements import CLASS_SECTIONS, MEASURED_WITH, SECTIONS, SITES

_SHOWN = ("pr_ms", "qrs_ms", "qt_ms", "qtc_bazett_ms", "qtc_fridericia_ms")
_RATE = "heart_rate_per_minute"

AXES = ((-90.0, "extreme"), (-30.0, "left"), (90.0, "normal"), (180.0, "right"))
"""(upper end in degrees, name), as Part III of the AHA/ACCF/HRS Recommendations (2009) names them for adults."""


class Writer:
    """Writes sentences of one interpretation in one language.

    Args:
        facts: of the interpretation.
        resolved: which statements are said.
        texts: of the language.
    """

    def __init__(self, facts: Facts, resolved: Resolved, texts: Texts) -> None:
        self.facts, self.resolved, self.texts = facts, resolved, texts

    def sections(self) -> tuple[Section, ...]:
        """Those that have something to say, in their order."""
        written = ((name, tuple(self._section(name))) for name in SECTIONS)
        return tuple(Section(name, self.texts("sections", name), sentences) for name, sentences in written if sentences)

    def _section(self, name: str) -> Iterator[Sentence]:
        said = [one for one in SECTIONS[name] if one in self.resolved.said]
        if name == "rhythm":
            yield from self._rhythm(said)
        elif name == "axis":
            yield from self._axis()
        elif name == "intervals":
            yield from self._intervals()
            yield from self._statements(said)
        else:
            yield from self._statements(said)
            for one in self.facts.classes:
                if CLASS_SECTIONS.get(one, "other") == name and one in self.facts.levels:
                    yield self._of_class(one)

    def _rhythm(self, said: Sequence[str]) -> Iterator[Sentence]:
        rate = self._value(_RATE)
        sentences = list(self._statements(said, rate))
        if sentences:
            yield from sentences
            return
        assessed = {
            one: self.facts.statements[one].probability for one in SECTIONS["rhythm"] if one in self.facts.statements
        }
        key = "not_determined" if assessed else "not_assessed"
        phrase = self.texts("rhythm", f"{key}_rate", rate=rate) if rate else self.texts("rhythm", key)
        yield Sentence(self.texts.sentence(phrase), None, assessed, {}, self._measured(_RATE))

    def _axis(self) -> Iterator[Sentence]:
        degrees = self.facts.measured.get("axis_degrees")
        if degrees is not None:
            name = next(name for end, name in AXES if degrees <= end or end == AXES[-1][0])
            phrase = self.texts("axis", name, value=self.texts.number(degrees))
            yield Sentence(self.texts.sentence(phrase), measurements=self._measured("axis_degrees"))

    def _intervals(self) -> Iterator[Sentence]:
        values = [value for name in _SHOWN if (value := self._value(name))]
        if values:
            yield Sentence(self.texts.sentence(", ".join(values)), measurements=self._measured(*_SHOWN))

    def _statements(self, said: Sequence[str], rate: str = "") -> Iterator[Sentence]:
        """One sentence for each, for the rivals among them, and for the sites of a family; the rate with the first."""
        done: set[str] = set()
        for name in said:
            if name in done:
                continue
            together = self._rivals_of(name, said) or self._family_of(name, said)
            done |= set(together)
            yield self._sentence(together, rate)
            rate = ""

    def _rivals_of(self, name: str, said: Sequence[str]) -> list[str]:
        """Of the same section, all that exclude it or one another; none where nothing does."""
        found, grew = {name}, True
        while grew:
            more = {one for one in said if any(frozenset({one, other}) in self.resolved.rivals for other in found)}
            grew, found = not more <= found, found | more
        if len(found) == 1:
            return []
        return sorted(filter(found.__contains__, said), key=lambda one: -self.facts.statements[one].probability)

    def _family_of(self, name: str, said: Sequence[str]) -> list[str]:
        """Of the same family, all that are said as surely: their sites are one sentence."""
        members = next((tuple(members) for members in SITES.values() if name in members), (name,))
        return [one for one in said if one in members and self.resolved.said[one] == self.resolved.said[name]]

    def _sentence(self, names: Sequence[str], rate: str) -> Sentence:
        texts, level = self.texts, self.resolved.said[names[0]]
        family = next((family for family, members in SITES.items() if all(name in members for name in names)), None)
        quantities: list[str] = []
        if family is not None:
            sites = texts.either([texts("sites", SITES[family][name]) for name in names])
            phrase = texts("families", family, sites=sites)
        elif len(names) > 1:
            phrases = texts.either([texts("statements", name) for name in names], "or")
            phrase = texts("words", "uncertain", phrases=phrases)
        else:
            phrase = texts("statements", names[0])
            measured_with = MEASURED_WITH.get(names[0], "")
            if level == "present" and (value := self._value(measured_with)):
                phrase = texts("words", "with_value", phrase=phrase, value=value)
                quantities.append(measured_with)
        if level == "uncertain" and (family is not None or len(names) == 1):
            phrase = texts("words", "possible", phrase=phrase)
        if rate:
            phrase = texts("words", "with_rate", phrase=phrase, rate=rate)
            quantities.append(_RATE)
        behind = [name for one in names for name in (one, *self.resolved.covered.get(one, ()))]
        probabilities = {name: self.facts.statements[name].probability for name in behind}
        return Sentence(texts.sentence(phrase), level, probabilities, {}, self._measured(*quantities))

    def _of_class(self, name: str) -> Sentence:
        """Where no statement of a class is said: with its probability where there are no statements at all."""
        level: Level = self.facts.levels[name]
        probability = self.facts.classes[name].probability
        phrase = self.texts("classes", name) if name in CLASS_SECTIONS else name
        key = "unspecified" if self.facts.statements else level
        text = self.texts("classes", key, phrase=phrase, probability=self.texts.probability(probability))
        return Sentence(self.texts.sentence(text), level, {}, {name: probability})

    def _value(self, quantity: str) -> str:
        """A measurement in words; "" where it was withheld."""
        value = self.facts.measured.get(quantity)
        return "" if value is None else self.texts("values", quantity, value=self.texts.number(value))

    def _measured(self, *quantities: str) -> dict[str, float]:
        return {name: self.facts.measured[name] for name in quantities if name in self.facts.measured}
