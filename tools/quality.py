"""How often the quality gate errs: false findings on real recordings, and which injected faults it finds.

    python tools/quality.py STORE [--records500 FOLDER] [--notes CSV] [--out FOLDER]

Folds 8 and 9 of PTB-XL; what the gate has fitted, it fitted on folds 1-7. Prints the tables of docs/quality.md. With
--records500, a folder of PTB-XL's recordings at 500 Hz, faults that 100 Hz cannot show are injected into those; with
--notes, a `ptbxl_database.csv` that holds the annotators' notes, the warnings are compared with them; with --out, every
recording of folds 8-9 that is refused is drawn there, and up to six for each code of a warning.
"""

import argparse
import csv
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from twelvelead.data.store import Store
from twelvelead.ecg.faults import FAULTS, Fault, Severity
from twelvelead.ecg.quality import CODES, Finding, check
from twelvelead.ecg.record import ECG

INJECTED = 400
"""Recordings of folds 8-9 that each fault is injected into."""

DRAWN = 6

MEANT: dict[str, tuple[str, ...]] = {
    "powerline_50": ("powerline",),
    "powerline_60": ("powerline",),
    "muscle_noise": ("muscle-noise",),
    "baseline_wander": ("baseline-wander",),
    "electrode_motion": ("baseline-wander",),
    "clipping": ("clipping", "limb-leads"),
    "time_shift": ("flat",),
    "missing_leads": ("flat",),
    "missing_set": ("flat",),
    "limb_swap": ("electrodes", "flat"),
    "chest_swap": ("electrodes",),
}
"""Fault of `twelvelead.ecg.faults` -> the codes that are due for it; of the others, any finding is counted."""

NAMES: dict[Severity, str] = {"reversed": "V1-V6 reversed", "RA/RL": "II", "LA/RL": "III"}
"""What a finding's values name for a case of a fault, where it is not the case; a lead without any signal is flat."""

Inject = Callable[[ECG], ECG]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    parser.add_argument("--records500", type=Path)
    parser.add_argument("--notes", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    store = Store.open(options.store)
    rows = np.flatnonzero(np.isin(store.column("fold"), (8, 9)))
    ecgs = [recording(store, row) for row in rows]
    found = [check(ecg) for ecg in ecgs]
    print(f"\nReal recordings, folds 8-9, {len(ecgs)} of {store.sampling_rate:g} Hz\n")
    real_table(found)
    if options.notes:
        notes_table(options.notes, dict(zip(store.column("ecg_id")[rows].tolist(), found, strict=True)))
    chosen = np.random.default_rng(8).permutation(len(ecgs))
    sound = [ecgs[i] for i in chosen if not found[i]][:INJECTED]
    print(f"\nFaults injected into {len(sound)} recordings without a finding, {store.sampling_rate:g} Hz\n")
    fault_table(sound, {name: fault.severities for name, fault in FAULTS.items() if name != "missing_lead"})
    file_table(sound)
    if options.records500:
        high_rate(options.records500)
    if options.out:
        draw(options.out, ecgs, found)


def recording(store: Store, row: np.integer[Any]) -> ECG:
    return ECG(
        store.signals[row] * np.float32(1e-3),
        store.sampling_rate,
        store.leads,
        age=float(store.column("age")[row]),
        source=f"ecg {store.column('ecg_id')[row]}",
    )


def real_table(found: list[tuple[Finding, ...]]) -> None:
    count: Counter[tuple[str, str]] = Counter((finding.severity, finding.code) for each in found for finding in each)
    any_of: Counter[str] = Counter(severity for each in found for severity in {finding.severity for finding in each})
    print("| finding | recordings | share |\n|---|---|---|")
    for severity, name in (("refuse", "refused"), ("warn", "warned")):
        for code in CODES:
            if n := count[severity, code]:
                print(f"| {name}: {code} | {n} | {n / len(found):.2%} |")
        print(f"| **{name}, any** | {any_of[severity]} | {any_of[severity] / len(found):.2%} |")


def notes_table(path: Path, found: dict[int, tuple[Finding, ...]]) -> None:
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if int(row["ecg_id"]) in found]
    print(f"\nAgainst the annotators' notes, {len(rows)} of these recordings\n")
    print("| note | warning | warned, of those with the note | warned, of those without |\n|---|---|---|---|")
    for column, code in (
        ("baseline_drift", "baseline-wander"),
        ("static_noise", "muscle-noise"),
        ("burst_noise", "muscle-noise"),
        ("electrodes_problems", "electrodes"),
    ):
        hits = {True: [0, 0], False: [0, 0]}
        for row in rows:
            cell = hits[bool(row[column].strip(" ,"))]
            cell[0] += any(finding.code == code for finding in found[int(row["ecg_id"])])
            cell[1] += 1
        print(f"| {column} | {code} | {hits[True][0]} of {hits[True][1]} | {hits[False][0]} of {hits[False][1]} |")


def fault_table(ecgs: list[ECG], faults: dict[str, Iterable[Severity]]) -> None:
    print("| fault | finding due | severity: found, of the recordings that it changed |\n|---|---|---|")
    for name, severities in faults.items():
        fault, cells = FAULTS[name], []
        for severity in severities:
            found = share(ecgs, injection(fault, severity), MEANT.get(name))
            cells.append(f"{severity if isinstance(severity, str) else format(severity, 'g')}: {found}")
        unit, due = f" ({fault.unit})" if fault.unit else "", " or ".join(MEANT.get(name, ("any",)))
        print(f"| {name}{unit} | {due} | {', '.join(cells)} |")
        if name.endswith("_swap"):
            cells = [
                f"{each}: {share(ecgs, injection(fault, each), (NAMES.get(each, str(each)),))}" for each in severities
            ]
            print(f"| {name} | electrodes, the right ones | {', '.join(cells)} |")


def injection(fault: Fault, severity: Severity) -> Inject:
    rng = np.random.default_rng(9)
    return lambda ecg: replace(ecg, signal=fault.apply(ecg.signal, ecg.sampling_rate, severity, rng))


def share(ecgs: list[ECG], inject: Inject, codes: tuple[str, ...] | None) -> str:
    hits, changed = 0, 0
    for ecg in ecgs:
        spoiled = inject(ecg)
        if spoiled.signal.shape == ecg.signal.shape and np.array_equal(spoiled.signal, ecg.signal):
            continue
        changed += 1
        hits += any(
            codes is None or {finding.code, f"{finding.severity}: {finding.code}", *finding.values} & set(codes)
            for finding in check(spoiled)
        )
    return f"{hits / changed:.0%}" + (f" of {changed}" if changed < len(ecgs) else "") if changed else "changes none"


def file_table(ecgs: list[ECG]) -> None:
    """Faults of the file and of the limb leads, which no electrode makes."""
    rng = np.random.default_rng(10)

    def scaled(by: float) -> Inject:
        return lambda ecg: replace(ecg, signal=ecg.signal * np.float32(by))

    def lead_off(lead: int, seconds: float) -> Inject:
        def inject(ecg: ECG) -> ECG:
            signal = ecg.signal.copy()
            start = rng.integers(0, len(signal) - round(seconds * ecg.sampling_rate) + 1)
            signal[start : start + round(seconds * ecg.sampling_rate), lead] = signal[start, lead]
            return replace(ecg, signal=signal)

        return inject

    def noisy(lead: int, microvolts: float) -> Inject:
        def inject(ecg: ECG) -> ECG:
            signal = ecg.signal.copy()
            signal[:, lead] += rng.normal(0, microvolts / 1000, len(signal)).astype(np.float32)
            return replace(ecg, signal=signal)

        return inject

    def columns(order: list[int], sign: float = 1.0) -> Inject:
        def inject(ecg: ECG) -> ECG:
            signal = ecg.signal[:, order].copy()
            signal[:, 3] *= np.float32(sign)
            return replace(ecg, signal=signal)

        return inject

    def lost(samples: int) -> Inject:
        def inject(ecg: ECG) -> ECG:
            signal = ecg.signal.copy()
            start = rng.integers(0, len(signal) - samples + 1)
            signal[start : start + samples, rng.integers(12)] = np.nan
            return replace(ecg, signal=signal)

        return inject

    def foreign(ecg: ECG) -> ECG:
        other = ecgs[rng.integers(len(ecgs))].signal
        return replace(ecg, signal=np.stack([ecgs[rng.integers(len(ecgs))].signal[:, 0], *other.T[1:]], axis=1))

    def white(ecg: ECG) -> ECG:
        independent = rng.normal(0, 0.3, (len(ecg.signal), 8)).astype(np.float32)
        names = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
        return ECG(independent, ecg.sampling_rate, names).twelve()

    def unrelated(ecg: ECG) -> ECG:
        names = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
        picked = [ecgs[rng.integers(len(ecgs))].signal[:, ecg.leads.index(name)] for name in names]
        return ECG(np.stack(picked, axis=1), ecg.sampling_rate, names).twelve()

    straight = list(range(12))
    cases: list[tuple[str, str, Inject]] = [
        ("one sample is NaN", "not-finite", lost(1)),
        ("2.4 s long", "too-short", lambda ecg: replace(ecg, signal=ecg.signal[: round(2.4 * ecg.sampling_rate)])),
        *((f"V3 stands still for {seconds:g} s", "flat", lead_off(8, seconds)) for seconds in (1.0, 2.5, 4.0)),
        ("volts taken for millivolts", "amplitude", scaled(1e-3)),
        ("microvolts taken for millivolts", "amplitude", scaled(1e3)),
        ("200 counts a mV taken for millivolts", "amplitude", scaled(200)),
        ("10 times too large", "amplitude", scaled(10)),
        ("lead III with 3 uV of noise", "limb-leads", noisy(2, 3)),
        *((f"lead III with {level} uV of noise", "warn: limb-leads", noisy(2, level)) for level in (7, 15)),
        *((f"lead III with {level} uV of noise", "refuse: limb-leads", noisy(2, level)) for level in (25, 100)),
        ("-aVR stored as aVR", "refuse: limb-leads", columns(straight, -1.0)),
        ("names of II and III interchanged", "refuse: limb-leads", columns([0, 2, 1, *straight[3:]])),
        ("lead I of another recording", "refuse: limb-leads", foreign),
        ("3 times too large", "unusual", scaled(3)),
        ("a fifth of the size", "unusual", scaled(0.2)),
        ("white noise", "unusual", white),
        ("each lead from another recording", "unusual", unrelated),
    ]
    print("\n| fault of the file | finding due | found |\n|---|---|---|")
    for name, code, inject in cases:
        print(f"| {name} | {code} | {share(ecgs, inject, (code,))} |")


def high_rate(folder: Path) -> None:
    from twelvelead import read

    ecgs = [read(path) for path in sorted(folder.rglob("*.hea"))]
    for rate in (500.0, 250.0):
        at_rate = [ecg.resampled(rate) for ecg in ecgs]
        found = [check(ecg) for ecg in at_rate]
        print(f"\nReal recordings, {len(ecgs)} at {rate:g} Hz\n")
        real_table(found)
    sound = [ecg for ecg in ecgs if not check(ecg)]
    print(f"\nFaults injected into {len(sound)} recordings without a finding, 500 Hz\n")
    names = ("powerline_50", "powerline_60", "muscle_noise", "baseline_wander", "clipping", "limb_swap", "chest_swap")
    fault_table(sound, {name: FAULTS[name].severities for name in names})
    print("\n| fault | finding due | found |\n|---|---|---|")
    for height in (0.2, 0.3, 0.5, 1.0, 2.0):
        print(f"| pacing spikes of {height:g} mV | pacing | {share(sound, paced(height), ('pacing',))} |")


def paced(millivolts: float) -> Inject:
    """Spikes of 0.5 ms, 70 a minute, of one direction at all electrodes, as a device shows them that passes 150 Hz."""
    from twelvelead.ecg.electrodes import LEADS_OF_ELECTRODES

    rng = np.random.default_rng(11)

    def inject(ecg: ECG) -> ECG:
        samples = len(ecg.signal)
        frequency = np.fft.rfftfreq(samples, 1 / ecg.sampling_rate)
        times = np.arange(rng.uniform(0, 0.8), ecg.duration, 60 / 70)
        spectrum = np.exp(-2j * np.pi * frequency[:, None] * times).sum(axis=1) / (1 + (frequency / 150) ** 4) ** 0.5
        spikes = np.fft.irfft(spectrum, samples)
        height = LEADS_OF_ELECTRODES @ rng.normal(size=LEADS_OF_ELECTRODES.shape[1])
        shown = np.outer(spikes / spikes.max(), height / np.abs(height).max() * millivolts)
        return replace(ecg, signal=ecg.signal + shown.astype(np.float32))

    return inject


def draw(folder: Path, ecgs: list[ECG], found: list[tuple[Finding, ...]]) -> None:
    from twelvelead.ecg import paper

    folder.mkdir(parents=True, exist_ok=True)
    left = Counter(dict.fromkeys(CODES, DRAWN))
    for ecg, findings in zip(ecgs, found, strict=True):
        for finding in findings:
            if finding.severity == "refuse" or left[finding.code] > 0:
                left[finding.code] -= 1
                title = paper.Line(f"{ecg.source}: {finding.code} {', '.join(list(finding.values)[:3])}", "bold")
                page = paper.encode(paper.draw(ecg, headline=[title]), "png")
                paper.save(page, folder / f"{finding.code} {ecg.source}.png")


if __name__ == "__main__":
    main()
