import re
from html.parser import HTMLParser

from twelvelead.output.report.document import Code, Document, Heading, Marked, Paragraph, Picture, Table
from twelvelead.output.report.html import html
from twelvelead.output.report.markdown import markdown
from twelvelead.output.report.numbers import number, with_interval

NASTY = "a|b <script>alert('x')</script> & *c* [d](e) $f$"
EVERY_BLOCK = Document(
    f"title {NASTY}",
    "subtitle",
    [
        Heading(f"heading {NASTY}"),
        Paragraph(NASTY),
        Paragraph("mind this", "warning"),
        Paragraph("know this", "note"),
        Table(["name", "value"], [[NASTY, Marked("0.9")], ["plain", "0.8"]], f"caption {NASTY}"),
        Picture("roc.svg", b"<svg/>", f"alt {NASTY}", "caption"),
        Picture("ecg.png", b"\x89PNG", "an ECG"),
        Code("twelvelead evaluate <weights> | cat"),
    ],
)


class Seen(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.open, self.addresses, self.texts = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def parsed(page):
    seen = Seen()
    seen.feed(page)
    assert seen.open == []
    return seen


def test_html_is_well_formed_escaped_and_alone():
    page = html(EVERY_BLOCK)
    seen = parsed(page)
    assert "script" not in seen.tags
    assert NASTY in seen.texts
    assert seen.addresses
    assert all(address.startswith("data:image/") for address in seen.addresses)
    assert not re.search(r"https?:|@import|url\(", page)
    assert "@media print" in page


def test_html_marks_what_stands_out():
    page = html(EVERY_BLOCK)
    assert '<td class="marked">0.9</td>' in page
    assert "<td>0.8</td>" in page
    assert '<p class="warning">mind this</p>' in page


def test_markdown_has_the_same_and_names_its_pictures():
    text = markdown(EVERY_BLOCK, "pictures")
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "| a\\|b \\<script\\>" in text
    assert "| **0.9** |" in text
    assert "(pictures/roc.svg)" in text
    assert "(pictures/ecg.png)" in text
    assert "> **Warning.** mind this" in text
    assert "```\ntwelvelead evaluate <weights> | cat\n```" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3}


def test_numbers():
    assert number(None) == "undefined"
    assert number(-0.0001) == "0.000"
    assert number(-0.25) == "\u22120.250"
    assert with_interval(0.5, (0.4, 0.6), 2) == "0.50 [0.40, 0.60]"
    assert with_interval(0.5, None) == with_interval(0.5, (None, None)) == "0.500"
    assert with_interval(None, None) == "undefined"
