import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twelvelead.inference.pieces import cut, merge


@given(
    samples=st.integers(250, 100_000),
    rate=st.sampled_from([100, 250, 500]),
    step=st.integers(1, 16),
    least=st.integers(1, 250),
)
def test_pieces_cover_the_recording_and_overlap(samples, rate, step, least):
    starts, length = cut(samples, rate, step, least)
    if samples <= 20 * rate:
        assert (starts, length) == ([0], samples)
        return
    assert length == 10 * rate
    assert starts[0] == 0
    assert all(start % step == 0 for start in starts)
    assert 0 <= samples - (starts[-1] + length) < step
    gaps = np.diff(starts)
    assert np.all((gaps > 0) & (gaps <= length // 2))


def test_a_minute_is_eleven_pieces():
    assert cut(6000, 100, 4, 256) == ([0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500, 5000], 1000)


def test_attention_is_averaged_where_pieces_overlap():
    pieces = [np.array([0.5, 0.5, 0, 0]), np.array([0.2, 0.3, 0.5, 0]), np.array([0, 0, 0, 1.0])]
    merged = merge(pieces, [0, 8, 12], 4)
    expected = np.array([0.5, 0.5, 0.1, 0.1, 0.25, 0, 1.0])
    np.testing.assert_allclose(merged, expected / expected.sum(), rtol=1e-6)
    assert merge(pieces[:1], [0], 4) is pieces[0]
