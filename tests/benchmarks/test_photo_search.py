"""Both ways that are timed find the same pictures, from a file of halves."""

import numpy as np
import photo_search


def test_both_ways_find_the_best(tmp_path):
    photo_search.write_vectors(tmp_path / "some.npy", 700)
    vectors = np.load(tmp_path / "some.npy", mmap_mode="c")
    assert vectors.dtype == np.float16
    scores = vectors.astype(float) @ photo_search.a_text()
    best = np.argsort(-scores, kind="stable")[: photo_search.TOP].tolist()
    for way in photo_search.WAYS.values():
        assert way(vectors, photo_search.a_text()).tolist() == best


def test_what_is_mapped_from_a_file_is_not_the_process_s_own(tmp_path):
    photo_search.write_vectors(tmp_path / "some.npy", 20_000)  # 61 MB
    before = photo_search.own_memory()
    vectors = np.load(tmp_path / "some.npy", mmap_mode="c")
    assert before and vectors.max() < 1
    assert photo_search.own_memory() - before < 30e6
