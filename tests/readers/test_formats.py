"""Every format: the same recording from each, what the real files hold, and what is refused."""

import json
import struct
import warnings
from hashlib import sha256

import numpy as np
import pytest

from twelvelead.ecg.leads import LEADS, canonical_lead
from twelvelead.errors import Refused, Unreadable
from twelvelead.readers import read

RATE = 500
BARE = ("NPY", "MATLAB", "MATLAB 4")
KINDS = (
    "WFDB",
    "DICOM",
    "SCP-ECG",
    "SCP-ECG without codes",
    "SCP-ECG with reference beats",
    "HL7 aECG",
    "GE MUSE XML",
    "GE CardioSoft XML",
    "Philips Sierra XML",
    "Philips Sierra XML, plain",
    "EDF",
    "BDF",
    "ISHNE",
    "CSV",
    *BARE,
)
EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")


def stated(kind):
    return {"sampling_rate": RATE, "unit": "uV"} if kind in BARE else {}


def test_every_writer_is_used(writers):
    assert set(KINDS) == set(writers)


@pytest.mark.parametrize("kind", KINDS)
def test_one_recording_in_every_format(writers, counts, tmp_path, kind):
    ecg = read(writers[kind](tmp_path, counts, RATE), **stated(kind))
    assert (ecg.leads, ecg.sampling_rate, len(ecg.signal)) == (LEADS, RATE, 5000)
    # one quantum is 1 µV
    np.testing.assert_allclose(ecg.signal, counts / 1000, atol=1e-6)
    if kind not in (*BARE, "CSV"):
        assert (ecg.age, ecg.sex) == (42, "female")


def test_a_real_recording_in_every_format(writers, shared_formats, tmp_path):
    original = read(shared_formats / "cinc_chapman.hea")
    real = np.rint(original.signal * 1000).astype(np.int16)
    np.testing.assert_allclose(original.signal, real / 1000, atol=1e-6)
    for kind in KINDS:
        folder = tmp_path / kind.replace(" ", "-")
        folder.mkdir()
        ecg = read(writers[kind](folder, real, RATE), **stated(kind))
        np.testing.assert_allclose(ecg.signal, original.signal, atol=1e-6, err_msg=kind)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.partition(",")[0] != "Philips Sierra XML"])
def test_eight_leads_in_every_format(writers, counts, tmp_path, kind):
    columns = [LEADS.index(lead) for lead in EIGHT]
    path = writers[kind](tmp_path, counts[:, columns], RATE, EIGHT)
    np.testing.assert_allclose(read(path, **stated(kind)).signal, counts / 1000, atol=1e-3)
    assert read(path, leads=None, **stated(kind)).leads == EIGHT


@pytest.mark.parametrize("kind", KINDS)
def test_the_name_of_a_file_decides_nothing(writers, counts, tmp_path, kind):
    path = writers[kind](tmp_path, counts, RATE)
    if kind != "WFDB":
        path = path.rename(tmp_path / "export.tmp")
        np.testing.assert_allclose(read(path, **stated(kind)).signal, counts / 1000, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_padding_at_the_end_is_cut(writers, counts, tmp_path, kind):
    padded = np.concatenate([counts, np.zeros((500, 12), np.int16)])
    assert len(read(writers[kind](tmp_path, padded, RATE), **stated(kind)).signal) == 5000


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("CSV", "WFDB")])
def test_a_cut_file_is_refused_at_every_percent(writers, counts, tmp_path, kind):
    path = writers[kind](tmp_path, counts, RATE)
    content = path.read_bytes()
    for part in range(100):
        path.write_bytes(content[: len(content) * part // 100])
        try:
            ecg = read(path, **stated(kind))
        except (Unreadable, Refused) as error:
            said = str(error)
        else:
            # a recorder may announce more than it stores, and a cut between samples looks the same
            assert (kind, [finding.code for finding in ecg.findings]) == ("ISHNE", ["samples-disagree"])
            said = ""
        assert "\n" not in said


@pytest.mark.parametrize("kind", KINDS)
def test_a_rate_or_unit_that_contradicts_is_refused(writers, counts, tmp_path, kind):
    path = writers[kind](tmp_path, counts, RATE)
    if kind in BARE:
        # the MATLAB file of version 5 holds its rate
        with pytest.raises(Unreadable, match="--unit uV" if kind == "MATLAB" else "--sampling-rate 500"):
            read(path)
        return
    with pytest.raises(Unreadable, match="500 Hz, not 250 Hz; leave the rate out"):
        read(path, sampling_rate=250)
    with pytest.raises(Unreadable, match="not mV; leave the unit out"):
        read(path, unit="mV")


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_about_the_patient_is_told(writers, counts, tmp_path, kind, patient_name, capfd):
    path = writers[kind](tmp_path, counts[:, ::-1].copy(), RATE)
    content = path.read_bytes()
    chance = np.random.default_rng(1)
    said = ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for place in chance.integers(0, min(len(content), 3000), 60):
            path.write_bytes(content[:place] + b"\xff9" + content[place + 2 :])
            try:
                ecg = read(path, **stated(kind))
                said += repr(ecg) + json.dumps({"source": ecg.source, "age": ecg.age})
            except (Unreadable, Refused) as error:
                said += str(error)
    said += "".join(capfd.readouterr())
    assert said
    for word in (*patient_name.split("^"), "QX-77"):
        assert word not in said


REAL = {
    "cinc_chapman.hea": (500, 5000, 85, "male", 2.752),
    "cinc_georgia.mat": (500, 5000, None, "female", 1.137),
    "dicom_12lead.dcm": (1000, 10000, 42, "female", 1.9625),
    "ge_muse.xml": (500, 5000, 60, "male", 1.22),
    "hl7_aecg.xml": (500, 5000, 46, "male", 0.9725),
    "philips_sierra_103.xml": (500, 5263, 50, "male", 0.905),
    "philips_sierra_104.xml": (500, 5000, None, None, 1.91),
    "s0010_re.hea": (1000, 38400, 81, "female", 1.8115),
}


@pytest.mark.parametrize("name", REAL)
def test_real_files(shared_formats, name):
    rate, samples, age, sex, highest = REAL[name]
    ecg = read(shared_formats / name)
    assert (ecg.sampling_rate, len(ecg.signal), ecg.age, ecg.sex) == (rate, samples, age, sex)
    assert ecg.signal.max() == pytest.approx(highest, abs=1e-5)
    first, second, third, avr, avl, avf = ecg.signal[:, :6].T
    for misses in (second - first - third, avr + avl + avf):
        # three augmented leads of 5 µV a step, rounded one by one
        assert np.abs(misses).max() < 0.0151


def test_real_files_that_are_refused(shared_formats):
    with pytest.raises(Refused, match="missing leads V3, V5"):
        read(shared_formats / "scp_ecg.scp")
    whole = read(shared_formats / "scp_ecg.scp", leads=None)
    assert (whole.sampling_rate, whole.signal.shape, whole.age) == (600, (6000, 8), 36)
    with pytest.raises(Unreadable, match="of type 'MortaraECG'"):
        read(shared_formats / "philips_sierra_invalid_type.xml")


def test_real_dicom_as_pydicom_reads_it(shared_formats):
    data = pytest.importorskip("pydicom").dcmread(shared_formats / "dicom_12lead.dcm")
    theirs = data.waveform_array(0) / 1000  # µV
    np.testing.assert_allclose(read(shared_formats / "dicom_12lead.dcm").signal, theirs, atol=1e-6)


@pytest.mark.parametrize(
    "name", ["ge_muse.xml", "hl7_aecg.xml", "philips_sierra_103.xml", "scp_ecg.scp", "dicom_12lead.dcm"]
)
def test_real_files_as_ecgdatakit_reads_them(shared_formats, name):
    parser = pytest.importorskip("ecgdatakit").FileParser
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        record = parser.parse(shared_formats / name)
    ecg = read(shared_formats / name, leads=None)
    assert tuple(canonical_lead(lead.label) for lead in record.leads) == ecg.leads
    theirs = np.stack([lead.samples for lead in record.leads], axis=1)
    np.testing.assert_allclose(ecg.signal, theirs[: len(ecg.signal)], atol=1e-6)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"])
def test_dicom_in_every_transfer_syntax(writers, counts, tmp_path, syntax):
    path = writers["DICOM"](tmp_path, counts, RATE, syntax=syntax)
    np.testing.assert_allclose(read(path).signal, counts / 1000, atol=1e-6)


def test_dicom_big_endian(writers, counts, tmp_path):
    def turn(data):
        for group in data.WaveformSequence:
            group.WaveformData = np.frombuffer(group.WaveformData, "<i2").astype(">i2").tobytes()
            group.WaveformPaddingValue = group.WaveformPaddingValue[::-1]

    path = writers["DICOM"](tmp_path, counts, RATE, syntax="1.2.840.10008.1.2.2", change=turn)
    np.testing.assert_allclose(read(path).signal, counts / 1000, atol=1e-6)


def test_dicom_baseline_padding_and_source(writers, counts, tmp_path):
    marked = counts.copy()
    marked[10, 3] = -32768

    def change(data):
        definition = data.WaveformSequence[1].ChannelDefinitionSequence[0]
        definition.ChannelBaseline = "100"  # in the unit of the sensitivity, PS3.3 C.10.9.1.4
        definition.ChannelSourceSequence[0].CodeValue = "5.6.3-9-1"
        data.WaveformSequence[1].ChannelDefinitionSequence[1].ChannelSourceSequence[0].CodeValue = "XYZ"

    signal = read(writers["DICOM"](tmp_path, marked, RATE, change=change)).signal
    np.testing.assert_allclose(signal[:, 0], counts[:, 0] / 1000 + 0.1, atol=1e-6)
    assert np.argwhere(np.isnan(signal)).tolist() == [[10, 3]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.pop("WaveformSequence"), "holds no waveform"),
        (lambda data: data.WaveformSequence.pop(1), "holds no rhythm recording"),
        (lambda data: setattr(data.WaveformSequence[1], "SamplingFrequency", "0"), "states no sampling rate|cannot be"),
        (
            lambda data: setattr(data.WaveformSequence[1], "NumberOfWaveformSamples", 1 << 31),
            "truncated: a waveform holds",
        ),
        (lambda data: setattr(data.WaveformSequence[1], "WaveformSampleInterpretation", "MB"), "of the kind 'MB'"),
        (
            lambda data: data.WaveformSequence[1].ChannelDefinitionSequence[0].pop("ChannelSensitivity"),
            "lead I is uncalibrated",
        ),
        (
            lambda data: setattr(
                data.WaveformSequence[1].ChannelDefinitionSequence[4].ChannelSensitivityUnitsSequence[0],
                "CodeValue",
                "mm[Hg]",
            ),
            r"lead aVL is in 'mm\[Hg\]', which is not a voltage",
        ),
    ],
)
def test_dicom_faults_are_named(writers, counts, tmp_path, change, message):
    with pytest.raises(Unreadable, match=message):
        read(writers["DICOM"](tmp_path, counts, RATE, change=change))


def test_units_that_muse_states(writers, counts, tmp_path):
    for unit, scale in (("MILLIVOLTS", 1), ("MICROVOLTS", 1e-3), ("nanovolts", 1e-6)):
        signal = read(writers["GE MUSE XML"](tmp_path, counts, RATE, unit=unit)).signal
        np.testing.assert_allclose(signal, counts * scale, rtol=1e-6)
    with pytest.raises(Unreadable, match="states no unit for lead I; give it"):
        read(writers["GE MUSE XML"](tmp_path, counts, RATE, unit=""))
    assert read(tmp_path / "muse.xml", unit="uV").signal.max() == pytest.approx(counts.max() / 1000)


def test_cabrera_lead_is_turned_round(writers, counts, tmp_path):
    turned = counts.copy()
    turned[:, 3] *= -1
    path = writers["CSV"](tmp_path, turned, RATE, (*LEADS[:3], "-aVR", *LEADS[4:]))
    np.testing.assert_allclose(read(path).signal, counts / 1000, atol=1e-6)
    only = writers["CSV"](tmp_path, turned[:, 3:], RATE, ("\u2212aVR", *LEADS[4:]))
    np.testing.assert_allclose(read(only).signal, counts / 1000, atol=2.1e-3)


def test_a_wrong_checksum_is_refused(writers, counts, tmp_path):
    for kind, place in (("SCP-ECG without codes", -100), ("ISHNE", 300), ("GE MUSE XML", -3000)):
        path = writers[kind](tmp_path, counts, RATE)
        content = bytearray(path.read_bytes())
        content[place] = ord("A") if content[place] != ord("A") else ord("B")
        path.write_bytes(content)
        with pytest.raises(Unreadable, match=r"checksum of .* is wrong: the file is damaged"):
            read(path)


def test_edf_with_gaps_is_refused(writers, counts, tmp_path):
    path = writers["EDF"](tmp_path, counts, RATE)
    content = path.read_bytes().replace(b"EDF+C", b"EDF+D")
    path.write_bytes(content)
    assert len(read(path).signal) == 5000
    path.write_bytes(content.replace(b"+5\x14", b"+6\x14"))
    with pytest.raises(Unreadable, match="has gaps"):
        read(path)


def test_ishne_that_counts_all_samples_together(writers, counts, tmp_path):
    path = writers["ISHNE"](tmp_path, counts, RATE)
    content = bytearray(path.read_bytes())
    content[8:10] = b"\0\0"
    content[14:18] = struct.pack("<i", counts.size)
    path.write_bytes(content)
    assert len(read(path).signal) == 5000


def test_an_uncalibrated_recording_takes_a_scale_and_no_unit(writers, counts, tmp_path):
    def change(data):
        for definition in data.WaveformSequence[1].ChannelDefinitionSequence:
            del definition.ChannelSensitivity

    path = writers["DICOM"](tmp_path, counts, RATE, change=change)
    for options in ({}, {"unit": "uV"}):
        with pytest.raises(Unreadable, match="lead I is uncalibrated") as raised:
            read(path, **options)
        assert "--unit" not in str(raised.value)
    ecg = read(path, scale=2.5)
    np.testing.assert_allclose(ecg.signal, counts / 400, atol=1e-6)
    assert ecg.findings == ()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "SCP-ECG with reference beats"])
def test_a_scale_takes_the_place_of_the_files_own(writers, counts, tmp_path, kind):
    path = writers[kind](tmp_path, counts, RATE)
    options = {"sampling_rate": RATE} if kind in BARE else {}
    findings = read(path, scale=3, **options).findings
    (finding,) = [finding for finding in findings if finding.code != "negative-gain"] or [None]
    if kind in BARE:
        assert finding is None
    else:
        assert (finding.code, finding.severity) == ("scale-overridden", "warn")
        assert "3 uV a step as given, where the file states " in finding.message
    step = 2 if kind == "HL7 aECG" else 1
    first = counts[:, 0] * 0.003 * step
    np.testing.assert_allclose(read(path, scale=3, **options).signal[:, 0], first, atol=1e-5)


@pytest.mark.parametrize("scale", [0, -1, np.nan, np.inf])
def test_an_impossible_scale_is_named(writers, counts, tmp_path, scale):
    with pytest.raises(Unreadable, match=r"a scale of .* cannot be; give the microvolts of one step"):
        read(writers["EDF"](tmp_path, counts, RATE), scale=scale)


@pytest.mark.parametrize("kind", KINDS)
def test_the_hash_is_of_the_files_bytes(writers, counts, tmp_path, kind):
    path = writers[kind](tmp_path, counts, RATE)
    content = path.read_bytes()
    if kind == "WFDB":
        content += path.with_suffix(".dat").read_bytes()
    ecg = read(path, **stated(kind))
    assert ecg.sha256 == sha256(content).hexdigest()
    assert ecg.identity is None
