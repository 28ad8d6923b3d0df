from dataclasses import replace

import pytest
from hypothesis import strategies as st

from twelvelead.ecg.measure import Measurements
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.inference.interpretation import ClassResult, Interpretation, Piece
from twelvelead.reading.statements import COVERS, EXCLUSIVE
from twelvelead.weights.statements import load_statements

STATEMENTS = tuple(one.statement for one in load_statements())
SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
ECG_10_S = replace(synthetic_ecg("normal", seed=1, sampling_rate=100), age=60.0, sex="male")
ORDINARY = Measurements(
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


def result(name, probability, threshold=0.5, possible=None):
    said = probability >= threshold
    given = possible if possible is not None else (("present",) if said else ("absent",))
    return ClassResult(name, probability, threshold, said, given)


def build(statements, classes, measurements, ecg=ECG_10_S, not_assessed=()):
    return Interpretation(
        ecg=ecg,
        classes=classes,
        operating_point="accuracy",
        attention=None,
        weights="any",
        sha256="0" * 64,
        contract_sha256="1" * 64,
        synthetic=False,
        error_rate=0.1,
        certainty=0.5,
        certainty_rank=0.5,
        pieces=(Piece(0.0, 10.0, tuple(one.probability for one in classes)),),
        statements=statements,
        not_assessed=tuple(not_assessed),
        measurements=measurements,
    )


@pytest.fixture(scope="session")
def answer():
    """answer(present, possible, classes=, statements=, not_assessed=, person=, **measurements) -> an Interpretation.

    The statements named are present with 0.95 or possible with 0.35 at a threshold of 0.5, the others absent with 0.02;
    classes have 0.03 unless given. What is not measured otherwise is ordinary.
    """

    def make(present=(), possible=(), *, classes=None, statements=True, not_assessed=(), person=None, **measurements):
        unknown = {*present, *possible} - {*STATEMENTS}
        assert not unknown
        assessed = [name for name in STATEMENTS if statements and name not in not_assessed]
        found = tuple(
            result(name, 0.35, possible=("absent", "present"))
            if name in possible
            else result(name, 0.95 if name in present else 0.02)
            for name in assessed
        )
        given = classes or {}
        supers = tuple(
            result(
                name, given.get(name, 0.03), possible=("absent", "present") if 0.25 < given.get(name, 0) < 0.5 else None
            )
            for name in dict.fromkeys((*SUPERCLASSES, *given))
        )
        measured = replace(ORDINARY, **measurements)
        return build(found, supers, measured, replace(ECG_10_S, **(person or {})), not_assessed)

    return make


@pytest.fixture(scope="session")
def any_answer():
    """A strategy of interpretations: any statements and classes, measured or not, of anybody."""
    # half of what is said is certain, and what excludes or covers one another meets often
    said = st.sampled_from(
        [
            (0.95, 0.5, ("present",)),
            (0.5, 0.5, ("present",)),
            (0.3, 0.5, ("absent", "present")),
            (0.3, 0.5, ()),
            (0.1, 0.5, ("absent", "present")),
            (0.95, 0.5, ("absent",)),
            (0.0, 0.1, ("absent",)),
            (1.0, 0.1, ("present",)),
        ]
    )
    pools = [sorted(frozenset().union(*group)) for group in EXCLUSIVE]
    pools += [[general, *specific] for general, specific in COVERS.items()]
    pool = st.lists(st.sampled_from(pools), max_size=3).map(lambda chosen: [name for one in chosen for name in one])

    def results(names, chosen):
        return st.dictionaries(st.sampled_from(chosen), said, max_size=12).map(
            lambda given: tuple(
                ClassResult(name, p, threshold, p >= threshold, conformal)
                for name in names
                for p, threshold, conformal in [given.get(name, (0.01, 0.5, ("absent",)))]
            )
        )

    def positive(low, high):
        return st.none() | st.floats(low, high)

    measured = st.builds(
        Measurements,
        heart_rate_per_minute=positive(10, 300),
        heart_rate_range=st.none() | st.tuples(st.floats(5, 100), st.floats(100, 300)),
        pr_ms=positive(80, 400),
        qrs_ms=positive(40, 220),
        qt_ms=positive(200, 700),
        qtc_bazett_ms=positive(200, 700),
        qtc_fridericia_ms=positive(200, 700),
        axis_degrees=positive(-180, 180),
        rr_irregularity=positive(0, 1),
        p_waves=st.sampled_from([None, True, False]),
    )
    persons = st.builds(
        lambda age, sex: replace(ECG_10_S, age=age, sex=sex),
        st.none() | st.floats(0, 120),
        st.sampled_from([None, "male", "female"]),
    )
    left_out = st.sets(st.sampled_from(STATEMENTS), max_size=5)
    return st.builds(
        lambda statements, classes, measurements, person, lacking: build(
            tuple(one for one in statements if one.name not in lacking), classes, measurements, person, sorted(lacking)
        ),
        pool.flatmap(lambda chosen: results(STATEMENTS, chosen or STATEMENTS)) | st.just(()),
        results(SUPERCLASSES, SUPERCLASSES),
        st.none() | measured,
        persons,
        left_out,
    )
