import pytest

from twelvelead.readers.units import units_per_millivolt


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252", "mac_roman", "shift_jis", "gb2312", "cp437"])
@pytest.mark.parametrize("sign", ["\u00b5", "\u03bc"])
def test_every_micro_sign(sign, encoding):
    try:
        written = f"{sign}V".encode(encoding)
    except UnicodeEncodeError:
        pytest.skip(f"{encoding} has no such sign")
    assert units_per_millivolt(written.decode("latin-1")) == 1000


@pytest.mark.parametrize(
    ("unit", "many"),
    [
        ("mV", 1),
        ("MV", 1),
        (" mv ", 1),
        ("millivolts", 1),
        ("uV", 1000),
        ("µV", 1000),
        ("mcV", 1000),
        ("uVolt", None),
        ("V", 0.001),
        ("nV", 1000000.0),
        ("mmHg", None),
        ("", None),
        ("kV", None),
        ("%", None),
        ("æ", None),
        ("bpm", None),
    ],
)
def test_units(unit, many):
    assert units_per_millivolt(unit) == many
