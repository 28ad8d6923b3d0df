"""Where the real data lie, for the tests that want them."""

import gc
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from twelvelead.cli.main import main
from twelvelead.data.ptbxl.prepare import prepare
from twelvelead.data.store import Store
from twelvelead.data.synthetic import synthetic_store

# The networks of the tests are so small that threads would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# In the background of a shell these signals are ignored, and so they would be by every process that a test starts and
# ends by one; a handler is not inherited.
for _number in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)


def pytest_collection_finish():
    """What is imported stays: the collector of garbage need not look through it again and again."""
    gc.collect()
    gc.freeze()


SHARED = Path(os.environ.get("TWELVELEAD_SHARED", Path(__file__).parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared_ptbxl() -> Path:
    """The packed real PTB-XL, folds 1-9, with its `unpack.py`."""
    folder = SHARED / "ptb-xl"
    if not (folder / "unpack.py").is_file():
        pytest.skip(
            f"no packed PTB-XL in {folder}; set TWELVELEAD_SHARED to the folder that holds ptb-xl/ and formats/"
        )
    return folder


@pytest.fixture(scope="session")
def shared_formats() -> Path:
    """Real ECG files in vendors' formats."""
    folder = SHARED / "formats"
    if not folder.is_dir():
        pytest.skip(f"no ECG files in {folder}; set TWELVELEAD_SHARED to the folder that holds ptb-xl/ and formats/")
    return folder


@pytest.fixture(scope="session")
def ludb():
    """Every fourth recording of LUDB with its cardiologists' marks (`benchmarks/ludb.py`)."""
    folder = SHARED / "ludb" / "data"
    if not folder.is_dir():
        pytest.skip(f"no LUDB in {folder}; set TWELVELEAD_SHARED to the folder that holds ludb/")
    pytest.importorskip("wfdb")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
        referee = importlib.import_module("ludb")
    ids = sorted(int(path.stem) for path in folder.glob("*.dat"))
    return [referee.record(folder / str(each)) for each in ids[::4]]


@pytest.fixture(scope="session")
def shared_ludb() -> Path:
    """The records of LUDB."""
    folder = SHARED / "ludb" / "data"
    if not folder.is_dir():
        pytest.skip(f"no LUDB in {folder}; set TWELVELEAD_SHARED to the folder that holds ludb/")
    return folder


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """Small files, each with one property that people reported about some reader."""
    folder = SHARED / "cases"
    if not folder.is_dir():
        pytest.skip(
            f"no files in {folder}; set TWELVELEAD_SHARED to the folder that holds ptb-xl/, formats/ and cases/"
        )
    return folder


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory):
    """once(name, make) -> the path that make(path) filled in the first process of this run of pytest that asked."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    shared.mkdir(exist_ok=True)

    def made(name, make):
        path, done = shared / name, shared / f"{name}.done"
        with FileLock(shared / f"{name}.lock"):
            if not done.exists():
                make(path)
                done.touch()
        return path

    return made


@pytest.fixture(scope="session")
def ptbxl_folder(shared_ptbxl: Path, once) -> Path:
    """The first 200 real records of each of the folds 8 and 9, laid out as PhysioNet does. Not to be changed."""

    def unpack(folder):
        command = [sys.executable, str(shared_ptbxl / "unpack.py"), str(folder), "--folds", "8", "9", "--limit", "200"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    return once("ptbxl", unpack)


@pytest.fixture(scope="session")
def ptbxl_store(ptbxl_folder: Path, once) -> Store:
    """The store of `ptbxl_folder`: 400 records of 10 s at 100 Hz. Not to be changed."""
    return Store.open(once("ptbxl-store", lambda path: prepare(ptbxl_folder, path)))


@pytest.fixture(scope="session")
def generated_store(once) -> Store:
    """100 generated records of 10 s at 100 Hz, ten in each fold. Not to be changed."""
    return Store.open(once("generated-store", lambda path: synthetic_store(path, records=100)))


@pytest.fixture(scope="session")
def tiny_recipe():
    """tiny_recipe(**settings) -> a recipe that trains in a second."""
    from twelvelead.training.recipe import Recipe

    model = {"filters": [8, 8], "lstm_units": 8, "ecg_units": 8, "metadata_units": 4, "units": 8}
    tiny = {"name": "tiny", "model": model, "epochs": 2, "batch_size": 16, "average_decay": 0.5, "learning_rate": 3e-3}
    return lambda **settings: Recipe.from_dict(tiny | settings, "tiny")


@pytest.fixture(scope="session")
def tiny_run(generated_store: Store, tiny_recipe, once, write_traced) -> Path:
    """The folder of a finished training of the tiny recipe on the generated store. Not to be changed."""
    from twelvelead.training import writing
    from twelvelead.training.run import train

    def trained(folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(writing, "write_onnx", write_traced(optimize=True))
            train(tiny_recipe(), generated_store, folder, say=lambda line: None)

    return once("run", trained)


@pytest.fixture(scope="session")
def write_traced(once):
    """write_traced(optimize) -> a `write_onnx` that makes the file of a network whose like was traced before, by any
    process of this run of pytest, from that trace and the network's own numbers: a trace takes eight seconds. Optimised
    it is what ships."""
    import torch
    from onnxscript import ir

    from twelvelead.training.forms import write_onnx

    export, decompositions = torch.onnx.export, torch._decomp.decompositions

    def trace(path, *arguments, **options):
        with pytest.MonkeyPatch.context() as patch:
            # What leaves an LSTM has the same shape by either; this one takes no look at every step.
            patch.setattr(decompositions, "one_layer_lstm", decompositions.mkldnn_one_layer_lstm)
            ir.save(export(*arguments, optimize=False, **options).model, path)

    def traced(whole, example, **options):
        like = str([(name, type(part), _settings(part)) for name, part in whole.named_modules()])
        numbers = dict(whole.state_dict()) | dict(whole.named_buffers())
        key = like, [(name, one.shape) for name, one in numbers.items()], [one.shape for one in example]
        name = f"{sha256(str(key).encode()).hexdigest()}.onnx"
        model = ir.load(once(name, lambda path: trace(path, whole, example, **options)))
        for name, held in model.graph.initializers.items():
            held.const_value = ir.tensor(numbers[name].detach().cpu().numpy(), name=name)
        return torch.onnx.ONNXProgram(model, None)

    def make(*, optimize):
        def exported(*arguments, **options):
            program = traced(*arguments, **options)
            if optimize:
                program.optimize()
            return program

        def written(*arguments, **options):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(torch.onnx, "export", exported)
                write_onnx(*arguments, **options)

        return written

    return make


@pytest.fixture(scope="session")
def shared_traces(request):
    """Trainings write their ONNX files from shared traces, see `write_traced`. Who calls `write_onnx` has it made as it
    ships, and so has a module that asks for `as_shipped`."""
    if find_spec("torch") is None:
        yield
        return
    from twelvelead.training import writing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "write_onnx", request.getfixturevalue("write_traced")(optimize=False))
        yield


def _settings(part):
    plain = (bool, int, float, str, tuple, type(None))
    return sorted((name, value) for name, value in vars(part).items() if type(value) in plain and name != "training")


@pytest.fixture(scope="module")
def as_shipped(shared_traces, write_traced):
    """Trainings of the module write their ONNX files optimised, as they do for users."""
    from twelvelead.training import writing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "write_onnx", write_traced(optimize=True))
        yield


@pytest.fixture(scope="session")
def tiny_windowed(tiny_run: Path):
    """What `tiny_run` trained, in PyTorch, built from its contract and its safetensors."""
    from safetensors.torch import load_file

    from twelvelead.training.module import build
    from twelvelead.training.recipe import Recipe
    from twelvelead.weights import Contract, file

    contract = Contract.load(tiny_run / "weights")
    recipe = Recipe.from_dict(contract.recipe, "contract")
    windowed = build(recipe, classes=5, sampling_rate=contract.sampling_rate, leads=12)
    windowed.model.load_state_dict(load_file(file(tiny_run, "safetensors")))
    return windowed.eval()


@pytest.fixture
def millivolts(generated_store: Store):
    """millivolts(records) -> ecg [record, sample, lead] float32 mV, features [record, 2] of the generated store."""
    return lambda records: (
        generated_store.signals[records].astype(np.float32) * np.float32(1e-3),
        generated_store.features[records],
    )


@pytest.fixture
def problem():
    """problem(seed, records, classes, ties) -> labels, probabilities, patients of a random multi-label problem."""

    def make(seed, records=None, classes=None, ties=None):
        rng = np.random.default_rng(seed)
        records = records or int(rng.integers(20, 200))
        classes = classes or int(rng.integers(2, 7))
        probabilities = rng.random((records, classes))
        if rng.random() < 0.5 if ties is None else ties:
            probabilities = np.round(probabilities * rng.integers(2, 12)) / 12
        labels = rng.random((records, classes)) < 0.15 + 0.7 * probabilities
        labels[0], labels[1] = True, False
        return labels, probabilities, np.sort(rng.integers(records * 2 // 3, size=records))

    return make


DOTS = {"svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>', "png": b"\x89PNG\r\n\x1a\n"}


@pytest.fixture
def unpictured(monkeypatch):
    """Figures are made and saved without their content, for a test of something else: to draw them takes longer."""
    from matplotlib.figure import Figure

    def saved(self, file, *, format, **how):
        if hasattr(file, "write"):
            file.write(DOTS[format])
        else:
            Path(file).write_bytes(DOTS[format])

    monkeypatch.setattr(Figure, "savefig", saved)


def _postgresql_programs():
    """The folder of initdb and pg_ctl, the newest if there are several; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    places = [*found, *([Path(on_path).resolve()] if on_path else [])]
    return places[0 if not found else len(found) - 1].parent if places else None


def _other_user():
    """A user that PostgreSQL may run as: it refuses root. None where this process is not root's."""
    if os.geteuid() != 0:
        return None
    import pwd

    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody")


@pytest.fixture(scope="session")
def postgresql():
    """The URL of a database on a server of our own, reached by a socket in a private folder."""
    if find_spec("psycopg") is None:
        pytest.skip("no psycopg: pip install 'twelvelead[postgresql]'")
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip("no PostgreSQL (initdb) in /usr/lib/postgresql or on the PATH: apt-get install postgresql")
    user = _other_user()
    # not pytest's folder: another user may not enter it, and the path of a socket has to be short
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    settings = {"cwd": folder, "check": True, "stdout": subprocess.DEVNULL}
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
        settings |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data = folder / "data"
    control = [programs / "pg_ctl", "-D", data, "-w", "-t", "300"]
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c shared_buffers=16MB -c max_connections=20"
    try:
        new = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "someone",
            "--auth=trust",
            "--no-sync",
            "--locale=C",
            "-E",
            "UTF8",
        ]
        subprocess.run(new, **settings)
        subprocess.run([*control, "-l", folder / "log", "-o", options, "start"], **settings)
        try:
            yield f"postgresql://someone@/postgres?host={folder}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **settings)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def reading_answer():
    """reading_answer(present, possible, classes=, statements=, not_assessed=, person=, **measurements) -> an
    Interpretation with PTB-XL's 71 statements.

    The statements named are present with 0.95 or possible with 0.35 at a threshold of 0.5, the others absent with 0.02;
    classes have 0.03 unless given. What is not measured otherwise is ordinary.
    """
    from twelvelead.ecg.measure import Measurements
    from twelvelead.ecg.synthetic import synthetic_ecg
    from twelvelead.inference.interpretation import ClassResult, Interpretation, Piece
    from twelvelead.weights.statements import load_statements

    names = tuple(one.statement for one in load_statements())
    recording = replace(synthetic_ecg("normal", seed=1, sampling_rate=100), age=60.0, sex="male")
    ordinary = Measurements(
        heart_rate_per_minute=72.0,
        heart_rate_range=(68.0, 76.0),
        pr_ms=160.0,
        qrs_ms=92.0,
        qt_ms=380.0,
        qtc_bazett_ms=416.0,
        qtc_fridericia_ms=404.0,
        axis_degrees=45.0,
        rr_irregularity=0.02,
        p_waves=True,
    )

    def result(name, probability):
        possible = (
            ("absent", "present") if 0.25 < probability < 0.5 else ("present",) if probability >= 0.5 else ("absent",)
        )
        return ClassResult(name, probability, 0.5, probability >= 0.5, possible)

    def make(present=(), possible=(), *, classes=None, statements=True, not_assessed=(), person=None, **measurements):
        assert {*present, *possible, *not_assessed} <= {*names}
        given = dict.fromkeys(("NORM", "MI", "STTC", "CD", "HYP"), 0.03) | (classes or {})
        assessed = [name for name in names if statements and name not in not_assessed]
        said = {name: 0.95 if name in present else 0.35 if name in possible else 0.02 for name in assessed}
        return Interpretation(
            ecg=replace(recording, **(person or {})),
            classes=tuple(result(name, probability) for name, probability in given.items()),
            operating_point="accuracy",
            attention=None,
            weights="any",
            sha256="0" * 64,
            contract_sha256="1" * 64,
            synthetic=False,
            error_rate=0.1,
            certainty=0.5,
            certainty_rank=0.5,
            pieces=(Piece(0.0, 10.0, tuple(given.values())),),
            measurements=replace(ordinary, **measurements),
            statements=tuple(result(name, probability) for name, probability in said.items()),
            not_assessed=tuple(not_assessed),
        )

    return make


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def fault(self):
        """The one line on standard error."""
        assert self.err.startswith("twelvelead: ")
        assert self.err.endswith("\n")
        assert self.err.count("\n") == 1, self.err
        return self.err.removeprefix("twelvelead: ").rstrip("\n")


@pytest.fixture
def cli(monkeypatch, capfd):
    """cli(*arguments) -> the exit code and what was printed, of the command `twelvelead` run in this process."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["twelvelead", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capfd.readouterr()
        return Result(int(ended.value.code or 0), printed.out, printed.err)

    return run
