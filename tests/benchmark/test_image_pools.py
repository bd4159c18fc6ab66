"""Other pools of images: read like the benchmark, and the control with captions."""

import json

import pandas as pd
import pytest

from cocofacet.benchmark import image_pools as pools
from cocofacet.io import InputError

CAPTIONS = {f"val2017/{i:012d}.jpg": [f"A cat, {i}.", "Another."] for i in range(120)}


def test_each_image_is_looked_for_by_its_first_caption():
    built = pools.from_captions(CAPTIONS, list(CAPTIONS), seed=0)
    assert len(built.queries) == 120
    assert built.facets == ("captions",)
    for query in built.queries:
        positive, *negatives = query.candidates
        assert query.text == CAPTIONS[positive][0]
        assert len(set(query.candidates)) == 100
        assert positive not in negatives
    again = pools.from_captions(CAPTIONS, list(CAPTIONS), seed=0)
    assert built.queries == again.queries
    assert built.queries != pools.from_captions(CAPTIONS, list(CAPTIONS), 1).queries


def test_an_image_with_the_same_caption_is_no_negative():
    twins = CAPTIONS | {"val2017/999999999999.jpg": ["Something.", "A cat, 5."]}
    built = pools.from_captions(twins, list(twins), seed=0)
    query = next(q for q in built.queries if q.text == "A cat, 5.")
    assert "val2017/999999999999.jpg" not in query.candidates


def test_only_images_that_may_be_used_and_enough_of_them():
    some = list(CAPTIONS)[:100]
    built = pools.from_captions(CAPTIONS, some, seed=0)
    assert {name for q in built.queries for name in q.candidates} == set(some)
    with pytest.raises(InputError, match="98 images are left"):
        pools.from_captions(CAPTIONS, some[:99], seed=0)


def test_a_released_file_is_read(tmp_path):
    row = {
        "qry_text": "Find me an image of an abbey.\n",
        "qry_img_path": "",
        "tgt_text": "",
        "tgt_img_path": [f"SUN397/{i}.jpg" for i in range(100)],
    }
    (tmp_path / "SUN397_retrieval.json").write_text(json.dumps([row]))
    found = pools.released(tmp_path, "sun397")
    assert found.queries[0].label == "Find me an image of an abbey."
    assert found.facets == ("sun397",)
    assert found.pool_indices().shape == (1, 100)
    assert pools.released(tmp_path, "country211") is None


def test_numbers_of_images_are_coco_s_only(tmp_path):
    """The control's images are COCO's and may be numbered; SUN397's may not."""
    row = {"qry_text": "A cat.", "tgt_img_path": str([*range(100)])}
    for stem in ("Original_COCO_retrieval", "SUN397_retrieval"):
        (tmp_path / f"{stem}.json").write_text(json.dumps([row]))
    (query,) = pools.released(tmp_path, "captions").queries
    assert query.candidates[7] == "val2017/000000000007.jpg"
    with pytest.raises(InputError, match="row 0: tgt_img_path: 0 is the number of no"):
        pools.released(tmp_path, "sun397")


def test_a_pool_is_made_from_mmebs_rows(tmp_path):
    rows = pd.DataFrame(
        {
            "qry_text": "Identify the scene.",
            "qry_img_path": [f"SUN397/{i}.jpg" for i in range(150)],
            "tgt_text": [["abbey" if i % 2 else "zoo", "other"] for i in range(150)],
        }
    )
    rows.loc[rows.index[100:], "tgt_text"] = pd.Series(
        [["river", "other"]] * 50, index=rows.index[100:]
    )
    path = tmp_path / "SUN397.parquet"
    rows.to_parquet(path)
    built = pools.from_rows(path, "sun397", seed=0)
    assert len(built.queries) == 150
    shown = dict(zip(rows.qry_img_path, rows.tgt_text, strict=True))
    query = built.queries[0]
    assert query.text == "Find me an everyday image that shows the scene of zoo.\n"
    assert {shown[name][0] for name in query.candidates[1:]} == {"abbey", "river"}
    # A picture of two rows: no negative of either class.
    twice = rows.iloc[[0]].assign(qry_img_path="./SUN397/0.jpg", tgt_text=[["river"]])
    pd.concat([rows, twice]).to_parquet(path)
    for query in pools.from_rows(path, "sun397", seed=0).queries:
        if query.candidates[0] == "SUN397/0.jpg":
            assert query.label.endswith("zoo.")
        elif not query.label.endswith("abbey."):
            assert "SUN397/0.jpg" not in query.candidates
    for broken in (tmp_path / "absent.parquet", tmp_path / "SUN397_retrieval.json"):
        with pytest.raises(InputError, match="cocofacet fetch pools"):
            pools.from_rows(broken, "sun397", seed=0)
