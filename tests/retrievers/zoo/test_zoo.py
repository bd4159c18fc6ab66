"""The table of retrievers holds together."""

import subprocess
import sys
from dataclasses import fields

import pytest

from cocofacet.retrievers.load import FAMILIES
from cocofacet.retrievers.zoo import ROWS
from cocofacet.retrievers.zoo.dual import DUAL
from cocofacet.retrievers.zoo.instructed import INSTRUCTED
from cocofacet.retrievers.zoo.mllm import ANSWER, MLLM
from cocofacet.retrievers.zoo.row import PRECISIONS
from cocofacet.retrievers.zoo.shipped import SHIPPED
from cocofacet.retrievers.zoo.vlm2vec import VLM2VEC
from rehearsal.tiny_checkpoints import ARCHITECTURES

IMAGES = ("<image>", "<|image_pad|>", "<|image_1|>", "<|image|>")
every_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


def image_of(row):
    """The placeholder that the row's templates hold."""
    (image,) = (image for image in IMAGES if image in row.general)
    return image


@every_row
def test_rows_are_complete(row):
    assert row.family in FAMILIES
    assert row.architecture in {"", *ARCHITECTURES}
    assert row.precision in PRECISIONS
    assert row.licence and row.source and row.image_size and row.pooling
    assert row.padding in {"longest", "max_length"}
    assert row.padding_side in {"right", "left"}
    kind, _, place = row.checkpoint.partition(":")
    assert kind in {"package", "hub"}
    if kind == "package":
        return
    assert place.count("/") == 1
    assert all(address.startswith("https://") for address in row.source.split())
    assert row.revision and row.parameters and row.dim
    assert row.download
    # Weights alone take four or two bytes a parameter; "7.1 + 7.2 B" are two models.
    *counts, unit = row.parameters.replace("+", " ").split()
    size = sum(map(float, counts)) * {"M": 1e-3, "B": 1}[unit]
    assert row.memory > size * (4 if row.precision == "fp32" else 2)
    assert row.interpolation


@every_row
def test_what_is_unconfirmed_is_an_attribute(row):
    assert set(row.unconfirmed) <= {field.name for field in fields(row)}
    assert bool(row.caveat) == bool(row.unconfirmed)
    assert all(
        name in row.caveat for name in (row.name, *row.unconfirmed) if row.caveat
    )
    # Why it could not be confirmed is said, not only that.
    assert row.note or not row.unconfirmed


@every_row
def test_an_adapter_has_a_base_and_nothing_else_has(row):
    adapter = any(file.startswith("adapter_model") for file in row.files)
    assert adapter == bool(row.base) == bool(row.base_revision)
    assert not row.base or row.base.startswith("hub:")
    assert not any(file in {"*", "*.bin"} for file in row.files)  # merged weights too


@every_row
def test_templates_hold_what_they_are_filled_with(row):
    assert row.text.count("{text}") == 1
    assert row.text.format(text="a {b}\n") == row.text.replace("{text}", "a {b}\n")
    assert row.promptable == (row.family not in {"dual", "blip2"})
    if not row.promptable:
        assert row.general == row.prompted == ""
        return
    image = image_of(row)
    assert row.general.count(image) == row.prompted.count(image) == 1
    assert image not in row.text
    assert "{" not in row.general
    assert row.prompted.count("{question}") == 1
    assert row.prompted.format(question="Why?").count("Why?") == 1


@every_row
def test_one_pass_is_claimed_where_the_image_comes_first(row):
    if not row.promptable:
        return
    image = image_of(row)
    before, _, after = row.prompted.partition(image)
    assert row.prompt_after_image == ("{question}" in after)
    if row.prompt_after_image:
        assert before == row.general.partition(image)[0]


@every_row
def test_plain_positions_are_those_of_templates_without_a_vision_start(row):
    """Where <|vision_start|> opens an image, Qwen2-VL's reference lays it out; GME's
    own code gives no positions at all."""
    on_qwen2_vl = row.architecture == "Qwen2-VL"
    opened = "<|vision_start|><|image_pad|>" in row.general
    counted = not opened or row.name.startswith("gme-")
    assert row.plain_positions == (on_qwen2_vl and counted)


ASKED = "Represent the given image with the following question: Which animals?"
LLAMA_3 = (
    "<|start_header_id|>user<|end_header_id|>\n\n{}<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n \n"
)


@pytest.mark.parametrize(
    ("name", "template", "expected"),
    [
        ("vlm2vec-llava-next", "general", "<image> Represent the given image."),
        ("vlm2vec-llava-next", "prompted", f"<image>\n{ASKED}\n"),
        ("vlm2vec-qwen2vl-7b", "general", "<|image_pad|> Represent the given image."),
        ("vlm2vec-qwen2vl-2b", "prompted", f"<|image_pad|>\n{ASKED}\n"),
        ("vlm2vec-v2.0", "prompted", f"<|image_pad|>\n{ASKED}\n"),
        ("vlm2vec-phi-3.5-v", "prompted", f"<|image_1|>\n{ASKED}\n"),
        ("vlm2vec-phi-3.5-v", "text", "a cat"),
        (
            "e5-v",
            "general",
            LLAMA_3.format("<image>\nSummary above image in one word"),
        ),
        (
            "e5-v",
            "text",
            LLAMA_3.format("a cat\nSummary above sentence in one word: "),
        ),
        (
            "e5-v",
            "prompted",
            LLAMA_3.format("<image>\nSummary above image in one word") + ASKED,
        ),
        (
            "mmret",
            "text",
            "[INST] \n <instruct> Find me an image that matches the given caption. "
            "<query>  a cat \n [/INST]",
        ),
        ("mmret", "prompted", f"[INST]  {ASKED} \n <image> [/INST]"),
        ("mmret", "general", "[INST]  <image> [/INST]"),
        (
            "qwen3-vl-embedding-2b",
            "prompted",
            f"<|im_start|>system\n{ASKED}<|im_end|>\n<|im_start|>user\n<|vision_start|>"
            "<|image_pad|><|vision_end|><|im_end|>\n<|im_start|>assistant\n",
        ),
        (
            "gme-qwen2-vl-7b",
            "prompted",
            f"<|im_start|>system\n{ASKED}<|im_end|>\n<|im_start|>user\n<|vision_start|>"
            "<|image_pad|><|vision_end|><|im_end|>\n<|im_start|>assistant\n"
            "<|endoftext|>",
        ),
        (
            "ops-mm-embedding-v1-7b",
            "text",
            "<|im_start|>system\nFind an image that matches the given text.<|im_end|>\n"
            "<|im_start|>user\na cat<|im_end|>\n<|im_start|>assistant\n<|endoftext|>",
        ),
        ("embeddinggemma-2", "text", "task: search result | query: a cat"),
        (
            "answer-llava-1.5-7b",
            "prompted",
            "USER: <image>\nWhich animals? Please answer in detail. ASSISTANT:",
        ),
        (
            "answer-llava-1.5-7b",
            "text",
            "<|user|>\nFind a caption that contains the given information\n<|embed|>\n"
            "a cat",
        ),
    ],
)
def test_templates_are_the_released_ones_to_the_blank(name, template, expected):
    filled = getattr(ROWS[name], template)
    assert filled.format(text="a cat", question="Which animals?") == expected


def test_pictures_as_the_released_code_gives_them():
    assert ROWS["mmret"].resize == (512, 512)
    assert ROWS["answer-llava-1.5-7b-low"].resize == (128, 128)
    assert ROWS["answer-llava-1.5-7b"].resize is None
    assert ROWS["vlm2vec-qwen2vl-7b"].max_pixels == 1280 * 28 * 28
    assert ROWS["qwen3-vl-embedding-8b"].max_pixels == 1_843_200
    assert ROWS["qwen3-vl-embedding-8b"].min_pixels == 4096
    assert ROWS["gme-qwen2-vl-2b"].min_pixels == 256 * 28 * 28
    assert ROWS["vlm2vec-v2.0"].padding_side == ROWS["e5-v"].padding_side == "left"
    assert ROWS["siglip2-so400m-384"].padding == "max_length"


def test_names_are_unique():
    tables = (SHIPPED, DUAL, VLM2VEC, MLLM, INSTRUCTED, ANSWER)
    assert len(ROWS) == sum(map(len, tables))


def test_the_table_is_read_without_the_heavy_libraries():
    """`cocofacet --help` and `cocofacet retrievers` answer at once."""
    program = (
        "import sys; from cocofacet.retrievers.zoo import ROWS; "
        "assert ROWS; "
        "print([m for m in ('torch', 'transformers', 'open_clip') if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
