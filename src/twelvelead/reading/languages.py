"""The texts of a reading, one file per language in `texts/`."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from twelvelead.errors import TwelveLeadError
from twelvelead.inference.shown import show_probability

FOLDER = Path(__file__).parent / "texts"
ENGLISH = "en"


@dataclass(frozen=True)
class Texts:
    """Texts of one language.

    Attributes:
        language: its code, such as "de".
        table: of the file: section -> key -> text, in which {placeholders} stand.
    """

    language: str
    table: Mapping[str, Mapping[str, str]]

    def __call__(self, section: str, key: str, **values: str) -> str:
        """A text with its placeholders filled."""
        return self.table[section][key].format(**values)

    @property
    def note(self) -> str:
        """What a reader has to know of these texts; "" for English."""
        return self("language", "note")

    def either(self, phrases: Sequence[str], word: str = "and") -> str:
        """ "A", "A and B" or "A, B and C"; with the word "or" alike."""
        *most, last = phrases
        return f"{', '.join(most)} {self('words', word)} {last}" if most else last

    def number(self, value: float, digits: int = 0) -> str:
        """As the language writes it."""
        return f"{value:.{digits}f}".replace(".", self("words", "decimal"))

    def probability(self, value: float) -> str:
        """Two digits, but never 0 or 1, which no probability means."""
        return show_probability(value).replace(".", self("words", "decimal"))

    def sentence(self, phrase: str) -> str:
        """With a capital at the beginning and a full stop at the end."""
        return f"{self.capital(phrase)}."

    def capital(self, phrase: str) -> str:
        """With a capital at the beginning."""
        return f"{phrase[:1].upper()}{phrase[1:]}"


def languages() -> tuple[str, ...]:
    """Codes of those that have texts, English first."""
    found = sorted(path.stem for path in FOLDER.glob("*.toml"))
    return tuple(sorted(found, key=lambda code: code != ENGLISH))


@cache
def load_texts(language: str) -> Texts:
    """The texts of a language.

    Raises:
        TwelveLeadError: there are none; it names those there are.
    """
    if language not in languages():
        raise TwelveLeadError(f"no texts in the language {language}; choose one of {', '.join(languages())}")
    with (FOLDER / f"{language}.toml").open("rb") as stream:
        table: dict[str, Any] = tomllib.load(stream)
    return Texts(language, table)
