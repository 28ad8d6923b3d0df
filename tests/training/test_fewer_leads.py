"""Weights that take fewer leads: trained with leads hidden, told which are there, and meant by each set of leads."""

import json
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch

from twelvelead.ecg.lead_sets import parse_lead_set, shown_by
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import Refused, TwelveLeadError
from twelvelead.inference.engine import Engine
from twelvelead.output.picture import draw
from twelvelead.reading.compose import compose
from twelvelead.training.augment import hide
from twelvelead.training.forms import load_windowed
from twelvelead.training.run import prepare, train
from twelvelead.weights import Contract, file
from twelvelead.weights.lead_sets import carried

SETS = ["I", "I,II"]
LIMB = LEADS[:6]


pytestmark = pytest.mark.usefixtures("as_shipped")


@pytest.fixture(scope="module")
def run(generated_store, tiny_recipe, tmp_path_factory):
    """The folder of a finished training with leads hidden."""
    folder = tmp_path_factory.mktemp("fewer") / "run"
    train(tiny_recipe(lead_sets=SETS, highpass=0.5), generated_store, folder, lambda line: None)
    return folder


@pytest.fixture(scope="module")
def engine(run):
    return Engine(run)


def test_a_set_has_the_limb_leads_that_follow():
    assert parse_lead_set("II") == ("II",)
    assert parse_lead_set("aVF, I") == LIMB
    assert parse_lead_set("V5,II,V1") == ("II", "V1", "V5")
    for wrong in ("", "I,I", "i", "X", "I,"):
        with pytest.raises(ValueError, match="no set of leads"):
            parse_lead_set(wrong)


@pytest.mark.parametrize("sets", [["X"], ["I,II,V1,V2,V3,V4,V5,V6"], ["I,II", "II,III"], [""]])
def test_a_recipe_with_sets_that_are_none_or_the_same_is_refused(tiny_recipe, sets):
    with pytest.raises(TwelveLeadError, match="lead_sets: "):
        tiny_recipe(lead_sets=sets)


def test_crops_lose_the_leads_outside_a_set_as_often_as_told():
    torch.manual_seed(0)
    sets = torch.from_numpy(shown_by(SETS, LEADS))
    there = ~torch.isnan(hide(torch.zeros(2000, 3, 12), sets, 0.6)).any(dim=1)
    assert not torch.isnan(hide(torch.zeros(2000, 3, 12), sets, 0.0)).any()
    kinds, counts = np.unique(there.numpy(), axis=0, return_counts=True)
    assert sorted(kinds.sum(axis=1).tolist()) == [1, 6, 12]
    np.testing.assert_allclose(counts[np.argsort(kinds.sum(axis=1))] / 2000, [0.3, 0.3, 0.4], atol=0.04)


def test_every_form_answers_alike_whatever_is_missing(run, millivolts):
    ecg, features = millivolts(np.arange(5))
    for row, set_ in enumerate([*SETS, ",".join(LEADS)]):
        ecg[row, :, [lead not in parse_lead_set(set_) for lead in LEADS]] = np.nan
    windowed = load_windowed(run)
    with torch.no_grad():
        right = windowed(torch.from_numpy(ecg), torch.from_numpy(features))
    session = onnxruntime.InferenceSession(file(run, "onnx"))
    found = session.run(["probabilities", "attention"], {"ecg": ecg, "features": features})
    assert np.isfinite(found[0]).all()
    np.testing.assert_allclose(found[0], right.probabilities, atol=1e-5)
    np.testing.assert_allclose(found[1], right.attention, atol=1e-5)


def test_the_contract_says_what_each_set_means_and_comes_back(run):
    contract = Contract.load(run / "weights")
    assert [each.leads for each in contract.lead_sets] == [("I",), LIMB]
    for each in contract.lead_sets:
        assert each.classes.classes == contract.classes
        assert each.classes.thresholds.keys() == contract.thresholds.keys()
        alone, leads = contract.for_leads((*each.leads, "V3"))
        assert (leads, alone.calibration) == (each.leads, each.classes.calibration)
    assert contract.for_leads(LEADS) == (contract, LEADS)
    with pytest.raises(ValueError, match="none of the sets"):
        contract.for_leads(("II", "V1"))


def test_a_contract_whose_sets_contradict_themselves_is_refused(run, tmp_path):
    values = json.loads((run / "weights" / "contract.json").read_text())
    values["lead_sets"][0]["classes"]["prevalence"] = [0.5]
    (tmp_path / "contract.json").write_text(json.dumps(values))
    with pytest.raises(TwelveLeadError, match="prevalence has 1 entries for 5 classes"):
        Contract.load(tmp_path)


def test_fewer_leads_are_answered_by_what_they_mean_and_say_so(engine, tmp_path):
    twelve = synthetic_ecg("normal", sampling_rate=500)
    one, two, six = (engine.predict(twelve.select(leads)) for leads in (("I",), ("I", "II"), LIMB))
    assert one.ecg.leads == ("I",)
    assert one.measurements is None
    assert [finding.code for finding in one.findings] == ["fewer-leads"]
    assert two.ecg.leads == LIMB
    assert two.probabilities == pytest.approx(six.probabilities, abs=1e-5)
    assert engine.predict(twelve).findings == ()
    contract = engine.contract.lead_sets[0].classes
    assert [each.threshold for each in one.classes] == list(contract.thresholds["accuracy"])
    assert "lead I alone" in one.findings[0].message
    draw(one, tmp_path / "one.pdf")


def test_leads_outside_the_set_are_not_looked_at(engine):
    with_more = synthetic_ecg("normal", sampling_rate=100).select((*LIMB, "V1", "V2"))
    other = replace(with_more, signal=with_more.signal * np.where([lead == "V2" for lead in with_more.leads], 3, 1))
    limb = engine.predict(with_more.select(LIMB))
    for each in (with_more, replace(other, signal=other.signal.astype(np.float32))):
        assert engine.predict(each).probabilities == limb.probabilities


def test_leads_in_no_set_and_weights_that_take_no_fewer_refuse_in_a_sentence(engine, tiny_run):
    few = synthetic_ecg("normal", sampling_rate=100).select(("II", "V1"))
    with pytest.raises(Refused, match=r"take all twelve, or one of these sets: I; I, II, III, aVR, aVL, aVF$"):
        engine.predict(few)
    with pytest.raises(Refused, match="missing leads I, III, aVR, aVL, aVF, V2, V3, V4, V5, V6; V1-V6"):
        Engine(tiny_run).predict(few)


def test_a_flat_lead_of_few_is_refused_by_its_name(engine):
    ecg = synthetic_ecg("normal", sampling_rate=100).select(("I",))
    with pytest.raises(Refused, match="flat lead I"):
        engine.predict(replace(ecg, signal=np.zeros_like(ecg.signal)))


def test_weights_that_need_all_leads_begin_as_the_same_function(tiny_run, tiny_recipe, generated_store, millivolts):
    from twelvelead.training.recipe import Recipe

    recipe = Recipe.from_dict(
        {**tiny_recipe().to_dict(), "initial": str(tiny_run), "lead_sets": SETS, "name": "wider"}, "wider"
    )
    windowed = prepare(recipe, generated_store).training.windowed.eval()
    ecg, features = map(torch.from_numpy, millivolts(np.arange(4)))
    with torch.no_grad():
        found, right = windowed(ecg, features), load_windowed(tiny_run)(ecg, features)
    torch.testing.assert_close(found.probabilities, right.probabilities, atol=1e-6, rtol=0)


def test_a_recipe_may_take_some_leads_of_a_store(generated_store, tiny_recipe, tmp_path):
    train(tiny_recipe(leads=["II", "V1"]), generated_store, tmp_path / "run", lambda line: None)
    engine = Engine(tmp_path / "run")
    assert engine.contract.leads == ("II", "V1")
    found = engine.predict(synthetic_ecg("normal", sampling_rate=500).select(("V1", "II")))
    assert found.ecg.leads == ("II", "V1")
    with pytest.raises(Refused, match="missing lead V1"):
        engine.predict(synthetic_ecg("normal", sampling_rate=500).select(LIMB))
    for wrong, fault in ((["X"], "has no lead X; choose of I, II"), (["I", "I"], "name each once")):
        with pytest.raises(TwelveLeadError, match=fault):
            prepare(tiny_recipe(leads=wrong), generated_store)


def test_a_site_needs_two_leads_of_its_territory_and_an_axis_its_two(run):
    contract = Contract.load(run / "weights")
    sure = ((0.9, 0.8, 0.95),) * 4
    names = ("IMI", "AMI", "LAFB", "CRBBB")
    head = replace(contract.lead_sets[0].classes, classes=names, auroc=sure)
    assert carried(head, ("I",)) == (False, False, False, True)
    assert carried(head, LIMB) == (True, False, True, True)
    assert carried(head, ("II", "V1", "V5")) == (False, False, False, True)
    assert carried(head, ("V1", "V2", "V3", "V4", "V5", "V6")) == (False, True, False, True)
    weak = replace(head, auroc=((0.9, 0.7, 0.95), (0.9, None, None), *sure[:2]))
    assert carried(weak, LIMB) == (False, False, True, True)
    assert carried(replace(head, classes=("NORM",), auroc=sure[:1]), LIMB) == (False,)


def test_what_fewer_leads_show_is_never_called_normal(engine):
    ecg = synthetic_ecg("normal", sampling_rate=500)
    found = engine.predict(ecg)
    said = dict(zip(("NORM", "MI", "STTC", "CD", "HYP"), ("present", *["absent"] * 4), strict=True))
    sure = tuple(
        replace(each, present=said[each.name] == "present", conformal_set=(said[each.name],)) for each in found.classes
    )
    twelve = replace(found, classes=sure, certainty_rank=1.0)
    assert compose(twelve).level == "normal"
    few = compose(replace(twelve, ecg=ecg.select(("I",))))
    assert (few.level, few.urgency.level) == ("borderline", "routine")
    assert few.conclusion.text == "Nothing abnormal in the leads shown, which twelve would have to confirm."
