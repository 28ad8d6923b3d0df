"""Two sources in one file that disagree: a finding where what is kept is safe, else a refusal."""

import re
import struct
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelvelead.errors import Unreadable
from twelvelead.readers import patient, read

RATE = 500


def text_of(path):
    content = path.read_bytes()
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "latin-1"
    return content.decode(encoding), encoding


def edit(path, *changes):
    text, encoding = text_of(path)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path.write_bytes(text.encode(encoding))
    return path


def aged(kind, writers, folder, counts, stated, born):
    """A file of 2023 with a stated age in years and a date of birth (yyyymmdd); None leaves one out."""

    def dicom(data):
        data.PatientAge, data.PatientBirthDate = f"{stated:03}Y" if stated is not None else "", born or ""

    if kind == "DICOM":
        return writers[kind](folder, counts, RATE, change=dicom)
    path = writers[kind](folder, counts, RATE)
    year, month, day = (born or "00000000")[:4], (born or "00000000")[4:6], (born or "00000000")[6:]
    if kind == "GE MUSE XML":
        age = f"<PatientAge>{stated}</PatientAge><AgeUnits>YEARS</AgeUnits>" if stated is not None else ""
        return edit(
            path, ("<DateofBirth>06-15-1980</DateofBirth>", f"<DateofBirth>{month}-{day}-{year}</DateofBirth>{age}")
        )
    if kind == "Philips Sierra XML":
        age = f"<years>{stated}</years>" if stated is not None else ""
        return edit(
            path, ("<dateofbirth>1980-06-15</dateofbirth>", f"<dateofbirth>{year}-{month}-{day}</dateofbirth>{age}")
        )
    if kind == "HL7 aECG":
        age = (
            f'<relatedObservation><code code="21612-7"/><value value="{stated}" unit="a"/></relatedObservation>'
            if stated is not None
            else ""
        )
        return edit(
            path,
            ('<birthTime value="19800615"/>', f'<birthTime value="{born or ""}"/>'),
            ("<component><series>", age + "<component><series>"),
        )
    if kind == "GE CardioSoft XML":
        age = f'<Age units="years">{stated}</Age>' if stated is not None else ""
        dates = f"<BirthDateTime><Day>{day}</Day><Month>{month}</Month><Year>{year}</Year></BirthDateTime>"
        return edit(path, ('<Age units="years">42</Age>', age + dates))
    content = bytearray(path.read_bytes())  # SCP-ECG: the birth date becomes a stated age where it is not asked for
    place = content.index(struct.pack("<BHHBB", 5, 4, 1980, 6, 15))
    content[place + 3 : place + 7] = struct.pack("<HBB", int(year), int(month), int(day))
    return rewritten_scp(path, content, place + 7, b"" if stated is None else struct.pack("<BHHB", 4, 3, stated, 1))


def rewritten_scp(path, content, place, more):
    """With `more` inserted into section 1, and without checksums."""
    content = content[:place] + more + content[place:]
    struct.pack_into("<HI", content, 0, 0, len(content))
    for pointer in range(22, 6 + struct.unpack_from("<I", content, 10)[0], 10):
        number, size, index = struct.unpack_from("<HII", content, pointer)
        if number == 1:
            size += len(more)
        elif number > 1:
            index += len(more)
        struct.pack_into("<HII", content, pointer, number, size, index)
        if number:
            struct.pack_into("<HHI", content, index - 1, 0, number, size)
    path.write_bytes(content)
    return path


KINDS = ("DICOM", "GE MUSE XML", "Philips Sierra XML", "HL7 aECG", "GE CardioSoft XML", "SCP-ECG without codes")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("stated", "born", "age", "codes"),
    [
        (63, "19600301", 63, []),
        (63, "19620301", 63, []),  # two years are no disagreement
        (63, "19800615", 63, ["age-disagrees"]),
        (63, "19000101", 63, []),
        (63, "18991230", 63, []),
        (63, "00010101", 63, []),
        (None, "19800615", 42, []),
        (None, "19000101", None, []),
        (200, "19800615", 42, []),
    ],
)
def test_age_against_dates(writers, counts, tmp_path, kind, stated, born, age, codes):
    ecg = read(aged(kind, writers, tmp_path, counts[:1500], stated, born))
    assert (ecg.age, [finding.code for finding in ecg.findings]) == (age, codes)


@pytest.mark.parametrize("kind", KINDS)
def test_a_disagreement_says_both_and_nothing_of_the_patient(writers, counts, tmp_path, kind, patient_name):
    (finding,) = read(aged(kind, writers, tmp_path, counts[:1500], 63, "19800615")).findings
    assert finding.severity == "warn"
    assert finding.values == {"stated": 63, "by dates": 42}
    assert "63" in finding.message
    assert "42" in finding.message
    assert "1980" not in finding.message


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("063Y", "", 63), ("63Y", "", 63), ("63", "", 63), ("63", "Y", 63), ("63", "YR", 63), ("63", "YEARS", 63),
        ("63", "yrs", 63), ("63", "a", 63), ("63 years", "", 63), ("018M", "", 1.5), ("18", "MONTHS", 1.5),
        ("6M", "", 0.5), ("52", "wk", 364 / 365.25), ("026W", "", 182 / 365.25), ("10", "DAYS", 10 / 365.25),
        ("003D", "", 3 / 365.25), ("48", "HOURS", 48 / 8766), ("999Y", "", None), ("", "YEARS", None),
        ("X", "", None), ("-3", "", None), ("63", "fortnights", None),
    ],
)  # fmt: skip
def test_ages_with_units(text, unit, expected):
    found = patient.years(text, unit)
    assert found == (None if expected is None else pytest.approx(expected))


@given(st.integers(0, 120), st.dates(date(1901, 1, 1), date(2025, 1, 1)), st.dates(date(1981, 1, 1), date(2025, 1, 1)))
def test_a_plausible_stated_age_is_the_one_and_far_dates_are_noticed(stated, born, recorded):
    found, noticed = patient.age(born, recorded, stated), patient.disagreement(born, recorded, stated)
    years = (recorded - born).days / 365.25
    if stated:
        assert found == stated
    if abs(years - stated) > 3:
        assert [finding.code for finding in noticed] == ["age-disagrees"]
    if abs(years - stated) < 2:
        assert not noticed


def test_muse_with_two_rates_asks(writers, counts, tmp_path):
    path = writers["GE MUSE XML"](tmp_path, counts, RATE)
    measured = (
        "<RestingECGMeasurements><ECGSampleBase>{}</ECGSampleBase><ECGSampleExponent>{}</ECGSampleExponent>"
        "</RestingECGMeasurements><Waveform><WaveformType>Median"
    )
    edit(path, ("<Waveform><WaveformType>Median", measured.format(5, 2)))
    assert (read(path).sampling_rate, read(path).findings) == (RATE, ())
    edit(path, ("<ECGSampleBase>5<", "<ECGSampleBase>25<"), ("<ECGSampleExponent>2<", "<ECGSampleExponent>1<"))
    with pytest.raises(
        Unreadable, match="states two sampling rates, 500 and 250 Hz; find out which is right"
    ) as raised:
        read(path)
    assert raised.value.code == "ambiguous"
    for rate in (500, 250):
        ecg = read(path, sampling_rate=rate)
        assert (ecg.sampling_rate, [finding.code for finding in ecg.findings]) == (rate, ["rate-disagrees"])
    with pytest.raises(Unreadable, match="500 and 250 Hz, not 400 Hz"):
        read(path, sampling_rate=400)


@pytest.mark.parametrize("where", ["series", "root"])
def test_aecg_whose_increment_and_time_differ_asks(writers, counts, tmp_path, where):
    path = writers["HL7 aECG"](tmp_path, counts, RATE)
    span = '<effectiveTime><low value="20230614101500"/><high value="202306141015{}"/></effectiveTime>'
    place = (
        '<code code="RHYTHM"/>' if where == "series" else '<effectiveTime><low value="20230614101500"/></effectiveTime>'
    )
    keep = place if where == "series" else ""
    edit(path, (place, keep + span.format("10")))
    assert (read(path).sampling_rate, read(path).findings) == (RATE, ())
    edit(path, ('<high value="20230614101510"/>', '<high value="20230614101520.000"/>'))
    with pytest.raises(Unreadable, match="states two sampling rates, 500 and 250 Hz"):
        read(path)
    assert read(path, sampling_rate=500).sampling_rate == 500
    assert read(path, sampling_rate=250).sampling_rate == 250
    edit(path, ('<high value="20230614101520.000"/>', '<high value="20230614101511"/>'))  # times end at whole seconds
    assert read(path).findings == ()


def test_aecg_with_two_units(writers, counts, tmp_path):
    path = edit(
        writers["HL7 aECG"](tmp_path, counts, RATE),
        ('<origin value="-1" unit="uV"/>', '<origin value="-1" unit="mV"/>'),
    )
    with pytest.raises(Unreadable, match="no usable scale and origin"):
        read(path)


def test_dicom_with_two_units(writers, counts, tmp_path):
    def change(data):
        units = data.WaveformSequence[1].ChannelDefinitionSequence[2].ChannelSensitivityUnitsSequence[0]
        units.CodeMeaning = "millivolt"

    with pytest.raises(Unreadable, match="a channel is in 'uV' by its code and in 'millivolt' by the meaning"):
        read(writers["DICOM"](tmp_path, counts, RATE, change=change))


def test_dicom_with_more_samples_than_announced(writers, counts, tmp_path):
    def change(data, samples=4000):
        data.WaveformSequence[1].NumberOfWaveformSamples = samples

    ecg = read(writers["DICOM"](tmp_path, counts, RATE, change=change))
    assert [finding.code for finding in ecg.findings] == ["samples-disagree"]
    assert ecg.findings[0].values == {"announced": 4000, "held": 5000}
    np.testing.assert_allclose(ecg.signal, counts[:4000] / 1000, atol=1e-6)

    def longer(data):
        data.WaveformSequence[1].WaveformData = data.WaveformSequence[1].WaveformData + bytes(6)

    with pytest.raises(Unreadable, match="no whole number of samples of all its channels"):
        read(writers["DICOM"](tmp_path, counts, RATE, change=longer))


def test_dicom_with_another_number_of_channels_than_defined(writers, counts, tmp_path):
    def change(data):
        data.WaveformSequence[1].ChannelDefinitionSequence.append(data.WaveformSequence[1].ChannelDefinitionSequence[0])

    with pytest.raises(Unreadable, match="13 channels are defined where 12 are stored"):
        read(writers["DICOM"](tmp_path, counts, RATE, change=change))


@pytest.mark.parametrize("tag", ["LeadSampleCountTotal", "LeadByteCountTotal"])
def test_muse_with_another_number_of_samples(writers, counts, tmp_path, tag):
    path = writers["GE MUSE XML"](tmp_path, counts, RATE)
    text, _ = text_of(path)
    number = re.findall(rf"<{tag}>(\d+)<", text)[-1]
    edit(path, (f"<{tag}>{number}<", f"<{tag}>{int(number) - 2}<"))
    with pytest.raises(Unreadable, match=rf"lead I holds .*{tag}"):
        read(path)


def test_sierra_that_states_a_thing_twice(writers, counts, tmp_path):
    path = writers["Philips Sierra XML"](tmp_path, counts, RATE)
    more = "<signalcharacteristics><samplingrate>500</samplingrate><resolution>1.0</resolution>"
    edit(path, ("<signalcharacteristics>", more))
    assert read(path).findings == ()
    edit(path, ("<samplingrate>500<", "<samplingrate>1000<"))
    with pytest.raises(Unreadable, match="states two sampling rates, 500 and 1000 Hz"):
        read(path)
    assert read(path, sampling_rate=500).findings[0].code == "rate-disagrees"
    edit(path, ("<samplingrate>1000<", "<samplingrate>500<"), ("<resolution>1.0<", "<resolution>5<"))
    with pytest.raises(Unreadable, match="states resolution as 1 and as 5"):
        read(path)


def test_sierra_with_samples_of_no_whole_leads(writers, counts, tmp_path):
    path = writers["Philips Sierra XML, plain"](tmp_path, counts, RATE)
    edit(path, ('durationperchannel="10000"', 'durationperchannel="9990"'))
    with pytest.raises(Unreadable, match="60,000 samples, not whole leads of 4,995"):
        read(path)


def test_xli_that_unpacks_to_another_length(writers, counts, tmp_path):
    path = writers["Philips Sierra XML"](tmp_path, counts, RATE)
    edit(path, ('durationperchannel="10000"', 'durationperchannel="9990"'))
    with pytest.raises(Unreadable, match="a lead unpacks to 5,000 of 4,995 samples"):
        read(path)


@pytest.mark.parametrize("kind", ["SCP-ECG", "SCP-ECG without codes"])
def test_scp_that_holds_more_samples_than_announced(writers, counts, tmp_path, kind):
    path = writers[kind](tmp_path, counts, RATE)
    content = bytearray(path.read_bytes())
    content[:2] = b"\0\0"
    for code in (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8):
        place = content.index(struct.pack("<IIB", 1, 5000, code))
        content[place : place + 8] = struct.pack("<II", 1, 4000)
    for number in (3,):
        place = content.index(struct.pack("<BB", 12, 4 | 12 << 3 & 0xF8) + struct.pack("<II", 1, 4000)) - 16
        assert struct.unpack_from("<H", content, place + 2)[0] == number
        content[place : place + 2] = b"\0\0"
    path.write_bytes(content)
    ecg = read(path)
    assert [finding.code for finding in ecg.findings] == ["samples-disagree"]
    np.testing.assert_allclose(ecg.signal, counts[:4000] / 1000, atol=1e-6)


def test_cardiosoft_that_announces_another_number(writers, counts, tmp_path):
    path = edit(
        writers["GE CardioSoft XML"](tmp_path, counts, RATE),
        ("<ChannelSampleCountTotal>5000<", "<ChannelSampleCountTotal>6000<"),
    )
    ecg = read(path)
    assert ([finding.code for finding in ecg.findings], len(ecg.signal)) == (["samples-disagree"], 5000)
