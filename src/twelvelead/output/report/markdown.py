"""A document as Markdown, its pictures in files."""

from twelvelead.output.report.document import Block, Code, Document, Heading, Marked, Paragraph, Picture, Table


def markdown(document: Document, pictures: str) -> str:
    """The document, its pictures linked as files of the folder `pictures` beside it."""
    parts = [f"# {_text(document.title)}", _text(document.subtitle)]
    parts += [_block(block, pictures) for block in document.blocks]
    return "\n\n".join(parts) + "\n"


def _block(block: Block, pictures: str) -> str:
    match block:
        case Heading(text):
            return f"## {_text(text)}"
        case Paragraph(text, "text"):
            return _text(text)
        case Paragraph(text, kind):
            return f"> {'**Warning.** ' if kind == 'warning' else ''}{_text(text)}"
        case Code(text):
            return f"```\n{text}\n```"
        case Picture(name, _, alt, caption):
            return f"![{_text(alt)}]({pictures}/{name})" + (f"\n\n*{_text(caption)}*" if caption else "")
        case Table(head, rows, caption, names):
            rule = ["---"] * names + ["---:"] * (len(head) - names)
            lines = [_row([_text(cell) for cell in head]), _row(rule), *(_row([_cell(c) for c in row]) for row in rows)]
            return "\n".join(lines) + (f"\n\n*{_text(caption)}*" if caption else "")


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return f"**{_text(text)}**" if isinstance(text, Marked) and text else _text(text)


def _text(text: str) -> str:
    """Plain text, its characters that Markdown or HTML would take for its own made harmless."""
    for character in "\\`*_[]<>|#":
        text = text.replace(character, f"\\{character}")
    return text.replace("\n", " ")
