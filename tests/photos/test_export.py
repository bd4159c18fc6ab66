"""An index as one parquet file."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mean_colours import Means
from small_photos import paint_all

from cocofacet.photos import export, make


@pytest.fixture
def kept(tmp_path):
    folder = paint_all(tmp_path / "photos", range(5))
    (folder / "bad.png").write_bytes(b"")
    store = tmp_path / "store"
    return make.index_folder(folder, Means(), ["What is it?"], store, tell=str)


@pytest.mark.parametrize("dtype", export.TYPES)
def test_every_vector_is_there(dtype, kept, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_ROWS", 2)  # in several parts
    out = tmp_path / "out/photos.parquet"
    assert export.export(kept, out, dtype) == 10
    table = pq.read_table(out)
    assert table.schema.field("vector").type == pa.list_(export.TYPES[dtype])
    rows = table.to_pandas()
    assert list(rows.columns) == [
        *("path", "sha256", "retriever", "revision", "question", "vector")
    ]
    assert set(rows.retriever) == {"means"} and set(rows.revision) == {"1"}
    known = {kept.sha256[n].tobytes().hex(): n for n in range(len(kept))}
    for question in kept.questions:
        asked = rows.question.isna() if question is None else rows.question == question
        here = rows[asked]
        assert sorted(here.path) == [f"{n:04d}.png" for n in range(5)]
        places = np.array([known[digest] for digest in here.sha256])
        expected = kept.vectors(question).take(places)
        np.testing.assert_array_equal(np.stack(here.vector), expected)
