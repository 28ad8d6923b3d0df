from dataclasses import replace

import pytest
from hypothesis import strategies as st

from twelvelead.ecg.measure import Measurements
from twelvelead.inference.interpretation import ClassResult
from twelvelead.reading.statements import COVERS, EXCLUSIVE


@pytest.fixture(scope="session")
def answer(reading_answer):
    """See `reading_answer`."""
    return reading_answer


@pytest.fixture(scope="session")
def any_answer(reading_answer):
    """A strategy of interpretations: any statements and classes, measured or not, of anybody."""
    template = reading_answer()
    names = tuple(result.name for result in template.statements)
    superclasses = tuple(result.name for result in template.classes)
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

    def results(every, chosen):
        return st.dictionaries(st.sampled_from(chosen), said, max_size=12).map(
            lambda given: tuple(
                ClassResult(name, p, threshold, p >= threshold, conformal)
                for name in every
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
        lambda age, sex: replace(template.ecg, age=age, sex=sex),
        st.none() | st.floats(0, 120),
        st.sampled_from([None, "male", "female"]),
    )
    left_out = st.sets(st.sampled_from(names), max_size=5)
    return st.builds(
        lambda statements, classes, measurements, person, lacking: replace(
            template,
            statements=tuple(one for one in statements if one.name not in lacking),
            not_assessed=tuple(sorted(lacking)),
            classes=classes,
            measurements=measurements,
            ecg=person,
            pieces=(),
        ),
        pool.flatmap(lambda chosen: results(names, chosen or names)) | st.just(()),
        results(superclasses, superclasses),
        st.none() | measured,
        persons,
        left_out,
    )
