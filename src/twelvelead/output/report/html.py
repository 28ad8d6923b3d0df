"""A document as one HTML page that needs no network and no script."""

from base64 import b64encode
from html import escape
from pathlib import Path

from twelvelead.output.report.document import Block, Code, Document, Heading, Marked, Paragraph, Picture, Table

_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


def html(document: Document) -> str:
    """The whole page, its pictures inside."""
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    body = "\n".join(_block(block) for block in document.blocks)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(document.title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escape(document.title)}</h1>\n<p class="subtitle">{escape(document.subtitle)}</p>\n'
        f"{body}\n</main>\n</body>\n</html>\n"
    )


def _block(block: Block) -> str:
    match block:
        case Heading(text):
            return f"<h2>{escape(text)}</h2>"
        case Paragraph(text, "text"):
            return f"<p>{escape(text)}</p>"
        case Paragraph(text, kind):
            return f'<p class="{kind}">{escape(text)}</p>'
        case Code(text):
            return f"<pre>{escape(text)}</pre>"
        case Picture(name, content, alt, caption):
            source = f"data:{_TYPES[name.rpartition('.')[2]]};base64,{b64encode(content).decode()}"
            below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
            return f'<figure><img alt="{escape(alt)}" src="{source}">{below}</figure>'
        case Table():
            return _table(block)


def _table(table: Table) -> str:
    head = "".join(_cell("th", text, column < table.names, ' scope="col"') for column, text in enumerate(table.head))
    rows = "\n".join(
        "<tr>"
        + "".join(
            _cell("td" if column else "th", text, column < table.names, "" if column else ' scope="row"')
            for column, text in enumerate(row)
        )
        + "</tr>"
        for row in table.rows
    )
    caption = f'<p class="caption">{escape(table.caption)}</p>' if table.caption else ""
    return (
        f'<div class="table"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>{caption}</div>'
    )


def _cell(tag: str, text: str, word: bool, how: str) -> str:
    classes = " ".join(name for name, there in (("word", word), ("marked", isinstance(text, Marked))) if there)
    return f"<{tag}{how}{f' class={chr(34)}{classes}{chr(34)}' if classes else ''}>{escape(text)}</{tag}>"
