"""What a device says of its leads, leads in several pieces, padding, and whose recording it is."""

import struct
from datetime import date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.quality import check
from twelvelead.ecg.record import Identity
from twelvelead.errors import Refused, Unreadable
from twelvelead.readers import read
from twelvelead.readers.padding import without_marked

RATE = 500


def edit(path, *changes):
    content = path.read_bytes()
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "latin-1"
    text = content.decode(encoding)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path.write_bytes(text.encode(encoding))
    return path


def channels(data):
    return data.WaveformSequence[1].ChannelDefinitionSequence


def statuses(**by_lead):
    def change(data):
        for lead, status in by_lead.items():
            channels(data)[LEADS.index(lead)].ChannelStatus = status

    return change


@pytest.mark.parametrize(
    ("status", "said"), [("DISCONNECTED", "disconnected"), ("INVALID", "invalid"), (["OK", "TEST DATA"], "test data")]
)
def test_dicom_a_chest_lead_that_is_off_is_missing(writers, counts, tmp_path, status, said):
    path = writers["DICOM"](tmp_path, counts, RATE, change=statuses(V3=status))
    with pytest.raises(Refused, match=rf"missing lead V3; .* \(the device says: V3 is {said}\)") as raised:
        read(path)
    assert [finding.code for finding in raised.value.findings] == ["missing-leads"]
    others = read(path, leads=None)
    assert others.leads == tuple(lead for lead in LEADS if lead != "V3")
    assert "missing-leads" in [finding.code for finding in check(others) if finding.severity == "refuse"]


def test_dicom_a_limb_lead_that_is_off_follows_from_the_others(writers, counts, tmp_path):
    broken = counts.copy()
    broken[:, 2] = 9000
    ecg = read(writers["DICOM"](tmp_path, broken, RATE, change=statuses(III="DISCONNECTED")))
    np.testing.assert_allclose(ecg.signal, counts / 1000, atol=1e-6)
    (finding,) = ecg.findings
    assert (finding.code, finding.severity) == ("lead-off", "warn")
    assert "III is disconnected; III from the other limb leads" in finding.message


def test_dicom_other_statuses(writers, counts, tmp_path):
    ecg = read(writers["DICOM"](tmp_path, counts, RATE, change=statuses(V1="OK", V2="QUESTIONABLE")))
    assert [finding.code for finding in ecg.findings] == ["lead-questionable"]
    assert "V2" in ecg.findings[0].message
    path = writers["DICOM"](tmp_path, counts, RATE, change=statuses(V1="UNCALIBRATED"))
    with pytest.raises(Unreadable, match="lead V1 is uncalibrated"):
        read(path)


def test_muse_lead_off(writers, counts, tmp_path):
    path = writers["GE MUSE XML"](tmp_path, counts, RATE)
    edit(path, ("<LeadID>V5</LeadID>", "<LeadID>V5</LeadID><LeadOff>FALSE</LeadOff>"))
    assert read(path).findings == ()
    edit(path, ("<LeadOff>FALSE", "<LeadOff>TRUE"))
    with pytest.raises(Refused, match=r"missing lead V5; .* \(the device says: V5 is off\)"):
        read(path)


@pytest.mark.parametrize("tag", ["ChannelTimeSkew", "ChannelSampleSkew"])
def test_dicom_channels_that_begin_later_are_aligned(writers, counts, tmp_path, tag):
    late = {"V1": 3, "V6": 10}

    def change(data):
        for lead, samples in late.items():
            value = str(samples / RATE) if tag == "ChannelTimeSkew" else str(samples)
            setattr(channels(data)[LEADS.index(lead)], tag, value)

    shifted = counts.copy()
    for lead, samples in late.items():
        column = LEADS.index(lead)
        shifted[:-samples, column] = counts[samples:, column]
    ecg = read(writers["DICOM"](tmp_path, shifted, RATE, change=change))
    np.testing.assert_allclose(ecg.signal, counts[10:] / 1000, atol=1e-6)


def test_dicom_less_than_half_a_sample_and_what_differs(writers, counts, tmp_path):
    def slight(data):
        for number, channel in enumerate(channels(data)):
            channel.ChannelTimeSkew = f"{number * 5e-5:.5f}"

    assert len(read(writers["DICOM"](tmp_path, counts, RATE, change=slight)).signal) == 5000

    def twofold(data):
        channels(data)[0].ChannelTimeSkew, channels(data)[0].ChannelSampleSkew = "0.1", "5"

    with pytest.raises(Unreadable, match=r"a channel begins 0\.1 s and 5 samples late, which differs"):
        read(writers["DICOM"](tmp_path, counts, RATE, change=twofold))


def test_muse_leads_at_different_times(writers, counts, tmp_path):
    path = writers["GE MUSE XML"](tmp_path, counts, RATE)
    edit(path, ("<LeadID>V1</LeadID>", "<LeadID>V1</LeadID><LeadTimeOffset>20</LeadTimeOffset>"))
    ecg = read(path)
    np.testing.assert_allclose(ecg.signal[:, 0], counts[10:, 0] / 1000, atol=1e-6)
    np.testing.assert_allclose(ecg.signal[:, 6], counts[:-10, 6] / 1000, atol=1e-6)
    content = path.read_text("latin-1")
    for lead in ("V1", "V2", "V3", "V4", "V5", "V6"):
        content = content.replace(f"<LeadID>{lead}<", f"<LeadTimeOffset>9500</LeadTimeOffset><LeadID>{lead}<")
    path.write_text(content.replace("<LeadTimeOffset>20</LeadTimeOffset>", ""), "latin-1")
    with pytest.raises(Refused, match=r"each lead holds only part of the recording \(10 s a lead\)"):
        read(path)


def in_groups(data, leads_of_each, spans, offsets):
    """The rhythm as one multiplex group a set of leads, each with its seconds."""
    from copy import deepcopy

    whole = data.WaveformSequence[1]
    samples = np.frombuffer(whole.WaveformData, "<i2").reshape(-1, len(LEADS))
    groups = []
    for leads, (first, last), offset in zip(leads_of_each, spans, offsets, strict=True):
        group = deepcopy(whole)
        columns = [LEADS.index(lead) for lead in leads]
        group.ChannelDefinitionSequence = [whole.ChannelDefinitionSequence[column] for column in columns]
        group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = len(leads), last - first
        group.WaveformData = np.ascontiguousarray(samples[first:last, columns]).tobytes()
        if offset is not None:
            group.MultiplexGroupTimeOffset = str(offset)
        groups.append(group)
    data.WaveformSequence = [data.WaveformSequence[0], *groups]


QUARTERS = [LEADS[:3], LEADS[3:6], LEADS[6:9], LEADS[9:]]
LIMBS_AND_CHEST = [LEADS[:6], LEADS[6:]]


@pytest.mark.parametrize("offset", [0, None, 40])
@pytest.mark.parametrize("leads", [QUARTERS, LIMBS_AND_CHEST, [*LIMBS_AND_CHEST, ("II",)]])
def test_dicom_groups_of_one_span_are_one_recording(writers, counts, tmp_path, offset, leads):
    count = len(leads)
    path = writers["DICOM"](
        tmp_path, counts, RATE, change=lambda data: in_groups(data, leads, [(0, 5000)] * count, [offset] * count)
    )
    np.testing.assert_allclose(read(path).signal, counts / 1000, atol=1e-6)


@pytest.mark.parametrize("offsets", [[0, 2500, 5000, 7500], [None] * 4])
def test_dicom_groups_of_a_printout_are_refused_as_that(writers, counts, tmp_path, offsets):
    spans = [(start, start + 1250) for start in range(0, 5000, 1250)]
    path = writers["DICOM"](tmp_path, counts, RATE, change=lambda data: in_groups(data, QUARTERS, spans, offsets))
    with pytest.raises(Refused, match=r"each lead holds only part of the recording \(2\.5 s a lead\), as a") as raised:
        read(path)
    assert raised.value.code == "short-leads"


def test_dicom_groups_with_a_rhythm_strip_beside_are_refused_as_that(writers, counts, tmp_path):
    spans = [*((start, start + 1250) for start in range(0, 5000, 1250)), (0, 5000)]
    offsets = [0, 2500, 5000, 7500, 0]
    path = writers["DICOM"](
        tmp_path, counts, RATE, change=lambda data: in_groups(data, [*QUARTERS, ("II",)], spans, offsets)
    )
    with pytest.raises(Refused, match=r"\(2\.5 s a lead\)"):
        read(path)


def test_a_second_whole_group_is_another_recording(writers, counts, tmp_path):
    spans, offsets = [(0, 2500), (2500, 5000)], [0, 5000]
    path = writers["DICOM"](tmp_path, counts, RATE, change=lambda data: in_groups(data, [LEADS] * 2, spans, offsets))
    np.testing.assert_allclose(read(path).signal, counts[:2500] / 1000, atol=1e-6)


def aecg_in_sets(path, spans, heads):
    """The sequences of an aECG in four sets of three leads."""
    import re

    text = path.read_text()
    start = text.index("<series>")
    end = text.index("<derivation>")
    body = text[start:end]
    time = re.search(r'<component><sequence><code code="TIME_ABSOLUTE"/>.*?</component>', body)[0]
    leads = re.findall(r'<component><sequence><code code="MDC.*?</sequence></component>', body)
    sets = ""
    for number, (first, last) in enumerate(spans):
        head = "" if heads is None else f'<head value="{heads[number]}"/>'
        parts = time.replace("<value>", f"<value>{head}")
        for lead in leads[3 * number : 3 * number + 3]:
            digits = re.search(r"<digits>(.*?)</digits>", lead)[1].split()[first:last]
            parts += re.sub(r"<digits>.*?</digits>", f"<digits>{' '.join(digits)}</digits>", lead)
        sets += f"<component><sequenceSet>{parts}</sequenceSet></component>"
    path.write_text(text[:start] + '<series><code code="RHYTHM"/>' + sets + text[end:])
    return path


@pytest.mark.parametrize("heads", [None, ["20230614101500"] * 4])
def test_aecg_sets_of_one_span_are_one_recording(writers, counts, tmp_path, heads):
    path = aecg_in_sets(writers["HL7 aECG"](tmp_path, counts, RATE), [(0, 5000)] * 4, heads)
    np.testing.assert_allclose(read(path).signal, counts / 1000, atol=1e-6)


@pytest.mark.parametrize("heads", [None, [f"202306141015{second:06.3f}" for second in (0, 2.5, 5, 7.5)]])
def test_aecg_sets_of_a_printout_are_refused_as_that(writers, counts, tmp_path, heads):
    spans = [(start, start + 1250) for start in range(0, 5000, 1250)]
    path = aecg_in_sets(writers["HL7 aECG"](tmp_path, counts, RATE), spans, heads)
    with pytest.raises(Refused, match=r"\(2\.5 s a lead\)") as raised:
        read(path)
    assert (raised.value.code, raised.value.exit_code) == ("short-leads", 3)


def test_scp_leads_of_different_seconds_are_refused_as_that(writers, counts, tmp_path):
    path = writers["SCP-ECG without codes"](tmp_path, counts[:1250], RATE)
    content = bytearray(path.read_bytes())
    content[:2] = b"\0\0"
    for number, code in enumerate((1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8)):
        place = content.index(struct.pack("<IIB", 1, 1250, code))
        first = 1 + number // 3 * 1250
        content[place : place + 8] = struct.pack("<II", first, first + 1249)
    place = content.index(struct.pack("<BB", 12, 4 | 12 << 3 & 0xF8) + struct.pack("<II", 1, 1250)) - 16
    content[place : place + 2] = b"\0\0"
    path.write_bytes(content)
    with pytest.raises(Refused, match=r"\(2\.5 s a lead\)"):
        read(path)


@pytest.mark.parametrize("kind", ["DICOM", "GE MUSE XML", "HL7 aECG", "GE CardioSoft XML", "EDF"])
def test_a_lead_stored_twice(writers, counts, tmp_path, kind):
    names = (*LEADS, "V1") if kind != "DICOM" else LEADS
    twice = np.concatenate([counts, counts[:, 6:7]], axis=1)

    def write(samples):
        if kind == "DICOM":
            return writers[kind](tmp_path, samples[:, :12], RATE, change=lambda data: doubled(data, samples))
        return writers[kind](tmp_path, samples, RATE, names)

    def doubled(data, samples):
        group = data.WaveformSequence[1]
        group.ChannelDefinitionSequence = [*group.ChannelDefinitionSequence, group.ChannelDefinitionSequence[6]]
        group.NumberOfWaveformChannels = 13
        group.WaveformData = np.ascontiguousarray(samples, "<i2").tobytes()

    if kind != "EDF":  # whose writer turns the last signal round
        np.testing.assert_allclose(read(write(twice)).signal, counts / 1000, atol=1e-6)
    twice[7, 12] += 1
    path = write(twice)
    for leads in (LEADS, None):
        with pytest.raises(Unreadable, match="lead V1 is stored more than once, and differently; export it once"):
            read(path, leads=leads)


def test_a_negative_gain_is_asked(writers, counts, tmp_path):
    def change(data):
        channels(data)[7].ChannelSensitivity = "-0.5"

    path = writers["DICOM"](tmp_path, counts, RATE, change=change)
    with pytest.raises(Unreadable, match=r"one step of lead V2 is -1 uV, so that it may be turned round; .*--scale 1"):
        read(path)
    ecg = read(path, scale=1)
    np.testing.assert_allclose(ecg.signal, counts / 1000, atol=1e-6)
    assert "scale-overridden" in [finding.code for finding in ecg.findings]


@given(st.integers(0, 2**32), st.sampled_from([0, 7, -32768]), st.integers(0, 300), st.integers(0, 300))
def test_padding_at_the_ends_is_found_and_nothing_else(seed, mark, before, after):
    lead = np.random.default_rng(seed).integers(-40, 40, 2000).astype(np.int16)
    lead[1000] = 0
    lead[[0, -1]] = 39
    padded = np.concatenate([np.full(before, mark), lead, np.full(after, mark)]).astype(np.int16)
    found = np.isnan(without_marked(padded, mark, RATE).astype(float))
    assert not found[before : before + 2000].any()
    for span, part in ((before, found[:before]), (after, found[before + 2000 :])):
        if span >= 25 or mark == -32768:
            assert part.all()
        else:
            assert not part.any() or span == 0


def test_padding_in_the_middle_is_found_in_runs(counts):
    lead = counts[:, 0].copy()
    lead[1000:1200] = 0
    lead[3000:3004] = 0
    found = np.isnan(without_marked(lead, 0, RATE))
    assert found[1000:1200].all()
    assert not found[3000:3004].any()


def test_dicom_padding_that_is_a_possible_sample(writers, counts, tmp_path):
    assert (counts == 0).any()

    def change(data):
        data.WaveformSequence[1].WaveformPaddingValue = struct.pack("<h", 0)

    np.testing.assert_allclose(
        read(writers["DICOM"](tmp_path, counts, RATE, change=change)).signal, counts / 1000, atol=1e-6
    )
    cut = counts.copy()
    cut[4000:, 6:] = 0
    signal = read(writers["DICOM"](tmp_path, cut, RATE, change=change)).signal
    assert np.isnan(signal[4010:, 6:]).all()
    assert not np.isnan(signal[:, :6]).any()


@pytest.mark.parametrize("mark", [0, -32768])
def test_dicom_padding_of_all_leads_at_both_ends_is_cut(writers, counts, tmp_path, mark):
    padded = counts.copy()
    padded[:300] = padded[4700:] = mark
    padded[[300, 4699]] = range(1, 13)

    def change(data):
        data.WaveformSequence[1].WaveformPaddingValue = struct.pack("<h", mark)

    signal = read(writers["DICOM"](tmp_path, padded, RATE, change=change)).signal
    np.testing.assert_allclose(signal, padded[300:4700] / 1000, atol=1e-6)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])
@pytest.mark.parametrize("filled", [0, 1, 6, 2048])
def test_dicom_without_preamble_or_meta_and_filled_up(writers, counts, tmp_path, syntax, filled):
    path = writers["DICOM"](tmp_path, counts, RATE, syntax=syntax)
    content = path.read_bytes()
    path.write_bytes(content + bytes(filled))
    np.testing.assert_allclose(read(path).signal, counts / 1000, atol=1e-6)
    path.write_bytes(content[132:] + bytes(filled))
    np.testing.assert_allclose(read(path).signal, counts / 1000, atol=1e-6)
    bare = content.index(b"\x08\0\x16\0")
    path.write_bytes(content[bare:] + bytes(filled))
    np.testing.assert_allclose(read(path).signal, counts / 1000, atol=1e-6)


BORN, RECORDED = date(1980, 6, 15), datetime(2023, 6, 14, 10, 15)
NAME = "Zephyrine^Quuxworth"
SAID = {
    "DICOM": (
        "Acme Cart 7",
        "0.05-150 Hz, notch 50 Hz",
        RECORDED,
        Identity("QX-77", "HOSP", NAME, BORN, "A-1", "1.2.840.1", "V-2"),
    ),
    "GE MUSE XML": (
        "MAC55",
        "0.16-150 Hz, notch 60 Hz",
        RECORDED,
        Identity("QX-77", None, NAME + "é", BORN, "A-1", None, "V-2"),
    ),
    "HL7 aECG": ("Acme Cart 7", "0.05-150 Hz, notch 50 Hz", RECORDED, Identity("QX-77", "1.2.3", NAME, BORN)),
    "SCP-ECG": ("Acme Cart7", "0.05-150 Hz, notch 50 Hz", RECORDED, Identity(None, None, NAME, BORN)),
    "Philips Sierra XML": ("Cart 7", "0.05-150 Hz, notch 50 Hz", RECORDED, Identity("QX-77", None, NAME, BORN, "A-1")),
    "GE CardioSoft XML": ("CardioSoft V6.71", "up to 150 Hz, notch 50 Hz", RECORDED, Identity("QX-77", None, NAME)),
}


def described(kind, writers, folder, counts):
    """A file that says by whom, when, and through which filters it was recorded."""

    def dicom(data):
        data.Manufacturer, data.ManufacturerModelName = "Acme", "Cart 7"
        data.IssuerOfPatientID, data.AccessionNumber = "HOSP", "A-1"
        data.StudyInstanceUID, data.AdmissionID = "1.2.840.1", "V-2"
        for channel in channels(data):
            channel.FilterLowFrequency, channel.FilterHighFrequency, channel.NotchFilterFrequency = "0.05", "150", "50"

    if kind == "DICOM":
        return writers[kind](folder, counts, RATE, change=dicom)
    path = writers[kind](folder, counts, RATE)
    if kind == "GE MUSE XML":
        test = (
            "</AcquisitionDate><AcquisitionTime>10:15:00</AcquisitionTime><AcquisitionDevice>MAC55</AcquisitionDevice>"
        )
        band = "<HighPassFilter>16</HighPassFilter><LowPassFilter>150</LowPassFilter><ACFilter>60</ACFilter>"
        order = "<Order><OrderNumber>A-1</OrderNumber><VisitNumber>V-2</VisitNumber></Order>"
        return edit(
            path,
            ("</AcquisitionDate>", test),
            ("<SampleBase>", band + "<SampleBase>"),
            ("</RestingECG>", order + "</RestingECG>"),
        )
    if kind == "HL7 aECG":
        device = (
            "<author><seriesAuthor><manufacturedSeriesDevice><manufacturerModelName>Cart 7</manufacturerModelName>"
            "</manufacturedSeriesDevice><manufacturerOrganization><name>Acme</name></manufacturerOrganization>"
            "</seriesAuthor></author>"
        )
        for code, edge, value in (
            ("LOW_PASS", "CUTOFF_FREQ", 150),
            ("HIGH_PASS", "CUTOFF_FREQ", 0.05),
            ("NOTCH", "NOTCH_FREQ", 50),
        ):
            device += (
                f'<controlVariable><controlVariable><code code="MDC_ECG_CTL_VBL_ATTR_FILTER_{code}"/><component>'
                f'<controlVariable><code code="MDC_ECG_CTL_VBL_ATTR_FILTER_{edge}"/><value value="{value}" unit="Hz"/>'
                "</controlVariable></component></controlVariable></controlVariable>"
            )
        return edit(
            path,
            ('<code code="RHYTHM"/>', '<code code="RHYTHM"/>' + device),
            (
                "<subjectDemographicPerson>",
                '<trialSubject><id root="1.2.3" extension="QX-77"/></trialSubject><subjectDemographicPerson>',
            ),
        )
    if kind == "Philips Sierra XML":
        return edit(
            path,
            ('date="2023-06-14">', 'date="2023-06-14" time="10:15:00"><machine>Cart 7</machine>'),
            (
                "<signalcharacteristics>",
                "<signalcharacteristics><hipass>0.05</hipass><lowpass>150</lowpass><notchfiltered>True</notchfiltered><notchfilterfreqs>50</notchfilterfreqs>",
            ),
            ("<patient>", "<orderinfo><ordernumber>A-1</ordernumber></orderinfo><patient>"),
        )
    return path


@pytest.mark.parametrize("kind", [kind for kind in SAID if kind != "SCP-ECG"])
def test_what_a_file_says_beside_its_signal(writers, counts, tmp_path, kind):
    path = described(kind, writers, tmp_path, counts[:1500])
    device, filters, recorded, identity = SAID[kind]
    ecg = read(path, identify=True)
    assert (ecg.device, ecg.filters, ecg.recorded, ecg.identity) == (device, filters, recorded, identity)
    assert read(path).identity is None
    assert NAME not in repr(read(path))


def test_section_1_of_scp():
    from twelvelead.readers.scp_header import about

    def tag(number, content):
        return struct.pack("<BH", number, len(content)) + content

    texts = b"\0serial\0software\0more\0Acme\0"
    device = bytes(8) + b"Cart7\0" + bytes(21) + b"\1" + texts
    section = (
        tag(0, b"Quuxworth\0") + tag(1, b"Zephyrine\0") + tag(2, b"QX-77\0") + tag(5, struct.pack("<HBB", 1980, 6, 15))
        + tag(25, struct.pack("<HBB", 2023, 6, 14)) + tag(26, bytes([10, 15, 0])) + tag(27, struct.pack("<H", 5))
        + tag(28, struct.pack("<H", 150)) + tag(29, b"\2") + tag(14, device) + tag(4, struct.pack("<HB", 6, 2))
        + tag(255, b"")
    )  # fmt: skip
    found = about(section)
    assert (found.device, found.filters, found.recorded) == ("Acme Cart7", "0.05-150 Hz, notch 50 Hz", RECORDED)
    assert found.identity == Identity("QX-77", None, "Quuxworth^Zephyrine", BORN)
    assert (found.age, [finding.code for finding in found.findings]) == (0.5, ["age-disagrees"])
    for end in range(len(section)):
        about(section[:end])


def test_what_real_files_say(shared_formats):
    said = {
        "dicom_12lead.dcm": ("Mortara Instrument, Inc. el250", "0.05-300 Hz", datetime(2013, 1, 25, 10, 59, 19)),
        "ge_muse.xml": ("MAC55", "0.16-150 Hz, notch 60 Hz", datetime(2021, 5, 10, 13, 15, 18)),
        "hl7_aecg.xml": ("Mortara Instrument, Inc. ELI250", "up to 150 Hz, notch 60 Hz", datetime(2002, 11, 22, 9, 10)),
        "philips_sierra_103.xml": ("HeartstartMRx", "0.05-150 Hz", datetime(2011, 12, 1, 7, 27, 34)),
    }
    for name, expected in said.items():
        ecg = read(shared_formats / name)
        assert (ecg.device, ecg.filters, ecg.recorded) == expected
    scp = read(shared_formats / "scp_ecg.scp", leads=None)
    assert (scp.device, scp.filters) == ("Welch Allyn Cardio Control MDW14", "up to 35 Hz, notch 50 Hz")
