"""Throw damaged copies of real files at the readers: nothing but a refusal in one sentence may come out.

    python tools/fuzz_readers.py [FOLDER] [--seconds 300] [--seed 0] [--atheris]

FOLDER holds real ECG files; without it, formats/ and cases/ of the folder that the environment variable
TWELVELEAD_SHARED names, or the one beside the repository; one generated recording in every format, as the tests write
it, is added. Each is cut at every 1 % of its length first; after that, mutants are drawn from a seed until the time is
up: bytes changed, runs removed, doubled or exchanged, numbers replaced by extreme ones; in half of them checksums are
computed anew. --atheris lets libFuzzer choose the mutants by the coverage of the readers (pip install atheris). Ends
with 1 where anything else than a recording or a refusal came out, a refusal was the last resort ("truncated or damaged
(Type)"), took longer than 10 s, or the memory passed 1 GB; one mutant of each such fault is kept in the current folder.
"""

import argparse
import importlib.util
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from fuzz_checksums import mended
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import TwelveLeadError
from twelvelead.readers import read

SLOWEST = 10.0
TRACED = 30
"""How much longer a reader may take where each of its comparisons is watched."""
MOST_MEMORY = 1 << 30
LARGEST = 2_000_000
VARIABLES = {"matlab_two_matrices.mat": "ecg"}
EXTREMES = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"99999999", b"-1", b"1e999", b"")


def originals(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Each file of the folder that is a recording or a part of one, but not huge."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix not in (".md", ".xyz") and path.stat().st_size < LARGEST:
            yield path, path.read_bytes()


def generated(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """One second of a generated recording in every format, each in a folder of its own."""
    file = Path(__file__).resolve().parents[1] / "tests" / "readers" / "conftest.py"
    spec = importlib.util.spec_from_file_location("writers", file)
    assert spec is not None
    assert spec.loader is not None
    writers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writers)
    counts = np.rint(synthetic_ecg("normal", seconds=4, sampling_rate=500).signal * 1000).astype(np.int16)
    for number, write in enumerate(writers.WRITERS.values()):
        place = folder / f"made-{number}"
        place.mkdir()
        path = write(place, counts, 500)
        for part in sorted(place.glob(path.stem + ".*")):
            yield part, part.read_bytes()


def mutant(content: bytes, chance: random.Random) -> bytes:
    """A copy with one to eight changes."""
    data = bytearray(content)
    for _ in range(1 << chance.randrange(4)):
        # headers are where decisions are made
        reach = len(data) if chance.random() < 0.5 else min(len(data), 4096)
        place = chance.randrange(reach + 1)
        length = min(1 << chance.randrange(12), len(data) - place)
        kind = chance.randrange(6)
        if kind == 0 and data:
            data[place % len(data)] = chance.randrange(256)
        elif kind == 1:
            del data[place : place + length]
        elif kind == 2:
            data[place:place] = data[place : place + length]
        elif kind == 3:
            other = chance.randrange(len(data) + 1)
            data[place : place + length] = data[other : other + length]
        elif kind == 4:
            extreme = chance.choice(EXTREMES)
            data[place : place + len(extreme)] = extreme
        else:
            digits = [at for at in range(place, min(place + 200, len(data))) if 48 <= data[at] < 58]
            if digits:
                data[chance.choice(digits)] = 48 + chance.randrange(10)
    return bytes(data)


def attempt(path: Path, outcomes: Counter[str], slowest: float = SLOWEST) -> str | None:
    """What is wrong with the way the readers take a file; None where nothing is."""
    start = time.process_time()
    try:
        bare = path.suffix in (".npy", ".mat") and not path.with_suffix(".hea").exists()
        ecg = read(path, sampling_rate=500, unit="uV", variable=VARIABLES.get(path.name)) if bare else read(path)
        outcome = "read"
        if np.isinf(ecg.signal).any():
            return "infinite voltages"
    except TwelveLeadError as error:
        outcome = type(error).__name__
        text = str(error)
        if "\n" in text or len(text) > 600:
            return f"not one sentence: {text!r}"
        if "truncated or damaged (" in text:
            kind = text.rpartition("damaged (")[2].partition(")")[0]
            outcomes[f"last resort: {kind}"] += 1
            return f"last resort: {kind}" if outcomes[f"last resort: {kind}"] == 1 else None
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    outcomes[outcome] += 1
    seconds = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    if seconds > slowest:
        return f"took {seconds:.1f} s"
    return f"took {memory:,} bytes of memory" if memory > MOST_MEMORY else None


def copies(path: Path, scratch: Path) -> Path:
    """A folder of the file's own with what its header needs; the mutant is written over its copy."""
    place = Path(tempfile.mkdtemp(dir=scratch))
    for companion in path.parent.glob(path.stem + ".*"):
        (place / companion.name).write_bytes(companion.read_bytes())
    return place / path.name


def by_atheris(targets: list[tuple[Path, bytes]], seconds: int) -> None:
    """Coverage-guided; the first bytes choose the original."""
    import atheris

    for name in [name for name in sys.modules if name.startswith("twelvelead.readers")]:
        del sys.modules[name]
    with atheris.instrument_imports(include=["twelvelead.readers"]):
        for name in ("aecg", "dicom", "edf", "ishne", "matlab", "muse", "scp", "sierra", "table", "wfdb", "xml"):
            importlib.import_module(f"twelvelead.readers.{name}")
        globals()["read"] = importlib.import_module("twelvelead.readers").read
    outcomes: Counter[str] = Counter()

    def once(data: bytes) -> None:
        if data:
            path, _ = targets[data[0] % len(targets)]
            path.write_bytes(data[1:])
            fault = attempt(path, outcomes, TRACED * SLOWEST)
            if fault:
                raise AssertionError(fault)

    corpus = Path(tempfile.mkdtemp())
    for number, (path, content) in enumerate(targets):
        (corpus / path.name).write_bytes(bytes([number]) + content[:65536])
    atheris.Setup(
        [sys.argv[0], f"-max_total_time={seconds}", "-max_len=65536", f"-timeout={TRACED * SLOWEST:.0f}", str(corpus)],
        once,
    )
    atheris.Fuzz()


def main() -> None:
    """Fuzz and say what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--atheris", action="store_true")
    options = parser.parse_args()
    shared = Path(os.environ.get("TWELVELEAD_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    folders = [options.folder] if options.folder else [shared / "formats", shared / "cases"]
    chance = random.Random(options.seed)
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        seeds = [seed for folder in folders if folder.is_dir() for seed in originals(folder)]
        seeds += generated(Path(scratch))
        targets = [(copies(path, Path(scratch)), content) for path, content in seeds]
        if options.atheris:
            by_atheris(targets, options.seconds)
        end = time.monotonic() + options.seconds
        cuts = ((path, content[: len(content) * part // 100]) for path, content in targets for part in range(100))
        change = partial(mutant, chance=chance)
        mutants = (
            (path, mended(path, content, change) if chance.random() < 0.5 else change(content))
            for path, content in iter(lambda: chance.choice(targets), None)
        )
        faults = done = 0
        for stage in (cuts, mutants):
            for path, content in stage:
                path.write_bytes(content)
                fault = attempt(path, outcomes)
                done += 1
                if fault:
                    faults += 1
                    Path(f"fault-{faults}-{path.name}").write_bytes(content)
                    print(f"fault-{faults}-{path.name}: {fault}")
                if stage is mutants and time.monotonic() > end:
                    break
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{done:,} damaged files, {faults} faults, at most {memory:,} MB: {dict(outcomes.most_common())}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
