"""Files for benchmarks, made from a recording: WFDB at 100 Hz, and SCP-ECG as devices compress it."""

import binascii
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.record import ECG

_SCP_CODES = {"I": 1, "II": 2, "III": 61, "aVR": 62, "aVL": 63, "aVF": 64} | {f"V{n}": n + 2 for n in range(1, 7)}


def write_wfdb(ecg: ECG, folder: Path) -> Path:
    """The header of a WFDB record in format 16, in microvolts, at 100 Hz."""
    counts = _microvolts(ecg.resampled(100))
    lines = [f"record {len(ecg.leads)} 100 {len(counts)}"]
    lines += [
        f"record.dat 16 1000/mV 16 0 {values[0]} {values.sum().astype(np.int16)} 0 {lead}"
        for lead, values in zip(ecg.leads, counts.T, strict=True)
    ]
    (folder / "record.dat").write_bytes(counts.astype("<i2").tobytes())
    (folder / "record.hea").write_text("\n".join([*lines, f"# age: {ecg.age or 60:g}", f"# sex: {ecg.sex}", ""]))
    return folder / "record.hea"


def write_scp(ecg: ECG, folder: Path) -> Path:
    """An SCP-ECG record: second differences in the standard's default Huffman code (EN 1064), in microvolts."""
    counts = _microvolts(ecg)
    parts = [_huffman(np.concatenate([lead[:2], np.diff(lead, 2)])) for lead in counts.T]
    leads = b"".join(struct.pack("<IIB", 1, len(counts), _SCP_CODES[lead]) for lead in ecg.leads)
    bodies = {
        1: struct.pack("<BHHB", 4, 3, round(ecg.age or 60), 1) + struct.pack("<BHB", 8, 1, 1 + (ecg.sex == "female")),
        2: struct.pack("<H", 19999),
        3: struct.pack("<BB", len(ecg.leads), 4 | len(ecg.leads) << 3 & 0xF8) + leads,
        6: struct.pack("<HHBB", 1000, round(1e6 / ecg.sampling_rate), 2, 0)
        + struct.pack(f"<{len(parts)}H", *map(len, parts))
        + b"".join(parts),
    }
    bodies[1] += struct.pack("<BH", 255, 0)
    place = 7 + 16 + 10 * (1 + len(bodies))
    pointers, sections = struct.pack("<HII", 0, place - 7, 7), b""
    for number, body in bodies.items():
        whole = struct.pack("<HIBB6s", number, 16 + len(body), 13, 13, b"") + body
        sections += struct.pack("<H", binascii.crc_hqx(whole, 0xFFFF)) + whole
        pointers += struct.pack("<HII", number, len(body) + 16, place)
        place += 16 + len(body)
    first = struct.pack("<HIBB6s", 0, 16 + len(pointers), 13, 13, b"SCPECG") + pointers
    record = struct.pack("<IH", place - 1, binascii.crc_hqx(first, 0xFFFF)) + first + sections
    path = folder / "record.scp"
    path.write_bytes(struct.pack("<H", binascii.crc_hqx(record, 0xFFFF)) + record)
    return path


def _microvolts(ecg: ECG) -> NDArray[np.int64]:
    """[samples, leads]"""
    return np.rint(ecg.signal * 1000).astype(np.int64)


def _huffman(values: NDArray[np.int64]) -> bytes:
    def code(value: int) -> str:
        if abs(value) <= 8:
            return "1" * abs(value) + "0" + ("" if value == 0 else str(int(value < 0)))
        return "1" * 9 + ("0" + f"{value & 0xFF:08b}" if abs(value) < 128 else "1" + f"{value & 0xFFFF:016b}")

    bits = "".join(map(code, values.tolist()))
    bits += "0" * (-len(bits) % 16)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")
