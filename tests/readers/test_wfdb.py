"""The direct WFDB reader against wfdb, and every fault that a record can have."""

import string
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelead.ecg.leads import LEADS, canonical_lead
from twelvelead.errors import Refused, Unreadable
from twelvelead.readers import read, wfdb_header
from twelvelead.readers.patient import from_words
from twelvelead.readers.recording import BadFile
from twelvelead.readers.wfdb import read_digital, read_header
from twelvelead.readers.wfdb_header import parse_header, parse_known

PER_MV = {"mV": 1.0, "uV": 1e3, "V": 1e-3, "MV": 1.0, "UV": 1e3}
DRAWS = settings(max_examples=40, deadline=None)


@st.composite
def records(draw):
    """Digital samples with all that a header says of them, in any lead order, with signals that are no ECG leads."""
    leads = list(draw(st.permutations(LEADS)))
    extra = draw(st.lists(st.text(string.ascii_lowercase, min_size=5, max_size=8), max_size=3, unique=True))
    names = draw(st.permutations([draw(st.sampled_from([lead, lead.upper(), lead.lower()])) for lead in leads] + extra))
    count = len(names)
    digital = np.random.default_rng(draw(st.integers(0, 2**32))).integers(
        -32768, 32768, (draw(st.integers(1, 60)), count), dtype=np.int64
    )
    gains = draw(st.lists(st.sampled_from([200.0, 1000.0, 2000.0, 4.88, 204.8, 1e6]), min_size=count, max_size=count))
    units = draw(st.lists(st.sampled_from(list(PER_MV)), min_size=count, max_size=count))
    baselines = draw(st.lists(st.integers(-40000, 40000), min_size=count, max_size=count))
    rate = draw(st.one_of(st.integers(100, 1000), st.sampled_from([249.9, 128.5])))
    return {
        "names": list(names),
        "digital": digital,
        "gains": gains,
        "units": units,
        "baselines": baselines,
        "rate": rate,
    }


def write(folder: Path, record: dict, prefix: bytes = b"", comments=()) -> Path:
    wfdb.wrsamp(
        "rec",
        fs=record["rate"],
        units=record["units"],
        sig_name=record["names"],
        d_signal=record["digital"],
        fmt=["16"] * len(record["names"]),
        adc_gain=record["gains"],
        baseline=record["baselines"],
        comments=list(comments),
        write_dir=str(folder),
    )
    header, data = folder / "rec.hea", folder / "rec.dat"
    if prefix:
        data.write_bytes(prefix + data.read_bytes())
        header.write_text(header.read_text().replace("rec.dat 16 ", f"rec.dat 16+{len(prefix)} "))
    return header


def simple(folder: Path, names=LEADS, samples=50, **changes) -> Path:
    count = len(names)
    digital = np.random.default_rng(3).integers(-2000, 2000, (samples, count))
    record = {"names": list(names), "digital": digital, "gains": [1000.0] * count, "units": ["mV"] * count}
    return write(folder, record | {"baselines": [0] * count, "rate": 500} | changes)


def edit(header: Path, old: str, new: str) -> Path:
    text = header.read_text()
    assert old in text
    header.write_text(text.replace(old, new))
    return header


def assert_equals_wfdb(header: Path) -> None:
    referee = wfdb.rdrecord(str(header.with_suffix("")))
    digital = wfdb.rdrecord(str(header.with_suffix("")), physical=False).d_signal
    np.testing.assert_array_equal(read_digital(header)[1], digital)
    ours = read(header, leads=None)
    assert ours.leads == tuple(canonical_lead(name) for name in referee.sig_name)
    assert ours.sampling_rate == referee.fs
    assert ours.signal.dtype == np.float32
    # wfdb knows neither upper-case units nor conversions
    scale = np.array([PER_MV.get(unit, 1.0) for unit in referee.units])
    np.testing.assert_allclose(ours.signal, referee.p_signal / scale, rtol=3e-7, atol=1e-6)


@DRAWS
@given(records(), st.sampled_from([b"", b"x" * 24]))
def test_generated_records_equal_wfdb(record, prefix):
    with tempfile.TemporaryDirectory() as folder:
        header = write(Path(folder), record, prefix)
        assert_equals_wfdb(header)
        every, twelve = read(header, leads=None), read(header)
        assert twelve.leads == LEADS
        columns = [every.leads.index(lead) for lead in LEADS]
        np.testing.assert_array_equal(twelve.signal, every.signal[:, columns])


@pytest.mark.parametrize("name", ["cinc_chapman.hea", "cinc_georgia.hea", "s0010_re.hea"])
def test_real_records_equal_wfdb(shared_formats, name):
    assert_equals_wfdb(shared_formats / name)


def test_ptbxl_equals_wfdb(shared_ptbxl, ptbxl_folder):
    headers = sorted(ptbxl_folder.glob("records100/*/*.hea"))[:20] + sorted(shared_ptbxl.glob("records500/*/*.hea"))
    assert len(headers) == 44
    for header in headers:
        assert_equals_wfdb(header)
        assert read(header).leads == LEADS


def test_metadata_and_signals_beyond_the_twelve(shared_formats):
    chapman = read(shared_formats / "cinc_chapman.mat")
    assert (chapman.age, chapman.sex, chapman.sampling_rate) == (85, "male", 500)
    georgia = read(shared_formats / "cinc_georgia")
    assert (georgia.age, georgia.sex) == (None, "female")
    frank = read(shared_formats / "s0010_re.xyz", leads=("vz", "V1"))
    assert (frank.leads, frank.age, frank.sex) == (("vz", "V1"), 81, "female")
    assert len(read(shared_formats / "s0010_re.hea", leads=None).leads) == 15


@pytest.mark.parametrize(
    ("comments", "expected"),
    [
        (("Age: 85", "Sex: Male"), (85, "male")),
        (("age: 0.5", "sex: F"), (0.5, "female")),
        (("Age: NaN", "Sex: Unknown"), (None, None)),
        (("Age: 300", "Sex: m"), (None, "male")),
        (("Age: -3", "no key"), (None, None)),
        ((), (None, None)),
        (("<age>: 65 <sex>: F <diagnoses> Sex: none known",), (65, "female")),
        (("Age: 63 years", "Gender: Male"), (63, "male")),
        (("age: 6 months Sex: f",), (0.5, "female")),
        (("Reason: infarction, age: 3 days",), (None, None)),
    ],
)
def test_age_and_sex(comments, expected):
    assert from_words(comments) == expected


def test_invalid_samples_become_nan(tmp_path):
    digital = np.zeros((10, 12), np.int64)
    digital[3, 1] = -32768
    signal = read(simple(tmp_path, digital=digital)).signal
    assert np.isnan(signal[3, 1])
    assert np.isnan(signal).sum() == 1


def test_eight_leads_give_twelve(tmp_path):
    header = simple(tmp_path, names=("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"))
    ecg = read(header)
    np.testing.assert_allclose(ecg.signal[:, 2], ecg.signal[:, 1] - ecg.signal[:, 0], atol=1e-6)
    assert read(header, leads=("aVF", "V1")).leads == ("aVF", "V1")


def test_leads_that_are_not_asked_for_cause_no_refusal(tmp_path):
    header = simple(tmp_path, names=(*LEADS, "RESP"), units=["mV"] * 12 + ["Ohm"])
    assert read(header).leads == LEADS
    assert read(header, leads=None).leads == LEADS
    with pytest.raises(Unreadable, match="lead RESP is in 'Ohm'"):
        read(header, leads=("I", "RESP"))


def test_what_the_standard_defines_where_the_header_is_silent(tmp_path):
    header = simple(tmp_path, names=("I",), samples=30)
    header.write_text("rec 1\r\nrec.dat 16 100 16 7\r\n")
    ecg = read(header, leads=None)
    samples = np.fromfile(tmp_path / "rec.dat", "<i2")
    assert (ecg.sampling_rate, ecg.signal.shape) == (250, (30, 1))
    np.testing.assert_allclose(ecg.signal[:, 0], (samples - 7) / 100, rtol=1e-6)


def test_a_longer_file_is_read_up_to_its_length(tmp_path):
    header = simple(tmp_path)
    before = read(header).signal
    data = tmp_path / "rec.dat"
    data.write_bytes(data.read_bytes() + b"more")
    np.testing.assert_array_equal(read(header).signal, before)


def test_expected_rate_and_unit(tmp_path):
    header = simple(tmp_path)
    assert read(header, sampling_rate=500, unit="mV").sampling_rate == 500
    with pytest.raises(Unreadable, match=r"rec\.hea: the file states 500 Hz, not 100 Hz"):
        read(header, sampling_rate=100)
    with pytest.raises(Unreadable, match=r"rec\.hea: the file states mV, not uV"):
        read(header, unit="uV")


FAULTS = {
    "gain of 0": ("1000.0(0)/mV", "0", r"rec\.hea: lead I is uncalibrated"),
    "other unit": ("1000.0(0)/mV", "1000.0(0)/mmHg", r"rec\.hea: lead I is in 'mmHg'"),
    "format": ("rec.dat 16 ", "rec.dat 212 ", r"rec\.hea: its signal file \(\.dat\) is in WFDB format 212.*convert"),
    "frames": ("rec.dat 16 ", "rec.dat 16x2 ", "2 samples per frame"),
    "skew": ("rec.dat 16 ", "rec.dat 16:3 ", "skew of 3"),
    "gain": ("1000.0(0)/mV", "high", "not a WFDB signal line"),
    "infinite gain": ("1000.0(0)/mV", "1e999", "not a WFDB signal line"),
    "baseline": ("1000.0(0)/mV", "1000.0(99999999999)/mV", "not a WFDB signal line"),
    "signals": ("rec 12 ", "rec 13 ", "announces 13 signals and describes 12"),
    "no signals": ("rec 12 ", "rec 0 ", "cannot be"),
    "rate": ("rec 12 500", "rec 12 0", "0 Hz cannot be"),
    "words": ("rec 12 500", "rec twelve 500", "not a WFDB header"),
    "segments": ("rec 12 ", "rec/3 12 ", "several segments"),
    "outside": ("rec.dat 16 ", "../rec.dat 16 ", "not in the header's folder"),
    "absolute": ("rec.dat 16 ", "/rec.dat 16 ", "not in the header's folder"),
    "longer": ("rec 12 500 50", "rec 12 500 60", "truncated: it holds 1,200 of 1,440 bytes; copy it again"),
    "no samples": ("rec.dat 16 ", "rec.dat 16+2000 ", "truncated"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named(tmp_path, fault):
    old, new, message = FAULTS[fault]
    with pytest.raises(Unreadable, match=message) as raised:
        read(edit(simple(tmp_path), old, new))
    text = str(raised.value)
    assert "rec." in text
    assert str(tmp_path) in text
    assert "\n" not in text


def test_a_signal_line_without_gain_is_uncalibrated(tmp_path):
    header = simple(tmp_path, names=("I",))
    header.write_text("rec 1 500\nrec.dat 16\n")
    with pytest.raises(Unreadable, match=r"rec\.hea: lead without a name is uncalibrated"):
        read(header, leads=None)
    assert read_digital(header)[1].shape == (50, 1)


def test_two_offsets_in_one_file(tmp_path):
    header = simple(tmp_path)
    header.write_text(header.read_text().replace("rec.dat 16 ", "rec.dat 16+24 ", 1))
    with pytest.raises(Unreadable, match="differ in format or byte offset"):
        read(header)


def test_wrong_checksum(tmp_path):
    header = simple(tmp_path)
    data = bytearray((tmp_path / "rec.dat").read_bytes())
    data[2 * (12 * 7 + 4)] ^= 1
    (tmp_path / "rec.dat").write_bytes(data)
    with pytest.raises(
        Unreadable,
        match=r"rec\.hea: the checksum of lead aVL in its signal file .* is .* damaged",
    ):
        read(header)


def test_truncated(tmp_path):
    header = simple(tmp_path)
    data = tmp_path / "rec.dat"
    data.write_bytes(data.read_bytes()[:-10])
    with pytest.raises(
        Unreadable,
        match=r"rec\.hea: its signal file \(\.dat\) is truncated: it holds 1,190 of 1,200 bytes",
    ):
        read(header)


def test_missing_files(tmp_path):
    header = simple(tmp_path)
    (tmp_path / "rec.dat").unlink()
    with pytest.raises(Unreadable, match=r"rec\.hea: its signal file \(\.dat\) is missing; put it beside"):
        read(header)
    with pytest.raises(Unreadable, match=r"none\.hea: No such file"):
        read_header(tmp_path / "none.hea")
    (tmp_path / "alone.dat").write_bytes(b"\0\1")
    with pytest.raises(Unreadable, match=r"alone\.dat: a signal file without its header"):
        read(tmp_path / "alone.dat")


def test_missing_lead(tmp_path):
    with pytest.raises(Refused, match=r"rec\.hea: missing lead V6;"):
        read(simple(tmp_path, names=LEADS[:-1]))


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_no_header_text_raises_anything_else(content):
    with tempfile.TemporaryDirectory() as folder:
        header = Path(folder) / "rec.hea"
        header.write_bytes(content)
        with pytest.raises((Unreadable, Refused)):
            read(header)


@given(st.lists(st.tuples(st.integers(0, 11), st.text("0123456789+-./(x:e mVuV#", max_size=8)), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_mangled_headers_are_read_or_refused(edits):
    with tempfile.TemporaryDirectory() as folder:
        header = simple(Path(folder), samples=4)
        fields = header.read_text().split(" ")
        for place, text in edits:
            fields[place * 7 % len(fields)] = text
        header.write_text(" ".join(fields))
        try:
            ecg = read(header)
        except (Unreadable, Refused):
            return
        assert ecg.signal.shape[1] == 12


HEADERS = [
    "100 2 360 1000\n100.dat 16 200(0)/mV 16 0 -5 12 0 I\n100.dat 16 200(0)/mV 16 0 7 -3 0 II\n",
    "a 1 500 10\na.dat 16 1000(3)/uV 16 0 1 65535 0 V1 left\n",
]


@given(
    st.sampled_from(HEADERS),
    st.lists(st.tuples(st.integers(0, 120), st.sampled_from([*" \n\t\r#/0159ab-\x1c\x85\u2028", ""])), max_size=4),
)
def test_a_header_like_one_before_says_what_it_says_alone(text, edits):
    """The shortcut for headers of a kind that was seen before says nothing else than the long way."""

    wfdb_header._templates.clear()
    for whole in HEADERS:
        assert parse_known(whole.encode()) is not None
    changed = text
    for place, character in edits:
        changed = changed[:place] + character + changed[place + 1 :]
    content = changed.encode()
    try:
        known = parse_known(content)
    except BadFile:
        known = None
    if known is None:
        return
    common, file, checksums = known
    alone = parse_header(content)
    assert [signal.checksum for signal in alone.signals] == checksums
    assert {signal.file for signal in alone.signals} == {file}
    assert tuple(signal._replace(file="", checksum=None) for signal in alone.signals) == common.signals
    assert (alone.sampling_rate, alone.samples, alone.comments) == (common.sampling_rate, common.samples, ())


def test_more_samples_than_announced_are_a_finding(tmp_path):
    header = simple(tmp_path)
    before = read(header).signal
    data = tmp_path / "rec.dat"
    data.write_bytes(data.read_bytes() + bytes(240))
    ecg = read(header)
    np.testing.assert_array_equal(ecg.signal, before)
    assert [(finding.code, finding.values) for finding in ecg.findings] == [
        ("samples-disagree", {"held": 60, "announced": 50})
    ]


def test_samples_that_do_not_fill_the_file_are_not_rotated(tmp_path):
    header = simple(tmp_path, names=LEADS[:2] + LEADS[6:])
    lines = [line.split() for line in header.read_text().splitlines()]
    # a header without checksums can only be held against the size of the file
    header.write_text("\n".join([" ".join(lines[0]), *(" ".join(line[:3]) for line in lines[1:])]))
    data = tmp_path / "rec.dat"
    content = data.read_bytes()
    for extra in (24, 2, 5):
        data.write_bytes(bytes(extra) + content)
        with pytest.raises(Unreadable, match=r"no whole number of samples of 8 signals from byte 0 on"):
            read(header, leads=None)


@pytest.mark.parametrize("names", [LEADS, LEADS[:2] + LEADS[6:]])
def test_a_byte_offset_that_the_header_forgets_is_named(tmp_path, names):
    header = simple(tmp_path, names=names)
    data = tmp_path / "rec.dat"
    data.write_bytes(struct.pack("<5I", 30, len(names), 50, 0, 4) + b"val\0" + data.read_bytes())
    with pytest.raises(Unreadable, match=r"samples from byte 24 on.* write 16\+24 into the header"):
        read(header)
    assert len(read(edit(header, "rec.dat 16 ", "rec.dat 16+24 ")).signal) == 50


def test_messages_name_no_file_but_the_one_that_was_asked_for(tmp_path):
    header = simple(tmp_path)
    header.write_text(header.read_text().replace("rec.dat", "doe_jane.dat"))
    with pytest.raises(Unreadable) as raised:
        read(header)
    assert "doe" not in str(raised.value)


def test_the_microvolts_of_ludb(tmp_path, shared_ludb):
    """Its headers stretch each lead; a step is 1 uV."""
    header = shared_ludb / "1.hea"
    ecg = read(header, scale=1.0)
    digital = np.fromfile(shared_ludb / "1.dat", "<i2").reshape(-1, 12)
    assert np.ptp(ecg.signal * 1000 - digital, axis=0).max() < 0.01
    assert (ecg.age, ecg.sex, [finding.code for finding in ecg.findings]) == (51, "female", ["scale-overridden"])
    np.testing.assert_allclose(ecg.signal[:, 2], ecg.signal[:, 1] - ecg.signal[:, 0], atol=0.0011)


def test_a_negative_gain_and_a_lead_stored_twice_are_asked_about(tmp_path):
    header = edit(simple(tmp_path), "1000.0(0)/mV", "-1000.0(0)/mV")
    with pytest.raises(Unreadable, match=r"lead I is -0\.001 mV.*--scale 1"):
        read(header)
    assert read(header, scale=1.0).findings[0].code == "scale-overridden"
    twice = simple(tmp_path, names=(*LEADS, "v3"))
    with pytest.raises(Unreadable, match="lead V3 is stored more than once"):
        read(twice)
    assert read(twice, leads=("I", "V4")).leads == ("I", "V4")
