"""How often the quality gate errs: false findings on real recordings, and which injected faults it finds.

    python tools/quality.py STORE [--records500 FOLDER] [--ludb FOLDER] [--notes CSV] [--out FOLDER]

Folds 8 and 9 of PTB-XL; what the gate has fitted, it fitted on folds 1-7. Prints the tables of docs/quality.md. With
--records500, a folder of PTB-XL's recordings at 500 Hz, and --ludb, LUDB's `data`, the same for those; with
--notes, a `ptbxl_database.csv` that holds the annotators' notes, the warnings are compared with them; with --out, every
recording of folds 8-9 that is refused is drawn there, and up to six for each code of a warning.
"""

import argparse
import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from quality_cases import Case, Inject, injected, of_file, of_leads, paced
from twelvelead.data.store import Store
from twelvelead.ecg.faults import FAULTS, Severity
from twelvelead.ecg.quality import CODES, Finding, check
from twelvelead.ecg.record import ECG

INJECTED, FEWER = 250, 100
"""Recordings of folds 8-9 that each technical fault is injected into, and each of the others."""

DRAWN = 6

MEANT: dict[str, tuple[str, ...]] = {
    "powerline_50": ("powerline",),
    "powerline_60": ("powerline",),
    "muscle_noise": ("muscle-noise",),
    "baseline_wander": ("baseline-wander",),
    "electrode_motion": ("baseline-wander", "jump"),
    "clipping": ("clipping", "limb-leads"),
    "time_shift": ("flat",),
    "offset": ("offset",),
    "missing_leads": ("flat",),
    "missing_set": ("flat",),
    "limb_swap": ("electrodes", "flat"),
    "chest_swap": ("electrodes",),
}
"""Fault of `twelvelead.ecg.faults` -> the codes that are due for it; of the others, any finding is counted."""

NAMES: dict[Severity, str] = {"reversed": "V1-V6 reversed", "RA/RL": "II", "LA/RL": "III"}
"""What a finding's values name for a case of a fault, where it is not the case; a lead without any signal is flat."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    parser.add_argument("--records500", type=Path)
    parser.add_argument("--ludb", type=Path)
    parser.add_argument("--notes", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    store = Store.open(options.store)
    rows = np.flatnonzero(np.isin(store.column("fold"), (8, 9)))
    ecgs = [recording(store, row) for row in rows]
    found = [check(ecg) for ecg in ecgs]
    print(f"\nReal recordings, folds 8-9, {len(ecgs)} of {store.sampling_rate:g} Hz\n")
    real_table(found)
    ninth = store.column("fold")[rows] == 9
    print("\nFold 9 alone\n")
    real_table([each for each, there in zip(found, ninth, strict=True) if there])
    if options.notes:
        notes_table(options.notes, dict(zip(store.column("ecg_id")[rows].tolist(), found, strict=True)))
    chosen = np.random.default_rng(8).permutation(len(ecgs))
    sound = [ecgs[i] for i in chosen if not found[i]][:INJECTED]
    print(f"\nTechnical faults injected into {len(sound)} recordings without a finding, {store.sampling_rate:g} Hz")
    case_table(sound, of_leads(sound))
    fewer = sound[:FEWER]
    print(f"\nFaults of the file injected into {len(fewer)} of them")
    case_table(fewer, of_file(fewer))
    print(f"\nFaults of twelvelead.ecg.faults injected into {len(fewer)} of them\n")
    fault_table(fewer, {name: fault.severities for name, fault in FAULTS.items() if name != "missing_lead"})
    if options.records500:
        high_rate(options.records500)
    if options.ludb:
        other_devices(options.ludb)
    if options.out:
        draw(options.out, ecgs, found)


def recording(store: Store, row: np.integer[Any]) -> ECG:
    return ECG(
        store.millivolts(row),
        store.sampling_rate,
        store.leads,
        age=float(store.column("age")[row]),
        source=f"ecg {store.column('ecg_id')[row]}",
    )


def real_table(found: list[tuple[Finding, ...]]) -> None:
    count: Counter[tuple[str, str]] = Counter((finding.severity, finding.code) for each in found for finding in each)
    any_of: Counter[str] = Counter(severity for each in found for severity in {finding.severity for finding in each})
    print("| finding | recordings | share |\n|---|---|---|", flush=True)
    for severity, name in (("refuse", "refused"), ("warn", "warned")):
        for code in CODES:
            if n := count[severity, code]:
                print(f"| {name}: {code} | {n} | {n / len(found):.2%} |")
        n = any_of[severity]
        print(f"| **{name}, any** | {n} | {n / len(found):.2%} {interval(n, len(found))} |")


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
        fault, due = FAULTS[name], MEANT.get(name, ())
        unit = f" ({fault.unit})" if fault.unit else ""
        found = {each: checked(ecgs, injected(name, each)) for each in severities}
        rows = {" or ".join(due) or "any": dict.fromkeys(severities, due)}
        if name.endswith("_swap"):
            rows["electrodes, the right ones"] = {each: (NAMES.get(each, str(each)),) for each in severities}
        for what, codes in rows.items():
            cells = [f"{each if isinstance(each, str) else format(each, 'g')}: " for each in severities]
            cells = [
                cell + share(found[each], codes[each], len(ecgs)) for cell, each in zip(cells, severities, strict=True)
            ]
            print(f"| {name}{unit} | {what} | {', '.join(cells)} |", flush=True)


def case_table(ecgs: list[ECG], cases: list[Case]) -> None:
    print("\n| fault | finding due | found (95 % interval) | besides |\n|---|---|---|---|")
    for case in cases:
        found = checked(ecgs, case.inject)
        n = sum(is_due(each, case.codes) for each in found)
        others = Counter(
            code for each in found for code in {f.code for f in each} - {c.split(": ")[-1] for c in case.codes}
        )
        besides = ", ".join(f"{code} {k / len(found):.0%}" for code, k in others.most_common(3) if k >= len(found) / 20)
        what = " or ".join(case.codes) or "any"
        print(f"| {case.name} | {what} | {n / len(found):.1%} {interval(n, len(found))} | {besides} |", flush=True)


def checked(ecgs: list[ECG], inject: Inject) -> list[tuple[Finding, ...]]:
    """Findings of the recordings that a fault changed."""
    found = []
    for ecg in ecgs:
        spoiled = inject(ecg)
        same = spoiled.signal.shape == ecg.signal.shape and spoiled.sampling_rate == ecg.sampling_rate
        if not (same and np.array_equal(spoiled.signal, ecg.signal)):
            found.append(check(spoiled))
    return found


def is_due(findings: tuple[Finding, ...], codes: tuple[str, ...]) -> bool:
    """Whether one has one of the codes, its severity before it or not, or names it in its values; any if there are
    none."""
    return any(not codes or {f.code, f"{f.severity}: {f.code}", *f.values} & set(codes) for f in findings)


def share(found: list[tuple[Finding, ...]], codes: tuple[str, ...], of: int) -> str:
    if not found:
        return "changes none"
    hits = sum(is_due(each, codes) for each in found)
    return f"{hits / len(found):.0%}" + (f" of {len(found)}" if len(found) < of else "")


def interval(hits: int, of: int) -> str:
    """Wilson's 95 % interval of a share (Wilson 1927)."""
    z2, p = 1.96**2, hits / of
    centre, half = p + z2 / (2 * of), 1.96 * (p * (1 - p) / of + z2 / (4 * of * of)) ** 0.5
    low, high = ((centre + sign * half) / (1 + z2 / of) for sign in (-1, 1))
    return f"({max(low, 0):.1%} to {min(high, 1):.1%})"


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
    heights = (0.2, 0.3, 0.5, 1.0, 2.0)
    pacing = [Case(f"pacing spikes of {height:g} mV", ("pacing",), paced(height)) for height in heights]
    case_table(sound, [*of_leads(sound), *pacing])


def other_devices(folder: Path) -> None:
    """LUDB, of another device and other patients; its samples are microvolts, whatever its headers say."""
    from twelvelead import read

    ecgs = [replace(read(path, scale=1.0), findings=()) for path in sorted(folder.rglob("*.hea"))]
    found = [check(ecg) for ecg in ecgs]
    print(f"\nLUDB, {len(ecgs)} recordings at 500 Hz\n")
    real_table(found)
    sound = [ecg for ecg, findings in zip(ecgs, found, strict=True) if not findings]
    print(f"\nTechnical faults injected into {len(sound)} of them, without a finding")
    case_table(sound, of_leads(sound))


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
