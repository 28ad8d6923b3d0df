"""One recording written in every format, each by the rules of its standard and independently of the readers."""

import base64
import binascii
import struct
import zlib

import numpy as np
import pytest

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
SCP_CODES = dict(zip(LEADS, (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8), strict=True))
ISHNE_CODES = {lead: number for number, lead in enumerate(LEADS, start=5)}
NAME = "Zephyrine^Quuxworth"
"""Of the patient; it must never leave a file."""


def as_wfdb(folder, counts, rate, leads=LEADS):
    import wfdb

    columns = {"sig_name": list(leads), "units": ["uV"] * len(leads), "fmt": ["16"] * len(leads)}
    gains = {"adc_gain": [1.0] * len(leads), "baseline": [0] * len(leads)}
    comments = ["Age: 42", "Sex: Female", f"Name: {NAME}"]
    wfdb.wrsamp("r", rate, d_signal=counts, write_dir=str(folder), comments=comments, **columns, **gains)
    return folder / "r.hea"


def as_dicom(folder, counts, rate, leads=LEADS, *, syntax="1.2.840.10008.1.2.1", change=None):
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID

    def coded(value, meaning, scheme="MDC"):
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
        return [code]

    def channel(lead):
        definition = Dataset()
        definition.ChannelSourceSequence = coded(f"2:{SCP_CODES[lead]}", f"Lead {lead}")
        definition.ChannelSensitivity = "0.5"
        definition.ChannelSensitivityCorrectionFactor = "2"
        definition.ChannelSensitivityUnitsSequence = coded("uV", "microvolt", "UCUM")
        definition.ChannelBaseline = "0"
        definition.WaveformBitsStored = 16
        return definition

    def group(samples, label):
        item = Dataset()
        item.MultiplexGroupLabel, item.WaveformOriginality, item.SamplingFrequency = label, "ORIGINAL", str(rate)
        item.NumberOfWaveformChannels, item.NumberOfWaveformSamples = len(leads), len(samples)
        item.ChannelDefinitionSequence = [channel(lead) for lead in leads]
        item.WaveformBitsAllocated, item.WaveformSampleInterpretation = 16, "SS"
        item.WaveformPaddingValue = struct.pack("<h", -32768)
        item.WaveformData = np.ascontiguousarray(samples, "<i2").tobytes()
        return item

    data = Dataset()
    data.SOPClassUID = UID("1.2.840.10008.5.1.4.1.1.9.1.1")
    data.SOPInstanceUID = UID("1.2.3")
    data.PatientName, data.PatientID, data.PatientSex, data.PatientAge = NAME, "QX-77", "F", "042Y"
    data.PatientBirthDate, data.AcquisitionDateTime = "19800615", "20230614101500"
    # a private sequence of unknown kind and undefined length lies in many vendors' files
    block = data.private_block(0x0009, "ACME", create=True)
    inner = Dataset()
    inner.PatientComments = NAME
    block.add_new(0x01, "SQ", [inner])
    data.WaveformSequence = [group(counts[: int(1.2 * rate)], "MEDIAN BEAT"), group(counts, "RHYTHM")]
    if change:
        change(data)
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = UID(syntax)
    data.file_meta.MediaStorageSOPClassUID, data.file_meta.MediaStorageSOPInstanceUID = data.SOPClassUID, "1.2.3"
    path = folder / "r.dcm"
    data.save_as(path, enforce_file_format=True)
    return path


def as_edf(folder, counts, rate, leads=LEADS, *, bits=16, plus=True):
    """Records of 1 s; the physical range turns the stored numbers into microvolts, turned round for the last lead."""
    records = len(counts) // rate
    top = (1 << (bits - 1)) - 1
    labels = [f"ECG {lead}" for lead in leads] + ["SaO2"] + (["EDF Annotations"] if plus and bits == 16 else [])
    samples = [rate] * len(leads) + [4, 20]
    slopes = [1.0] * (len(leads) - 1) + [-1.0]

    def column(size, values):
        return b"".join(str(value).encode("latin-1").ljust(size) for value in values)

    count = len(labels)
    extra = count - len(leads)
    lows = [round(-slope * (top + 1)) for slope in slopes] + [0, -1][:extra]
    highs = [round(slope * top) for slope in slopes] + [100, 1][:extra]
    head = (b"0" if bits == 16 else b"\xffBIOSEMI").ljust(8)
    head += f"QX-77 F 15-JUN-1980 {NAME}".ljust(80).encode() + b"Startdate 14-JUN-2023 X X X".ljust(80)
    head += b"14.06.2310.15.00" + str(256 * (1 + count)).encode().ljust(8)
    head += (b"EDF+C" if plus else b"").ljust(44) + str(records).encode().ljust(8) + b"1".ljust(8)
    head += str(count).encode().ljust(4)
    head += column(16, labels) + column(80, [""] * count) + column(8, ["µV"] * len(leads) + ["%", ""][:extra])
    head += column(8, lows) + column(8, highs) + column(8, [-top - 1] * count) + column(8, [top] * count)
    head += column(80, ["HP:0.05Hz"] * count) + column(8, samples[:count]) + column(32, [""] * count)
    body = b""
    width = bits // 8
    signed = np.concatenate([counts[:, :-1], -counts[:, -1:]], axis=1).astype(np.int32)
    for record in range(records):
        rows = signed[record * rate : (record + 1) * rate].T
        body += np.ascontiguousarray(rows, "<i4").view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
        body += bytes(4 * width)
        if len(labels) > len(leads) + 1:
            body += f"+{record}\x14\x14\0".encode().ljust(40, b"\0")
    path = folder / "r.edf"
    path.write_bytes(head + body)
    return path


def as_bdf(folder, counts, rate, leads=LEADS):
    return as_edf(folder, counts, rate, leads, bits=24).rename(folder / "r.bdf")


def as_ishne(folder, counts, rate, leads=LEADS):
    head = struct.pack("<iiii", 4, len(counts), 522, 526) + struct.pack("<h", 1) + NAME.encode().ljust(80, b"\0")
    head += b"QX-77".ljust(20, b"\0") + struct.pack("<hh", 2, 0) + struct.pack("<hhh", 15, 6, 1980)
    head += struct.pack("<hhh", 14, 6, 2023) + bytes(12) + struct.pack("<h", len(leads))
    head += struct.pack("<12h", *[ISHNE_CODES[lead] for lead in leads], *[-9] * (12 - len(leads))) + bytes(24)
    head += struct.pack("<12h", *[1000] * len(leads), *[-9] * (12 - len(leads))) + struct.pack("<h", 0)
    head = head.ljust(272 - 10, b"\0") + struct.pack("<h", rate)
    head = head.ljust(522 - 10, b"\0") + b"note"
    checksum = struct.pack("<H", binascii.crc_hqx(head, 0xFFFF))
    path = folder / "r.ecg"
    path.write_bytes(b"ISHNE1.0" + checksum + head + np.ascontiguousarray(counts, "<i2").tobytes())
    return path


def as_aecg(folder, counts, rate, leads=LEADS):
    def series(samples, code, tag):
        sequences = "".join(
            f'<component><sequence><code code="MDC_ECG_LEAD_{lead.upper()}"/><value><origin value="-1" unit="uV"/>'
            f'<scale value="0.5" unit="uV"/><digits>{" ".join(str(2 * (value + 1)) for value in column)}</digits>'
            "</value></sequence></component>"
            for lead, column in zip(leads, samples.T.tolist(), strict=True)
        )
        time = f'<code code="TIME_ABSOLUTE"/><value><increment value="{1000 / rate:.6g}" unit="ms"/></value>'
        return (
            f'<{tag}><code code="{code}"/><component><sequenceSet><component><sequence>{time}</sequence></component>'
            f"{sequences}</sequenceSet></component>"
        )

    beat = series(counts[: int(1.2 * rate)], "REPRESENTATIVE_BEAT", "derivedSeries") + "</derivedSeries>"
    path = folder / "aecg.xml"
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- ' + "long " * 2000 + "-->\n"
        '<h:AnnotatedECG xmlns="urn:hl7-org:v3" xmlns:h="urn:hl7-org:v3">'
        '<effectiveTime><low value="20230614101500"/></effectiveTime><subjectDemographicPerson>'
        f'<name>{NAME}</name><administrativeGenderCode code="F"/><birthTime value="19800615"/>'
        "</subjectDemographicPerson>"
        f"<component>{series(counts, 'RHYTHM', 'series')}<derivation>{beat}</derivation></series></component>"
        "</h:AnnotatedECG>"
    )
    return path


def as_muse(folder, counts, rate, leads=LEADS, *, unit="MICROVOLTS"):
    def waveform(kind, samples):
        leads_data = ""
        for lead, column in zip(leads, samples.T, strict=True):
            content = np.ascontiguousarray(column, "<i2").tobytes()
            leads_data += (
                f"<LeadData><LeadByteCountTotal>{len(content)}</LeadByteCountTotal><LeadAmplitudeUnitsPerBit>1"
                f"</LeadAmplitudeUnitsPerBit><LeadAmplitudeUnits>{unit}</LeadAmplitudeUnits><LeadID>{lead}</LeadID>"
                f"<LeadSampleCountTotal>{len(column)}</LeadSampleCountTotal><LeadSampleSize>2</LeadSampleSize>"
                f"<LeadDataCRC32>{zlib.crc32(content)}</LeadDataCRC32>"
                f"<WaveFormData>\n{base64.encodebytes(content).decode()}</WaveFormData></LeadData>"
            )
        return (
            f"<Waveform><WaveformType>{kind}</WaveformType><SampleBase>{rate}</SampleBase>"
            f"<SampleExponent>0</SampleExponent>{leads_data}</Waveform>"
        )

    path = folder / "muse.xml"
    path.write_text(
        '<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE RestingECG SYSTEM "restecg.dtd"><RestingECG>'
        f"<PatientDemographics><PatientID>QX-77</PatientID><PatientLastName>{NAME}é</PatientLastName><Gender>FEMALE</Gender>"
        "<DateofBirth>06-15-1980</DateofBirth></PatientDemographics><TestDemographics><AcquisitionDate>06-14-2023"
        f"</AcquisitionDate></TestDemographics>{waveform('Median', counts[: int(1.2 * rate)])}"
        f"{waveform('Rhythm', counts)}</RestingECG>",
        encoding="latin-1",
    )
    return path


def as_cardiosoft(folder, counts, rate, leads=LEADS):
    rows = "".join(
        f'<WaveformData lead="{lead}">{",".join(map(str, column))}</WaveformData>'
        for lead, column in zip(leads, counts.T.tolist(), strict=True)
    )
    beat = '<MedianSamples><WaveformData lead="I">1,2,3</WaveformData></MedianSamples>'
    when = "<Hour>10</Hour><Minute>15</Minute><Second>0</Second><Day>14</Day><Month>6</Month><Year>2023</Year>"
    path = folder / "cardiosoft.xml"
    path.write_text(
        '<?xml version="1.0" encoding="ISO8859-1" ?><CardiologyXML><ObservationType>RestECG</ObservationType>'
        f"<ObservationDateTime>{when}</ObservationDateTime><ClinicalInfo><DeviceInfo><Desc>CardioSoft</Desc>"
        "<SoftwareVer>V6.71</SoftwareVer></DeviceInfo></ClinicalInfo><PatientInfo><PID>QX-77</PID><Name><FamilyName>"
        f'{NAME}</FamilyName></Name><Age units="years">42</Age><Gender>FEMALE</Gender></PatientInfo><FilterSetting>'
        "<Filter50Hz>yes</Filter50Hz><Filter60Hz>no</Filter60Hz><LowPass>150</LowPass></FilterSetting>"
        f"<RestingECGMeasurements>{beat}</RestingECGMeasurements><StripData><NumberOfLeads>{len(leads)}</NumberOfLeads>"
        f'<SampleRate units="Hz">{rate}</SampleRate><ChannelSampleCountTotal>{len(counts)}</ChannelSampleCountTotal>'
        f'<Resolution units="uVperLsb">1</Resolution>{rows}</StripData></CardiologyXML>'
    )
    return path


def literal_lzw(content):
    """Valid LZW of 10-bit codes that never uses its table."""
    bits = "".join(f"{byte:010b}" for byte in content) + f"{1023:010b}"
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")


def xli(leads):
    """The compression of Philips: what the limb leads' algebra misses, second differences, high bytes first."""
    first, second, third, avr, avl, avf = (lead.astype(np.int64) for lead in leads[:6])
    stored = [first, second, second - first - third, -avr - (first + second) // 2]
    stored += [(first - third) // 2 - avl, (second + third) // 2 - avf, *leads[6:]]
    chunks = b""
    for lead in stored:
        values = np.asarray(lead, np.int64)
        words = (
            np.concatenate([values[:2], 64 - np.diff(values, 2)[1:], [64]]).astype(">i2").view(np.uint8).reshape(-1, 2)
        )
        start = int(2 * values[1] - values[0] - values[2])
        packed = literal_lzw(words[:, 0].tobytes() + words[:, 1].tobytes())
        chunks += struct.pack("<ihh", len(packed), 1, start) + packed
    return chunks


def as_sierra(folder, counts, rate, leads=LEADS, *, compressed=True, version="1.04"):
    columns = np.ascontiguousarray(counts.T, "<i2")
    # encoders leave what their memory held in the spare channels
    content = xli(columns) + b"\7\0\0\0\1\0\0\0garbage" if compressed else columns.tobytes()
    how = 'compression="XLI"' if compressed else 'compression="Uncompressed"'
    path = folder / "sierra.xml"
    path.write_text(
        '<?xml version="1.0" encoding="UTF-16"?><restingecgdata xmlns="http://www3.medical.philips.com"><documentinfo>'
        f"<documenttype>PhilipsECG</documenttype><documentversion>{version}</documentversion></documentinfo>"
        '<dataacquisition date="2023-06-14"><signalcharacteristics><signalsigned>True</signalsigned>'
        "</signalcharacteristics></dataacquisition><patient><generalpatientdata><patientid>QX-77</patientid><name>"
        f"<lastname>{NAME}</lastname></name><age><dateofbirth>1980-06-15</dateofbirth></age><sex>Female</sex>"
        f'</generalpatientdata></patient><waveforms><parsedwaveforms dataencoding="Base64" {how} '
        f'leadlabels="{" ".join(leads)}" numberofleads="12" durationperchannel="{1000 * len(counts) // rate}" '
        f'samplespersecond="{rate}" resolution="1" signaloffset="0">{base64.encodebytes(content).decode()}'
        '</parsedwaveforms><repbeats><repbeat leadname="I">AAAA</repbeat></repbeats></waveforms></restingecgdata>',
        encoding="utf-16",
    )
    return path


def as_sierra_plain(folder, counts, rate, leads=LEADS):
    return as_sierra(folder, counts, rate, leads, compressed=False, version="1.03")


def huffman(values):
    """The default table of SCP-ECG."""
    bits = ""
    for value in values.tolist():
        if abs(value) <= 8:
            bits += "1" * abs(value) + "0" + ("" if value == 0 else "1" if value < 0 else "0")
        elif abs(value) < 128:
            bits += "1111111110" + f"{value & 0xFF:08b}"
        else:
            bits += "1111111111" + f"{value & 0xFFFF:016b}"
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def as_scp(folder, counts, rate, leads=LEADS, *, packed=True, beats=False):
    """`packed` are Huffman codes of second differences; with `beats`, a reference beat is subtracted at two places."""
    samples = counts.T.astype(np.int64)
    reference = samples[:, 100:400]
    places = (700, 1500)
    if beats:
        samples = samples.copy()
        for place in places:
            samples[:, place : place + 200] -= reference[:, 50:250]

    def coded(lead):
        differences = np.concatenate([lead[:2], np.diff(lead, 2)]) if packed else lead
        return huffman(differences) if packed else np.ascontiguousarray(differences, "<i2").tobytes()

    def signals(rows):
        parts = [coded(row) for row in rows]
        head = struct.pack("<HHBB", 1000, round(1e6 / rate), 2 if packed else 0, 0)
        return head + struct.pack(f"<{len(parts)}H", *map(len, parts)) + b"".join(parts)

    def tag(number, content):
        return struct.pack("<BH", number, len(content)) + content

    day = struct.pack("<HBB", 2023, 6, 14)
    bodies = {
        1: tag(0, NAME.encode() + b"\0")
        + tag(5, struct.pack("<HBB", 1980, 6, 15))
        + tag(8, b"\2")
        + tag(25, day)
        + tag(255, b""),
        3: struct.pack("<BB", len(leads), 4 | beats | len(leads) << 3 & 0xF8)
        + b"".join(struct.pack("<IIB", 1, len(counts), SCP_CODES[lead]) for lead in leads),
        6: signals(samples),
    }
    if packed:
        bodies[2] = struct.pack("<H", 19999)
    if beats:
        # the fiducial is sample 150 of the reference, so the zones lie 100 before and behind it
        zones = b"".join(struct.pack("<HIII", 0, place + 1, place + 101 - 1, place + 200) for place in places)
        bodies[4] = struct.pack("<HHH", round(300 * 1000 / rate), 150, len(places)) + zones
        bodies[5] = signals(reference)
    bodies = dict(sorted(bodies.items()))
    place = 7 + 16 + 10 * (1 + len(bodies))
    pointers = struct.pack("<HII", 0, 16 + 10 * (1 + len(bodies)), 7)
    sections = b""
    for number, body in bodies.items():
        body += b"\0" * (len(body) % 2)
        whole = struct.pack("<HIBB6s", number, 16 + len(body), 13, 13, b"") + body
        sections += struct.pack("<H", binascii.crc_hqx(whole, 0xFFFF)) + whole
        pointers += struct.pack("<HII", number, 16 + len(body), place)
        place += 16 + len(body)
    first = struct.pack("<HIBB6s", 0, 16 + len(pointers), 13, 13, b"SCPECG") + pointers
    record = struct.pack("<I", place - 1) + struct.pack("<H", binascii.crc_hqx(first, 0xFFFF)) + first + sections
    path = folder / "r.scp"
    path.write_bytes(struct.pack("<H", binascii.crc_hqx(record, 0xFFFF)) + record)
    return path


def as_scp_raw(folder, counts, rate, leads=LEADS):
    return as_scp(folder, counts, rate, leads, packed=False)


def as_scp_beats(folder, counts, rate, leads=LEADS):
    return as_scp(folder, counts, rate, leads, beats=True)


def as_csv(folder, counts, rate, leads=LEADS):
    rows = [",".join(["time (s)", *(f"{lead} [uV]" for lead in leads)])]
    rows += [",".join([f"{row / rate:.6f}", *map(str, values)]) for row, values in enumerate(counts.tolist())]
    path = folder / "r.csv"
    path.write_text("\n".join(rows))
    return path


def as_npy(folder, counts, rate, leads=LEADS):
    path = folder / "r.npy"
    np.save(path, counts)
    return path


def as_matlab(folder, counts, rate, leads=LEADS, *, version="5"):
    from scipy.io import savemat

    path = folder / f"r{version}.mat"
    others = {"note": "text", "fs": float(rate)} if version == "5" else {}
    savemat(path, {"val": counts.T.copy(), **others}, format=version, do_compression=version == "5")
    return path


def as_old_matlab(folder, counts, rate, leads=LEADS):
    return as_matlab(folder, counts, rate, leads, version="4")


WRITERS = {
    "WFDB": as_wfdb,
    "DICOM": as_dicom,
    "SCP-ECG": as_scp,
    "SCP-ECG without codes": as_scp_raw,
    "SCP-ECG with reference beats": as_scp_beats,
    "HL7 aECG": as_aecg,
    "GE MUSE XML": as_muse,
    "GE CardioSoft XML": as_cardiosoft,
    "Philips Sierra XML": as_sierra,
    "Philips Sierra XML, plain": as_sierra_plain,
    "EDF": as_edf,
    "BDF": as_bdf,
    "ISHNE": as_ishne,
    "CSV": as_csv,
    "NPY": as_npy,
    "MATLAB": as_matlab,
    "MATLAB 4": as_old_matlab,
}


@pytest.fixture(scope="session")
def writers():
    """Format -> writer(folder, counts, rate, leads) -> path; counts [samples, leads] int16, µV."""
    return WRITERS


@pytest.fixture(scope="session")
def patient_name():
    """What the writers put into the files as the patient's name."""
    return NAME


@pytest.fixture(scope="session")
def counts():
    """[5000, 12] int16, µV at 500 Hz: like an ECG in size and slope, and with limb leads that obey their algebra."""
    chance = np.random.default_rng(7)
    time = np.arange(5000) / 500
    eight = [
        800 * np.exp(-(((time * 1.1 + shift) % 1 - 0.5) ** 2) / 0.002) * chance.normal() + 60 * np.sin(time + shift)
        for shift in chance.uniform(0, 0.05, 8)
    ]
    first, second, *chest = np.rint(np.array(eight) + chance.normal(0, 5, (8, 5000)))
    limb = [first, second, second - first, -(first + second) / 2, first - second / 2, second - first / 2]
    return np.rint(np.array([*limb, *chest]).T).astype(np.int16)
