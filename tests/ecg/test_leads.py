import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelvelead.ecg.leads import (
    LEADS,
    all_columns_for,
    canonical_lead,
    canonical_leads,
    choose_leads,
    columns_for,
    limb_leads,
    obtainable,
)
from twelvelead.errors import Refused, Unreadable

LIMB = LEADS[:6]
SIGNAL = np.random.default_rng(1).normal(size=(30, 8)).astype(np.float32)
TWELVE = np.concatenate([limb_leads(SIGNAL[:, 0], SIGNAL[:, 1]), SIGNAL[:, 2:]], axis=1)


@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize(
    "form", ["{}", " {} ", "Lead {}", "ECG {}", "ECG Lead {}", "MDC_ECG_LEAD_{}", "lead-{}", "ECG {}-Ref"]
)
def test_spellings(lead, form):
    for name in (lead, lead.upper(), lead.lower()):
        assert canonical_lead(form.format(name)) == lead


@pytest.mark.parametrize(
    ("alias", "lead"),
    [
        ("DI", "I"),
        ("dii", "II"),
        ("D3", "III"),
        ("L1", "I"),
        ("V-1", "V1"),
        ("V_2", "V2"),
        ("a VR", "aVR"),
        ("V3 - REF", "V3"),
    ],
)
def test_aliases(alias, lead):
    assert canonical_lead(alias) == lead


@pytest.mark.parametrize("name", ["-aVR", "−aVR", "-AVR", "Lead -aVR", "MDC_ECG_LEAD_-AVR", "AVRNEG"])
def test_inverted_avr(name):
    assert canonical_lead(name) == "-aVR"


@pytest.mark.parametrize(
    "name",
    [
        "-aVR",
        "-I",
        "vx",
        "MLII",
        "V7",
        "V3R",
        "ECG",
        "RESP",
        "I-II",
        "I II",
        "I_II",
        "II-I",
        "I-I",
        "aVR-",
        "aVR -",
        "I+II",
        "V1-V2",
        "V 10",
        "V1-",
        "I-aVF",
        "EEG C3-Ref",
        "C3",
        "Lead",
        "ECG -I",
        "-V1",
        "Ref",
        "III-AVR",
        "A I",
        "MDC_ECG_LEAD_I_II",
    ],
)
def test_other_signals_keep_their_name(name):
    assert canonical_lead(f" {name} ") == name


def test_c_leads_are_chest_leads_only_where_they_can_be_nothing_else():
    limb, six = ("I", "II"), tuple(f"C{number}" for number in range(1, 7))
    assert canonical_leads((*limb, *six)) == (*limb, *LEADS[6:])
    assert canonical_leads(("ECG C1", *six[1:])) == LEADS[6:]
    for names in [(*limb, *six[:5]), (*limb, "C3", "C4"), (*six, "V1"), (*six, "Cz"), ("EEG C1", *six[1:])]:
        assert canonical_leads(names) == names


def test_einthoven_and_goldberger():
    first, second, third, avr, avl, avf = TWELVE[:, :6].T.astype(float)
    np.testing.assert_allclose(first + third, second, atol=1e-6)
    np.testing.assert_allclose(avr + avl + avf, 0, atol=1e-6)
    np.testing.assert_allclose(avl, (first - third) / 2, atol=1e-6)
    np.testing.assert_allclose(avf, (second + third) / 2, atol=1e-6)


@given(st.lists(st.sampled_from(LIMB), min_size=2, unique=True), st.permutations(LEADS))
def test_any_two_limb_leads_give_all(limb, wanted):
    stored = (*LEADS[6:], *limb)
    signal = TWELVE[:, [LEADS.index(lead) for lead in stored]]
    got = choose_leads(signal, stored, tuple(wanted), "x")
    np.testing.assert_allclose(got, TWELVE[:, [LEADS.index(lead) for lead in wanted]], atol=1e-5)
    assert got.dtype == np.float32


@given(st.sampled_from([lead for lead in LIMB if lead != "aVR"]), st.permutations(LEADS))
def test_inverted_avr_is_turned_round(limb, wanted):
    stored = ("-aVR", *LEADS[6:], limb)
    signal = TWELVE[:, [LEADS.index(lead.removeprefix("-")) for lead in stored]] * ([-1] + [1] * 7)
    got = choose_leads(signal.astype(np.float32), stored, tuple(wanted), "x")
    np.testing.assert_allclose(got, TWELVE[:, [LEADS.index(lead) for lead in wanted]], atol=1e-5)
    assert obtainable(stored) == LEADS
    np.testing.assert_array_equal(choose_leads(signal, stored, ("aVR", "V1"), "x"), signal[:, :2] * [-1, 1])


def test_obtainable():
    assert obtainable(("aVF", "V1", "V9")) == ("aVF", "V1")
    assert obtainable(("I", "-aVR")) == LIMB


def test_stored_leads_are_kept_even_where_they_contradict():
    signal = TWELVE + np.arange(12, dtype=np.float32)
    np.testing.assert_array_equal(choose_leads(signal[:, ::-1], LEADS[::-1], LEADS, "x"), signal)
    without = tuple(lead for lead in LEADS if lead != "aVR")
    got = choose_leads(np.delete(signal, 3, axis=1), without, LEADS, "x")
    np.testing.assert_array_equal(np.delete(got, 3, axis=1), np.delete(signal, 3, axis=1))


@pytest.mark.parametrize("stored", [("I", *LEADS[6:]), LEADS[:11], ("vx", "vy", "vz")])
def test_missing_leads_are_refused(stored):
    with pytest.raises(Refused, match=r"^file: missing lead"):
        choose_leads(np.zeros((5, len(stored)), np.float32), stored, LEADS, "file")


def test_only_needed_columns():
    assert columns_for(("V1", "I"), ("I", "II", "V1", "II"), "x") == [2, 0]
    assert columns_for(("V1", "aVF"), ("V6", "V1", "II", "I"), "x") == [1, 2, 3]


@pytest.mark.parametrize("wanted", [("V1", "I"), ("V1", "aVF")])
def test_a_lead_stored_twice_is_not_chosen_between(wanted):
    stored = ("I", "II", "V1", "I")
    with pytest.raises(Unreadable, match=r"^file: lead I is stored more than once"):
        choose_leads(SIGNAL[:, :4], stored, wanted, "file")
    np.testing.assert_array_equal(choose_leads(SIGNAL[:, :4], stored, ("V1",), "file"), SIGNAL[:, 2:3])
    assert choose_leads(SIGNAL[:, [0, 1, 2, 0]], stored, wanted, "file").shape == (30, 2)
    assert all_columns_for(wanted, stored, "file")[-1] == 3
