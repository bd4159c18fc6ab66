"""The retrievers that the book knows: a table of checkpoints, data and not code."""

from cocofacet.retrievers.zoo.dual import DUAL
from cocofacet.retrievers.zoo.instructed import INSTRUCTED
from cocofacet.retrievers.zoo.mllm import ANSWER, MLLM
from cocofacet.retrievers.zoo.row import Row
from cocofacet.retrievers.zoo.shipped import SHIPPED
from cocofacet.retrievers.zoo.vlm2vec import VLM2VEC

ROWS: dict[str, Row] = {
    row.name: row for row in (*SHIPPED, *DUAL, *VLM2VEC, *MLLM, *INSTRUCTED, *ANSWER)
}
