"""CSV as people have it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelead.ecg.leads import LEADS
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.readers import read
from twelvelead.readers.find import recordings

SAMPLES = 600
SIGNAL = np.round(np.random.default_rng(3).normal(0, 0.5, (SAMPLES, 12)), 3)
TIMES = np.arange(SAMPLES) / 500
STATED = {"sampling_rate": 500, "unit": "mV"}


def written(folder, rows, *, before=(), delimiter=",", encoding="utf-8", end="\n", comma=False, tail=""):
    """A file of rows of cells, below lines as they are."""

    def cell(value):
        text = value if isinstance(value, str) else f"{value:.3f}"
        return text.replace(".", ",") if comma and not isinstance(value, str) else text

    lines = [*before, *(delimiter.join(map(cell, row)) + tail for row in rows)]
    path = folder / "ecg.csv"
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


def with_time(heading="time (s)", times=TIMES, leads=None):
    return [[heading, *(leads or [f"{lead} (mV)" for lead in LEADS])], *np.column_stack([times, SIGNAL]).tolist()]


def check(path, **options):
    ecg = read(path, **options)
    assert (ecg.sampling_rate, ecg.leads) == (500, LEADS)
    np.testing.assert_allclose(ecg.signal, SIGNAL, atol=1e-6)
    return ecg


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("delimiter", "comma"), [(",", False), (";", False), (";", True), ("\t", True), ("|", False)])
def test_encodings_ends_and_delimiters(tmp_path, encoding, end, delimiter, comma):
    path = written(tmp_path, with_time(), delimiter=delimiter, comma=comma, encoding=encoding, end=end)
    check(path)
    assert recordings([tmp_path]).files == [path]


@pytest.mark.parametrize(
    "form", ["{}_mV", "{} (mV)", "{}/mV", "{} [mV]", "{}(mV)", "{} mV", "{}-mV", "{} in mV", "{}{{mV}}"]
)
@pytest.mark.parametrize(
    "heading", ["time (s)", "t_s", "Time/s", "seconds", "Time [sec]", "time in s", "Elapsed time (s)"]
)
def test_units_in_headings(tmp_path, form, heading):
    check(written(tmp_path, with_time(heading, leads=[form.format(lead) for lead in LEADS])))


@pytest.mark.parametrize("row", [["(seconds)", *["(mV)"] * 12], ["s", *["mV"] * 12], ["", *["mV"] * 12]])
@pytest.mark.parametrize("heading", ["time", "Elapsed time"])
def test_a_line_of_units(tmp_path, row, heading):
    rows = with_time(heading, leads=list(LEADS))
    check(written(tmp_path, [rows[0], row, *rows[1:]]))


def test_a_line_of_units_that_contradicts_the_heading(tmp_path):
    rows = with_time()
    with pytest.raises(Unreadable, match="column I is in mV and, by the line of units, in uV"):
        read(written(tmp_path, [rows[0], ["s", *["uV"] * 12], *rows[1:]]))


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;;"])
def test_a_line_that_names_the_delimiter(tmp_path, first):
    check(written(tmp_path, with_time(), before=[first], delimiter=";"))


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_lines_before_the_heading(tmp_path, delimiter):
    before = [
        "Device: X12, leads I, II and V1",
        "",
        "Age: 63 years;Sex: F",
        f"Sample Rate{delimiter}500 Hz",
        "Unit,mV",
        "---",
    ]
    rows = [list(LEADS), *SIGNAL.tolist()]
    ecg = check(written(tmp_path, rows, before=before, delimiter=delimiter))
    assert (ecg.age, ecg.sex) == (63, "female")
    with pytest.raises(Unreadable, match="a line above the heading states 500 Hz, not 250 Hz"):
        read(written(tmp_path, rows, before=before, delimiter=delimiter), sampling_rate=250)
    with pytest.raises(Unreadable, match="the time column gives 500 Hz, not 250 Hz"):
        read(written(tmp_path, with_time(), before=["fs = 250"]))


def test_commented_and_quoted_headings(tmp_path):
    rows = with_time()
    check(written(tmp_path, [[f'"{name}"' for name in rows[0]], *rows[1:]]))
    check(written(tmp_path, [["# " + rows[0][0], *rows[0][1:]], *rows[1:]]))
    quoted = [[f'"{value:.3f}"'.replace(".", ",") for value in row] for row in rows[1:]]
    check(written(tmp_path, [rows[0], *quoted]))


def test_a_comma_at_the_end_of_lines(tmp_path):
    rows = with_time()
    check(written(tmp_path, rows, tail=","))
    check(written(tmp_path, [[*rows[0], ""], *rows[1:]]))
    check(written(tmp_path, [rows[0], *([*row, ""] for row in rows[1:])]))
    check(written(tmp_path, [["", *rows[0]], *([str(number), *row] for number, row in enumerate(rows[1:]))]))


def test_blank_lines_at_the_end(tmp_path):
    check(written(tmp_path, [*with_time(), [""] * 13, [""]]))


@pytest.mark.parametrize("clock", ["{0:d}:{1:06.3f}", "00:{0:02d}:{1:06.3f}", "[10:{0:02d}:{1:06.3f} 01/02/2020]"])
def test_the_layout_of_physiobank_atm(tmp_path, clock):
    quote = "'{}'".format
    times = [quote(clock.format(int(59 + second) // 60, (59 + second) % 60)) for second in TIMES]
    rows = [[quote("Elapsed time"), *map(quote, LEADS)], [quote("hh:mm:ss.mmm"), *[quote("mV")] * 12]]
    rows += [[time, *values] for time, values in zip(times, SIGNAL.tolist(), strict=True)]
    rows[9][4] = "-"
    ecg = read(written(tmp_path, rows))
    assert (ecg.sampling_rate, len(ecg.signal)) == (500, SAMPLES)
    assert np.argwhere(np.isnan(ecg.signal)).tolist() == [[7, 3]]


def test_clock_over_midnight(tmp_path):
    start = 24 * 3600 - 0.5
    seconds = (start + TIMES) % (24 * 3600)
    times = [f"{int(at // 3600):02d}:{int(at // 60 % 60):02d}:{at % 60:06.3f}" for at in seconds]
    rows = [["time", *LEADS], *([time, *row] for time, row in zip(times, SIGNAL.tolist(), strict=True))]
    check(written(tmp_path, rows), unit="mV")


@pytest.mark.parametrize("heading", ["sample #", "sample", "index", ""])
def test_numbers_of_samples_are_no_time(tmp_path, heading):
    path = written(tmp_path, with_time(heading, np.arange(SAMPLES)))
    with pytest.raises(Unreadable, match="states no sampling rate"):
        read(path)
    check(path, sampling_rate=500)


UNITS = {"s": 1, "ms": 1e-3, "us": 1e-6, "min": 60, "h": 3600, "d": 86400}


@settings(deadline=None, max_examples=60)
@given(unit=st.sampled_from(sorted(UNITS)), rate=st.sampled_from([100, 128, 250, 257, 500, 1000, 5000]))
def test_the_rate_is_right_or_asked_for_whatever_the_unit(tmp_path_factory, unit, rate):
    folder = tmp_path_factory.mktemp("times")
    times = [f"{at:.12f}" for at in np.arange(SAMPLES) / rate / UNITS[unit]]
    rows = [[time, *row] for time, row in zip(times, SIGNAL.tolist(), strict=True)]
    leads = [f"{lead} (mV)" for lead in LEADS]
    assert read(written(folder, [[f"time ({unit})", *leads], *rows])).sampling_rate == pytest.approx(rate)
    bare = written(folder, [["time", *leads], *rows])
    try:
        assert read(bare).sampling_rate == pytest.approx(rate)
    except Unreadable as error:
        assert "--time-unit" in str(error)  # noqa: PT017
    for options in ({"time_unit": unit}, {"sampling_rate": rate}):
        ecg = read(bare, **options)
        assert (ecg.sampling_rate, ecg.findings) == (pytest.approx(rate), ())


@pytest.mark.parametrize("resolution", [0.005, 0.01, 0.02])
@pytest.mark.parametrize("rounding", [np.round, np.floor])
def test_rounded_times_need_the_rate(tmp_path, resolution, rounding):
    path = written(tmp_path, with_time(times=rounding(TIMES / resolution) * resolution))
    with pytest.raises(Unreadable, match=r"rounded to .*--sampling-rate"):
        read(path)
    check(path, sampling_rate=500)
    with pytest.raises(Unreadable, match="not 250 Hz"):
        read(path, sampling_rate=250)


def test_a_stated_rate_settles_times_that_say_nothing(tmp_path):
    for times in (np.zeros(SAMPLES), np.cumsum(np.arange(SAMPLES) % 7), np.full(SAMPLES, np.nan)):
        rows = with_time("time", times)
        if np.isnan(times).any():
            rows[1:] = [["", *row[1:]] for row in rows[1:]]
        path = written(tmp_path, rows)
        with pytest.raises(Unreadable, match="--sampling-rate 500"):
            read(path)
        (finding,) = check(path, sampling_rate=500).findings
        assert finding.code == "time-disagrees"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["time", *LEADS], ["0,1"] + ["0,5"] * 12], "decimal commas look like commas between columns"),
        ([[*LEADS], ["1.5"] * 11 + ["1e999"]], "sample 1 of column V6 is infinite"),
        ([[*LEADS], ["1.5"] * 11 + ["1_0"]], "'1_0' is not a number"),
        ([["time (weeks)", *LEADS], *np.zeros((3, 13)).tolist()], "the time column is in 'weeks'"),
    ],
)
def test_faults(tmp_path, rows, message):
    with pytest.raises(Unreadable, match=message):
        read(written(tmp_path, rows), **STATED)


def test_points_and_commas_in_one_file(tmp_path):
    rows = [list(LEADS), ["1.234"] * 12, ["1,234"] * 12]
    with pytest.raises(Unreadable, match="some numbers have a decimal point and others a decimal comma"):
        read(written(tmp_path, rows, delimiter=";"), **STATED)


def test_an_unknown_unit_of_time(tmp_path):
    with pytest.raises(Unreadable, match="'fortnight' is no unit of time; give one of s, ms"):
        read(written(tmp_path, with_time("time")), time_unit="fortnight")
    with pytest.raises(Unreadable, match="the time column is in s, not ms"):
        read(written(tmp_path, with_time()), time_unit="ms")


def test_a_lead_stored_twice_is_refused(tmp_path):
    for extra in ("I (mV)", "Lead I (mV)"):
        rows = [[*row, extra if number == 0 else 0.5] for number, row in enumerate(with_time())]
        with pytest.raises(Unreadable, match="lead I is stored more than once"):
            read(written(tmp_path, rows))


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_behind_a_heading_end_in_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "ecg.csv"
    path.write_bytes(",".join(LEADS).encode() + b"\n" + content)
    try:
        assert not np.isinf(read(path, **STATED).signal).any()
    except TwelveLeadError as error:
        assert "truncated or damaged (" not in str(error)  # noqa: PT017
