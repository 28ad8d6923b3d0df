"""What disturbs a training crop, and by how much at most."""

import numpy as np
import pytest
import torch

from twelvelead.training.augment import WANDER_HZ, disturb, margin, mix
from twelvelead.training.recipe import Recipe

N, WINDOW, LEADS, RATE = 200, 256, 12, 100


def crops(recipe, n=N, value=1.0):
    return torch.full((n, WINDOW + margin(WINDOW, recipe.stretch), LEADS), value)


def drawn(recipe, ecg=None, seed=0):
    torch.manual_seed(seed)
    return disturb(crops(recipe) if ecg is None else ecg, recipe, WINDOW, RATE)


ALL = {"stretch": 0.1, "gain": 0.2, "wander": 0.3, "noise": 0.05, "lead_dropout": 0.2}


@pytest.mark.parametrize("settings", [{}, *({name: value} for name, value in ALL.items()), ALL])
def test_a_window_comes_out_whatever_disturbs_it(settings):
    recipe = Recipe(**settings)
    out = drawn(recipe)
    assert out.shape == (N, WINDOW, LEADS)
    assert out.dtype == torch.float32
    assert torch.isfinite(out).all()
    unchanged = torch.allclose(out, torch.ones_like(out))  # a constant stays one at any speed
    assert unchanged == (settings.keys() <= {"stretch"})


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float64])
def test_the_type_of_the_crops_stays(kind):
    recipe = Recipe(**ALL)
    assert disturb(crops(recipe, n=4).to(kind), recipe, WINDOW, RATE).dtype == kind
    ecg, features, labels = mix(crops(recipe, n=4).to(kind), torch.zeros(4, 2), torch.zeros(4, 5, dtype=kind), 0.2)
    assert (ecg.dtype, features.dtype, labels.dtype) == (kind, torch.float32, kind)


def test_draws_follow_from_the_seed_of_torch_alone():
    recipe = Recipe(**ALL)
    np.random.seed(1)
    first = drawn(recipe)
    np.random.seed(2)
    assert torch.equal(first, drawn(recipe))
    assert not torch.equal(first, drawn(recipe, seed=1))


@pytest.mark.parametrize(("stretch", "samples"), [(0.0, 0), (0.001, 1), (0.1, 26), (0.5, 128)])
def test_the_margin_is_what_the_fastest_crop_reads(stretch, samples):
    assert margin(WINDOW, stretch) == samples


@pytest.mark.parametrize("stretch", [0.001, 0.1, 0.5])
def test_a_stretched_ramp_is_a_ramp_of_another_slope(stretch):
    recipe = Recipe(stretch=stretch)
    ramp = torch.arange(WINDOW + margin(WINDOW, recipe.stretch), dtype=torch.float64)[:, None] * torch.arange(
        1, LEADS + 1
    )
    slopes = drawn(recipe, ramp.expand(2000, -1, -1)).diff(dim=1)
    speed = slopes[:, :1, :1]
    torch.testing.assert_close(slopes, speed * torch.arange(1, LEADS + 1).expand_as(slopes), atol=1e-3, rtol=0)
    low, high = speed.min().item(), speed.max().item()
    assert 1 - stretch - 1e-5 <= low < 1 - 0.98 * stretch
    assert 1 + 0.98 * stretch < high <= 1 + stretch + 1e-5


def test_a_stretched_crop_shows_what_lies_between_the_samples():
    recipe = Recipe(stretch=0.1)
    wave = torch.sin(torch.arange(WINDOW + margin(WINDOW, recipe.stretch)) * 0.05)[None, :, None]
    out = drawn(recipe, wave)
    torch.manual_seed(0)
    speed = 1 + 0.1 * (2 * torch.rand(1, 1).item() - 1)
    torch.testing.assert_close(out[0, :, 0], torch.sin(torch.arange(WINDOW) * 0.05 * speed), atol=1e-3, rtol=0)


def test_gain_amplifies_all_leads_of_a_crop_alike():
    gains = drawn(Recipe(gain=0.2), torch.ones(5000, WINDOW, LEADS))
    assert torch.equal(gains, gains[:, :1, :1].expand_as(gains))
    logarithms = gains[:, 0, 0].log()
    assert logarithms.mean().item() == pytest.approx(0, abs=0.01)
    assert logarithms.std().item() == pytest.approx(0.2, rel=0.05)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_stated_share_of_leads_is_silent_throughout_a_crop(share):
    out = drawn(Recipe(lead_dropout=share), torch.ones(3000, WINDOW, LEADS))
    silent = out == 0
    assert torch.equal(silent, silent[:, :1].expand_as(silent))
    assert torch.equal(out[~silent], torch.ones(int((~silent).sum())))
    assert silent.float().mean().item() == pytest.approx(share, abs=0.01)
    assert silent[:, 0].float().mean(dim=0).tolist() == pytest.approx([share] * LEADS, abs=0.05)


def test_one_lead_at_least_is_kept():
    out = drawn(Recipe(lead_dropout=0.9), torch.ones(3000, 4, LEADS))
    kept = (out[:, 0] != 0).sum(dim=1)
    assert kept.min().item() == 1
    assert (kept == 1).float().mean().item() > 0.5


def test_noise_is_white_and_of_a_size_drawn_for_each_crop():
    out = drawn(Recipe(noise=0.05), torch.zeros(1000, WINDOW, LEADS)).numpy()
    sizes = out.std(axis=(1, 2))
    assert sizes.max() < 0.05 * 1.05
    assert sizes.mean() == pytest.approx(0.025, rel=0.1)
    assert sizes.min() < 0.001
    neighbours = (out[:, 1:] * out[:, :-1]).mean() / (out**2).mean()
    assert neighbours == pytest.approx(0, abs=0.01)
    assert np.abs(np.corrcoef(out.reshape(-1, LEADS).T) - np.eye(LEADS)).max() < 0.02


def test_wander_is_slow_and_at_most_twice_its_amplitude():
    """A sine and an offset, each up to the amplitude."""
    out = drawn(Recipe(wander=0.3), torch.zeros(2000, WINDOW, LEADS))
    size = out.abs().max().item()
    assert 0.4 < size <= 0.6
    steepest = 2 * np.pi * WANDER_HZ[1] / RATE * 0.3
    assert 0.8 * steepest < out.diff(dim=1).abs().max().item() <= steepest * 1.001
    assert out.mean().item() == pytest.approx(0, abs=0.01)
    assert out[:, 0, 0].ne(out[:, 0, 1]).all()  # each lead by itself


def test_silent_leads_stay_silent_under_noise_and_wander():
    out = drawn(Recipe(**ALL))
    flat = (out == 0).all(dim=1)
    assert flat.float().mean().item() == pytest.approx(0.2, abs=0.03)


@pytest.fixture
def batch():
    """Every record holds its own number, in all of its parts."""
    own = torch.arange(N, dtype=torch.float32)
    return own[:, None, None].expand(N, 8, LEADS), own[:, None].expand(N, 2), torch.eye(N)


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 50.0])
def test_signals_and_labels_are_mixed_with_the_same_share_and_the_larger_is_the_crops_own(batch, alpha):
    torch.manual_seed(0)
    ecg, features, labels = mix(*batch, alpha)
    torch.testing.assert_close(features, batch[1])
    torch.testing.assert_close(labels.sum(dim=1), torch.ones(N))
    assert (labels > 0).sum(dim=1).max() <= 2
    assert labels.diagonal().min() >= 0.5
    number = labels @ torch.arange(N, dtype=torch.float32)
    torch.testing.assert_close(ecg, number[:, None, None].expand_as(ecg), rtol=1e-5, atol=1e-3)


def test_a_smaller_alpha_mixes_less(batch):
    shares = []
    for alpha in (0.01, 0.05, 0.2, 1.0, 50.0):
        torch.manual_seed(0)
        shares.append(mix(*batch, alpha)[2].diagonal().mean().item())
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.97
    assert shares[-1] == pytest.approx(0.5, abs=0.06)


def test_mixing_follows_from_the_seed_of_torch_and_leaves_the_batch_as_it_was(batch):
    before = [part.clone() for part in batch]
    torch.manual_seed(3)
    first = mix(*batch, 0.4)
    torch.manual_seed(3)
    assert all(torch.equal(one, other) for one, other in zip(first, mix(*batch, 0.4), strict=True))
    assert all(torch.equal(one, other) for one, other in zip(batch, before, strict=True))
