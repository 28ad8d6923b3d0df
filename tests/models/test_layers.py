import pytest
import torch

from twelvelead.models.layers import ByteDropout, Metadata, PairPool, ResidualBlock, TimeAttention

NAN = float("nan")


def training_dropout(p):
    return ByteDropout(p).train()


@pytest.mark.parametrize(("p", "rate"), [(0.25, 0.25), (0.5, 0.5), (0.3, 77 / 256)])
def test_dropout_zeroes_its_share_and_scales_the_rest(p, rate):
    torch.manual_seed(0)
    y = training_dropout(p)(torch.ones(1000, 1001))
    zeros = (y == 0).float()
    assert zeros.mean().item() == pytest.approx(rate, abs=0.002)
    assert y.max().item() == pytest.approx(1 / (1 - rate), rel=1e-6)
    assert y.unique().numel() == 2
    # each of the eight elements that share one 64-bit draw
    lanes = zeros.reshape(-1)[:1_000_000].reshape(-1, 8).mean(dim=0)
    assert (lanes - rate).abs().max().item() < 0.006


def test_dropout_draws_each_element_by_itself():
    torch.manual_seed(0)
    kept = (training_dropout(0.5)(torch.ones(100_000, 8)) > 0).float() - 0.5
    correlation = kept.T @ kept / len(kept) * 4
    assert (correlation - torch.eye(8)).abs().max().item() < 0.02


def test_dropout_follows_from_the_seed():
    x = torch.randn(3, 5, 1, 7)
    draws = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        draws.append(training_dropout(0.5)(x))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


@pytest.mark.parametrize(
    "x",
    [
        torch.ones(4, 6, 1, 9).to(memory_format=torch.channels_last),
        torch.ones(6, 14)[:, ::2],
        torch.ones(6, 1).expand(6, 20),
        torch.ones(5, 7, dtype=torch.bfloat16),
        torch.ones(0, 3),
    ],
    ids=["channels-last", "sliced", "expanded", "bfloat16", "empty"],
)
def test_dropout_takes_any_layout_and_type(x):
    torch.manual_seed(0)
    y = training_dropout(0.5)(x)
    assert y.shape == x.shape
    assert y.dtype == x.dtype
    assert set(y.unique().tolist()) == ({0.0, 2.0} if x.numel() else set())
    if x.ndim == 2 and len(x) == 6:
        assert not torch.equal(y[0], y[1])
        assert len(y[0].unique()) == 2


def test_dropout_passes_gradients_of_what_it_keeps():
    x = torch.ones(1000, requires_grad=True)
    y = training_dropout(0.25)(x)
    y.sum().backward()
    torch.testing.assert_close(x.grad, y.detach())


def test_dropout_is_nothing_in_evaluation_and_at_zero():
    x = torch.randn(10, 10)
    assert ByteDropout(0.5).eval()(x) is x
    assert ByteDropout(0.0).train()(x) is x


@pytest.mark.parametrize("p", [-0.1, 1.0, NAN])
def test_dropout_refuses_other_probabilities(p):
    with pytest.raises(ValueError, match="dropout probability"):
        ByteDropout(p)


def test_metadata_hides_an_unknown_value_behind_its_flag():
    torch.manual_seed(0)
    layer = Metadata(16)
    weight, bias = layer.dense.weight, layer.dense.bias
    given = torch.tensor([[60.0, 0.0], [NAN, 0.0], [60.0, NAN], [NAN, NAN], [80.0, 1.0]])
    seen = torch.tensor([[0.0, -1, 1, 1], [0, -1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]])
    torch.testing.assert_close(layer(given), torch.relu(seen @ weight.T + bias))
    answers = layer(given)
    assert len({tuple(row) for row in answers.tolist()}) == len(given)


def test_metadata_clips_age_to_90():
    layer = Metadata(16)
    ages = layer(torch.tensor([[300.0, 1.0], [90.0, 1.0], [89.0, 1.0]]))
    assert torch.equal(ages[0], ages[1])
    assert not torch.equal(ages[1], ages[2])


def test_metadata_gives_finite_gradients_where_values_are_unknown():
    layer = Metadata(4)
    layer(torch.tensor([[NAN, NAN], [50.0, NAN]])).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in layer.parameters())


def test_attention_is_the_softmax_weighted_sum():
    torch.manual_seed(0)
    layer = TimeAttention(6)
    sequence = torch.randn(3, 11, 6)
    total, weights = layer(sequence)
    score = (sequence @ layer.score.weight[0] + layer.score.bias).exp()
    torch.testing.assert_close(weights, score / score.sum(dim=1, keepdim=True))
    torch.testing.assert_close(total, (weights[:, :, None] * sequence).sum(dim=1))


def test_residual_block_cuts_what_the_pooling_leaves_over():
    block = ResidualBlock(12, 5, 7, dropout=0.25, pool=2)
    assert block(torch.zeros(2, 12, 1, 101)).shape == (2, 5, 1, 50)
    with pytest.raises(ValueError, match="odd"):
        ResidualBlock(12, 5, 4, dropout=0.25, pool=2)


@pytest.mark.parametrize("time", [2, 8, 9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pair_pool_is_max_pooling_both_ways(time, dtype):
    torch.manual_seed(0)
    values = torch.randn(3, 5, 1, time).to(dtype).to(memory_format=torch.channels_last)
    results = []
    for pool in (PairPool().train(), PairPool().eval(), torch.nn.MaxPool2d((1, 2))):
        x = values.clone().requires_grad_()
        y = pool(x)
        (y * torch.arange(y.numel()).reshape(y.shape)).sum().backward()
        assert x.grad.stride() == x.stride()
        results.append((y.detach(), x.grad))
    for y, gradient in results[1:]:
        assert torch.equal(y, results[0][0])
        assert torch.equal(gradient, results[0][1])
