"""The table of statements says what is assessed, and how well, and names what is not."""

from twelvelead.output.contract_text import whole
from twelvelead.output.statement_rows import HEADINGS, rule, statement_rows
from twelvelead.weights import Contract, find
from twelvelead.weights.statements import load_statements


def test_every_statement_has_a_row_and_those_too_rare_say_so():
    head = Contract.load(find("single")).statements
    assert head is not None
    rows = {row[0]: row for row in statement_rows(head)}
    assert list(rows) == [each.statement for each in load_statements()]
    assert {len(row) for row in rows.values()} == {len(HEADINGS)}
    for name, assessed in zip(head.classes, head.assessed, strict=True):
        assert (rows[name][4] == "not assessed") is not assessed
    column = head.classes.index("AFIB")
    value, low, high = head.auroc[column]
    assert rows["AFIB"][4] == f"{value:.3f} ({low:.3f}-{high:.3f})"
    assert rows["AFIB"][1] == "atrial fibrillation"
    assert not head.assessed[head.classes.index("3AVB")]
    assert "fewer than 50 positives in training or 10 in validation" in rule(head)


def test_what_is_assessed_is_what_the_contract_asks_for():
    head = Contract.load(find("single")).statements
    assert head is not None
    for column, assessed in enumerate(head.assessed):
        seen, chose = (head.positives[part][column] for part in ("training", "validation"))
        assert assessed is (seen >= 50 and chose >= 10)


def test_the_whole_contract_shows_them(capsys):
    from rich.console import Console

    Console(width=200).print(whole("single"))
    said = capsys.readouterr().out
    assert "not assessed" in said
    assert "high-pass inside" in said
    Console(width=200).print(whole("reference"))
    assert "not assessed" not in capsys.readouterr().out
