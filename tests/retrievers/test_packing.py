"""Templates in one sequence: each stands whole, and equal beginnings once."""

from hypothesis import given
from hypothesis import strategies as st

from cocofacet.retrievers.packing import pack, visible


def test_pack_by_hand():
    """1 and 2 stand once, and 3 once for the two sequences that go on with it."""
    packed = pack([[1, 2, 3, 6], [1, 2, 5], [1, 2, 3, 4], [1, 2, 5]])
    assert packed.ids.tolist() == [1, 2, 3, 4, 6, 5]
    assert packed.positions.tolist() == [0, 1, 2, 3, 3, 2]
    assert packed.seen_until.tolist() == [5, 5, 4, 3, 4, 5]
    assert packed.ends.tolist() == [4, 5, 3, 5]
    assert packed.first_length == 4
    assert visible(packed.seen_until).int().tolist() == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
        [1, 1, 1, 0, 1, 0],
        [1, 1, 0, 0, 0, 1],
    ]


tokens = st.lists(st.integers(0, 2), min_size=1, max_size=6)


@given(st.lists(tokens, min_size=1, max_size=4))
def test_what_an_end_sees_is_its_own_sequence(sequences):
    packed = pack(sequences)
    assert packed.ids[: packed.first_length].tolist() == min(sequences)
    for sequence, end in zip(sequences, packed.ends, strict=True):
        seen = visible(packed.seen_until)[end]
        assert packed.ids[seen].tolist() == sequence
        assert packed.positions[seen].tolist() == list(range(len(sequence)))
    beginnings = {tuple(s[: n + 1]) for s in sequences for n in range(len(s))}
    assert len(packed.ids) == len(beginnings)  # each stands once
