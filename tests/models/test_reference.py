import pytest
import torch

from twelvelead.models import MODELS, Reference, create_model

NAN = float("nan")
SMALL = {"filters": (8, 8), "lstm_units": 8, "ecg_units": 8, "metadata_units": 4, "units": 8}


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    return create_model("reference", classes=5, **SMALL).eval()


def test_default_layers_are_the_published_table():
    model = create_model("reference", classes=5)
    assert isinstance(model, Reference)
    assert sum(p.numel() for p in model.parameters()) == 953_942
    first, second = model.blocks
    assert [first.conv1.weight.shape, first.conv2.weight.shape] == [(256, 12, 1, 3), (256, 256, 1, 3)]
    assert [second.conv1.weight.shape, second.conv2.weight.shape] == [(128, 256, 1, 7), (128, 128, 1, 7)]
    assert [first.shortcut.weight.shape, second.shortcut.weight.shape] == [(256, 12, 1, 1), (128, 256, 1, 1)]
    assert first.dropout.p == second.dropout.p == model.dropout.p == 0.25
    assert (model.lstm.hidden_size, model.lstm.bidirectional, model.lstm.num_layers) == (128, True, 1)
    assert model.ecg_dense.out_features == 256
    assert model.metadata.dense.out_features == 16
    assert model.joined.weight.shape == (128, 256 + 16)
    assert model.output.weight.shape == (5, 128)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_answers_with_logits_and_attention(name):
    model = create_model(name, classes=3).eval()
    with torch.inference_mode():
        logits, attention = model(torch.randn(2, 256, 12), torch.tensor([[50.0, 1.0], [NAN, NAN]]))
    assert logits.shape == (2, 3)
    assert torch.isfinite(logits).all()
    torch.testing.assert_close(attention.sum(dim=1), torch.ones(2))


@pytest.mark.parametrize("name", MODELS)
def test_every_model_survives_saving_and_loading(name, tmp_path):
    from safetensors.torch import load_file, save_file

    torch.manual_seed(1)
    model = create_model(name, classes=5).eval()
    save_file({key: value.contiguous() for key, value in model.state_dict().items()}, tmp_path / "model.safetensors")
    torch.manual_seed(2)
    other = create_model(name, classes=5).eval()
    ecg, features = torch.randn(2, 256, 12), torch.tensor([[50.0, 1.0], [NAN, 0.0]])
    with torch.inference_mode():
        assert not torch.equal(model(ecg, features)[0], other(ecg, features)[0])
        other.load_state_dict(load_file(tmp_path / "model.safetensors"))
        assert torch.equal(model(ecg, features)[0], other(ecg, features)[0])


@pytest.mark.parametrize("samples", [4, 7, 256, 1000, 1003])
def test_any_length_that_the_pooling_allows(small, samples):
    with torch.inference_mode():
        logits, attention = small(torch.randn(3, samples, 12), torch.full((3, 2), NAN))
    assert logits.shape == (3, 5)
    assert attention.shape == (3, samples // small.samples_per_step)
    assert (attention >= 0).all()
    torch.testing.assert_close(attention.sum(dim=1), torch.ones(3))


def test_age_and_sex_count_unless_left_out(small):
    ecg = torch.randn(1, 256, 12).expand(4, -1, -1)
    features = torch.tensor([[60.0, 0.0], [60.0, 1.0], [30.0, 0.0], [NAN, NAN]])
    with torch.inference_mode():
        assert len({tuple(row) for row in small(ecg, features)[0].tolist()}) == 4
        without = create_model("reference", classes=5, metadata=False, **SMALL).eval()
        logits = without(ecg, features)[0]
    torch.testing.assert_close(logits, logits[:1].expand(4, -1))


def test_ages_written_as_300_are_90(small):
    ecg = torch.randn(1, 256, 12)
    with torch.inference_mode():
        assert torch.equal(small(ecg, torch.tensor([[300.0, 0.0]]))[0], small(ecg, torch.tensor([[90.0, 0.0]]))[0])


def test_one_record_does_not_change_the_answer_for_another(small):
    ecg, features = torch.randn(3, 256, 12), torch.tensor([[60.0, 0.0], [NAN, 1.0], [20.0, NAN]])
    with torch.inference_mode():
        together = small(ecg, features)[0]
        alone = torch.cat([small(ecg[i : i + 1], features[i : i + 1])[0] for i in range(3)])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"filters": (8,)}, "one each a block"),
        ({"kernel_sizes": (3, 4)}, "odd"),
        ({"pool": 0}, "1 or more"),
        ({"filters": (8, -1)}, "1 or more"),
        ({"dropout": 1.0}, "dropout probability"),
    ],
)
def test_settings_that_make_no_network_are_refused(settings, fault):
    with pytest.raises(ValueError, match=fault):
        create_model("reference", classes=5, **(SMALL | settings))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'referense'; there are .*reference"):
        create_model("referense", classes=5)
