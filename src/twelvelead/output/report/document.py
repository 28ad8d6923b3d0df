"""A document as blocks, which HTML and Markdown draw each in its way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


class Marked(str):
    """A cell of a table that stands out."""


@dataclass(frozen=True)
class Heading:
    """Of a section."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Plain text; a `warning` stands out."""

    text: str
    kind: Literal["text", "warning", "note"] = "text"


@dataclass(frozen=True)
class Table:
    """Rows of text under a head; all columns but the first `names` hold numbers.

    Attributes:
        head: of the columns.
        rows: cells, as many as the head; one that is `Marked` stands out.
        caption: under the table.
        names: how many columns at the left hold words.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    names: int = 1


@dataclass(frozen=True)
class Picture:
    """A picture that travels with the document.

    Attributes:
        name: of its file, with suffix .svg or .png.
        content: of that file.
        alt: what it shows, for those who cannot see it.
        caption: under it.
    """

    name: str
    content: bytes
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Code:
    """Lines to be typed or compared, as they are."""

    text: str


Block = Heading | Paragraph | Table | Picture | Code


@dataclass(frozen=True)
class Document:
    """A title with a line under it, and what follows."""

    title: str
    subtitle: str
    blocks: Sequence[Block]
