"""The vectors of an index for other programs: one parquet file, a row a vector."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cocofacet.io import InputError, write_atomic
from cocofacet.photos.files import shown
from cocofacet.photos.index import Index

TYPES = {"float16": pa.float16(), "float32": pa.float32()}
_ROWS = 16384  # at a time


def schema_of(dtype: str) -> pa.Schema:
    """path (text, as `files.shown`), sha256 (hexadecimal), retriever, revision,
    question (null for general), vector (a list of halves or singles)."""
    text = [(name, pa.string()) for name in ("path", "sha256")]
    text += [(name, pa.string()) for name in ("retriever", "revision", "question")]
    return pa.schema([*text, ("vector", pa.list_(TYPES[dtype]))])


def export(kept: Index, out: Path, dtype: str = "float32") -> int:
    """Write all vectors of an index to a parquet file -> how many there are.

    Raises:
        InputError: the file cannot be written, or nothing is indexed.
    """
    if not kept.questions:
        raise InputError(f"{shown(kept.folder)}: index: holds no vectors yet.")
    schema, count = schema_of(dtype), 0
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, schema, compression="zstd") as file:
        for question in kept.questions:
            found = kept.vectors(question)
            there = np.flatnonzero(found.rows >= 0)
            count += len(there)
            for start in range(0, len(there), _ROWS):
                rows = there[start : start + _ROWS]
                vectors = found.take(rows).astype(dtype)
                if not np.isfinite(vectors).all():
                    raise InputError(
                        f"{shown(kept.place)}: index: holds what is no finite number. "
                        "Remove it with `cocofacet index FOLDER --forget`."
                    )
                columns = {
                    "path": [shown(kept.paths[row]) for row in rows],
                    "sha256": [kept.sha256[row].tobytes().hex() for row in rows],
                    "retriever": [kept.retriever] * len(rows),
                    "revision": [kept.revision] * len(rows),
                    "question": [question] * len(rows),
                    "vector": _lists(vectors, schema.field("vector").type),
                }
                file.write_table(pa.table(columns, schema=schema))
    write_atomic(out, sink.getvalue())
    return count


def _lists(vectors: np.ndarray, kind: pa.ListType) -> pa.ListArray:
    """(n, D) -> n lists, without a Python object for each number."""
    starts = np.arange(len(vectors) + 1, dtype=np.int32) * vectors.shape[1]
    values = pa.array(vectors.reshape(-1), kind.value_type)
    return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), values)
