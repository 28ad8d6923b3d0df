"""A reading: sentences with what they rest on, a conclusion, cautions, marks, urgency."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from twelvelead.reading.facts import Level
from twelvelead.reading.rules import Held
from twelvelead.reading.sources import SOURCES
from twelvelead.reading.urgency import Urgency

ConclusionLevel = Literal["normal", "borderline", "abnormal", "not readable"]


@dataclass(frozen=True)
class Sentence:
    """One sentence.

    Attributes:
        text: as a cardiologist writes it.
        decision: "present" or "uncertain", of what it rests on; None where it only measures, or says that something is
            not determined.
        statements: acronym -> probability, of the statements that it rests on.
        classes: name -> probability, of the classes that it rests on.
        measurements: quantity -> value, of `twelvelead.ecg.measure.QUANTITIES`.
    """

    text: str
    decision: Level | None = None
    statements: Mapping[str, float] = field(default_factory=dict)
    classes: Mapping[str, float] = field(default_factory=dict)
    measurements: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON holds them."""
        return {
            "text": self.text,
            "decision": self.decision,
            "statements": {name: round(value, 6) for name, value in self.statements.items()},
            "classes": {name: round(value, 6) for name, value in self.classes.items()},
            "measurements": {name: round(value, 1) for name, value in self.measurements.items()},
        }


@dataclass(frozen=True)
class Section:
    """Sentences on one subject.

    Attributes:
        name: one of `twelvelead.reading.statements.SECTIONS`.
        heading: in the language.
        sentences: at least one.
    """

    name: str
    heading: str
    sentences: tuple[Sentence, ...]

    @property
    def text(self) -> str:
        """Its sentences."""
        return " ".join(sentence.text for sentence in self.sentences)


@dataclass(frozen=True)
class Mark:
    """A superclass that contradicts the statements.

    Attributes:
        superclass: of PTB-XL.
        decision: what is said of it.
        probability: of it, which is not changed.
        id: "statement-without-class", "normal-with-abnormal" or "class-without-statement".
        statements: acronym -> probability, of those that it contradicts.
        text: all this as a sentence.
    """

    superclass: str
    decision: str
    probability: float
    id: str
    statements: Mapping[str, float]
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON holds them."""
        return {
            "superclass": self.superclass,
            "decision": self.decision,
            "probability": round(self.probability, 6),
            "id": self.id,
            "statements": {name: round(value, 6) for name, value in self.statements.items()},
            "text": self.text,
        }


@dataclass(frozen=True)
class Reading:
    """What a recording shows, in words.

    Attributes:
        language: of the texts.
        note: what a reader has to know of these texts; "" for English.
        sections: in the order of `twelvelead.reading.statements.SECTIONS`; those without a sentence are left out.
        level: "normal", "borderline", "abnormal" or "not readable".
        conclusion: the level as a sentence, with what it rests on.
        cautions: in the order of `twelvelead.reading.cautions.RULES`.
        cautions_heading: what stands over them.
        marks: superclasses that contradict the statements.
        urgency: of the whole.
        unsaid: statement that is possible or present, but has no sentence -> the statement that excludes it.
        not_assessed: acronym -> name, of the statements of which the weights cannot tell.
        not_assessed_text: the same as a sentence; "" where there are none.
    """

    language: str
    note: str
    sections: tuple[Section, ...]
    level: ConclusionLevel
    conclusion: Sentence
    urgency: Urgency
    cautions: tuple[Held, ...] = ()
    cautions_heading: str = ""
    marks: tuple[Mark, ...] = ()
    unsaid: Mapping[str, str] = field(default_factory=dict)
    not_assessed: Mapping[str, str] = field(default_factory=dict)
    not_assessed_text: str = ""

    @property
    def findings(self) -> str:
        """All sentences before the conclusion."""
        return " ".join(section.text for section in self.sections)

    @property
    def text(self) -> str:
        """The reading as one paragraph, with its conclusion, urgency and cautions."""
        cautions = (caution.text for caution in self.cautions)
        return " ".join(filter(None, (self.findings, self.conclusion.text, self.urgency.text, *cautions)))

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON holds them."""
        cited = {key for held in (*self.cautions, *self.urgency.rules) for key in held.sources}
        return {
            "language": self.language,
            "note": self.note,
            "text": self.text,
            "sections": [
                {
                    "name": section.name,
                    "heading": section.heading,
                    "sentences": [sentence.to_dict() for sentence in section.sentences],
                }
                for section in self.sections
            ],
            "conclusion": {"level": self.level, **self.conclusion.to_dict()},
            "urgency": self.urgency.to_dict(),
            "cautions": [caution.to_dict() for caution in self.cautions],
            "marks": [mark.to_dict() for mark in self.marks],
            "unsaid": dict(self.unsaid),
            "not_assessed": dict(self.not_assessed),
            "sources": {key: {"title": title, "doi": doi} for key, (title, doi) in SOURCES.items() if key in cited},
        }
