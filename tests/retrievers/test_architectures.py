"""Every architecture of the zoo, on a tiny checkpoint saved in the official files.

The plain computation goes another way than the retrievers wherever it can: the
generating model instead of the embedding one, eager attention, one image and one prompt
at a time, nothing padded, adapters added by hand.
"""

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from cocofacet.retrievers import load as loading
from cocofacet.retrievers.base import BARE
from cocofacet.retrievers.zoo import ROWS
from cocofacet.retrievers.zoo.row import Row
from rehearsal.tiny_checkpoints import open_clip, save_all, transformers

QUESTIONS = (None, BARE, "How many people are present?", "What is the weather like?")
TEXTS = ["Find me an image.\n", "How many people are present in this image?", "a"]
SIZES = [(56, 56), (128, 100), (60, 140), (30, 56), (200, 60)]
QWEN = "<|vision_start|><|image_pad|><|vision_end|>"


def mllm(name: str, before: str, after: str = "", **more) -> Row:
    """A row whose templates are the paper's between a chat's words."""
    question = "Represent the given image with the following question: {question}\n"
    return Row(
        name=name,
        family="mllm",
        checkpoint="package:none",
        revision="",
        licence="",
        source="",
        image_size="",
        text="{text}" + after,
        general=f"{before} Represent the given image.{after}",
        prompted=f"{before}\n{question}{after}",
        **more,
    )


@dataclass(frozen=True)
class Case:
    """A row, the checkpoint that it loads, and for an adapter its base."""

    row: Row
    checkpoint: str
    base: str = ""


TURN = "<|im_end|>\n<|im_start|>assistant\n"
QWEN2 = mllm("qwen2-vl", QWEN)
MISTRAL = mllm("llava-next-mistral", "[INST] <image>", " [/INST]")
LLAMA = mllm(
    "llava-next-llama",
    "<|start_header_id|>user<|end_header_id|>\n\n<image>",
    "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n \n",
)
QWEN3 = mllm("qwen3-vl", f"<|im_start|>user\n{QWEN}", TURN)
EMBEDDING_GEMMA = replace(
    mllm("embedding-gemma", "<|image><|image|><image|>"),
    family="embedding-gemma",
    causal=False,
)
CASES = [
    Case(replace(ROWS["tiny-clip"], name="clip"), "CLIP"),
    Case(replace(ROWS["tiny-clip"], name="siglip2", max_text=64), "SigLIP2"),
    Case(replace(ROWS["tiny-clip"], name="blip2", family="blip2"), "BLIP-2"),
    Case(QWEN2, "Qwen2-VL"),
    Case(
        replace(QWEN2, name="qwen2-vl-plain-positions", plain_positions=True),
        "Qwen2-VL",
    ),
    Case(QWEN3, "Qwen3-VL"),
    Case(
        replace(
            QWEN3,
            name="qwen3-vl-prompt-first",
            prompted="<|im_start|>system\n{question}<|im_end|>\n"
            f"<|im_start|>user\n{QWEN}{TURN}",
            prompt_after_image=False,
        ),
        "Qwen3-VL",
    ),
    Case(mllm("llava", "USER: <image>", " ASSISTANT:"), "LLaVA"),
    Case(MISTRAL, "LLaVA-NeXT on Mistral"),
    Case(LLAMA, "LLaVA-NeXT on Llama"),
    Case(mllm("onevision", "<|im_start|>user\n<image>", TURN), "LLaVA-OneVision"),
    Case(EMBEDDING_GEMMA, "EmbeddingGemma 2"),
    Case(replace(QWEN2, name="lora"), "LoRA on Qwen2-VL", "Qwen2-VL"),
    Case(replace(QWEN2, name="dora"), "DoRA on Qwen2-VL", "Qwen2-VL"),
    Case(
        replace(MISTRAL, name="lora-next"),
        "LoRA on LLaVA-NeXT on Mistral",
        "LLaVA-NeXT on Mistral",
    ),
    Case(
        replace(MISTRAL, name="dora-next"),
        "DoRA on LLaVA-NeXT on Mistral",
        "LLaVA-NeXT on Mistral",
    ),
]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    return save_all(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.row.name)
def case(request):
    return request.param


def load(case, checkpoints, **options):
    return loading.load(
        case.row,
        checkpoint=checkpoints[case.checkpoint],
        base_checkpoint=checkpoints[case.base] if case.base else None,
        **options,
    )


@pytest.fixture(scope="module")
def retriever(case, checkpoints):
    return load(case, checkpoints)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 256, (h, w, 3), dtype=np.uint8) for w, h in SIZES]
    return [Image.fromarray(part) for part in pixels]


@pytest.fixture(scope="module")
def prompts(case):
    return QUESTIONS if case.row.promptable else (None,)


@pytest.fixture(scope="module")
def found(retriever, images, prompts):
    return retriever.embed_images(images, prompts)


def unit(vectors: torch.Tensor) -> np.ndarray:
    return torch.nn.functional.normalize(vectors.float(), dim=-1).numpy()


def test_shape_length_and_sense(retriever, found, images, prompts):
    assert found.shape == (len(prompts), len(images), retriever.dim)
    texts = retriever.embed_texts(TEXTS)
    assert texts.shape == (len(TEXTS), retriever.dim)
    for vectors in (found, texts):
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1, atol=1e-5)
    assert np.abs(found[:, 0] - found[:, 1]).max() > 0.01  # images do matter
    assert np.abs(texts[0] - texts[1]).max() > 0.01
    for prompted in found[1:]:
        assert np.abs(found[0] - prompted).max() > 0.01  # and so do prompts


def test_batches_order_and_padding_do_not_matter(retriever, found, images, prompts):
    alone = [retriever.embed_images([image], prompts)[:, 0] for image in images]
    np.testing.assert_allclose(found, np.stack(alone, axis=1), atol=1e-4)
    backwards = retriever.embed_images(images[::-1], prompts[::-1])[::-1, ::-1]
    np.testing.assert_allclose(found, backwards, atol=1e-4)
    texts = retriever.embed_texts(TEXTS)
    alone = [retriever.embed_texts([text])[0] for text in TEXTS]
    np.testing.assert_allclose(texts, alone, atol=1e-4)
    np.testing.assert_allclose(
        texts, retriever.embed_texts(TEXTS[::-1])[::-1], atol=1e-4
    )


@pytest.fixture(scope="module")
def worker():
    """A process that has imported nothing yet, as a loader's worker may be."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        yield process


def test_prepared_elsewhere(retriever, found, images, prompts, worker):
    assert len(ForkingPickler.dumps(retriever.prepare)) < 1_000_000  # no weights
    prepared = worker.submit(retriever.prepare, images, prompts).result()
    np.testing.assert_array_equal(found, retriever.embed_prepared(prepared))


def test_one_pass_equals_separate_passes(case, checkpoints, found, images, prompts):
    if not case.row.promptable:
        pytest.skip("takes no prompt")
    apart = load(case, checkpoints, one_pass=False)
    assert "passes" in apart.prepare(images, prompts)
    one_pass = case.row.causal and case.row.prompt_after_image
    assert load(case, checkpoints).one_pass == one_pass
    np.testing.assert_allclose(found, apart.embed_images(images, prompts), atol=1e-4)


def test_images_as_in_the_plain_computation(case, checkpoints, found, images, prompts):
    expected = PLAIN[case.row.family](case, checkpoints)
    for prompt, vectors in zip(prompts, found, strict=True):
        plain = [expected(image=image, prompt=prompt) for image in images]
        np.testing.assert_allclose(vectors, plain, atol=1e-4)


def test_texts_as_in_the_plain_computation(case, checkpoints, retriever):
    expected = PLAIN[case.row.family](case, checkpoints)
    np.testing.assert_allclose(
        retriever.embed_texts(TEXTS), [expected(text=text) for text in TEXTS], atol=1e-4
    )


def plain_dual(case, checkpoints):
    source = f"local-dir:{checkpoints[case.checkpoint]}"
    model, _, preprocess = open_clip.create_model_and_transforms(source)
    model.eval()
    tokenizer = open_clip.get_tokenizer(source)

    @torch.inference_mode()
    def embed(image=None, prompt=None, text=None):
        if text is None:
            return unit(model.encode_image(preprocess(image)[None])[0])
        tokens = tokenizer([text])
        # SigLIP was trained on texts of full length, and its last token is pooled.
        assert tokens.shape[1] == (case.row.max_text or 77)
        return unit(model.encode_text(tokens)[0])

    return embed


def processor_with_pil(directory):
    processor = transformers.AutoProcessor.from_pretrained(directory)
    # The class with PIL has the name of the other one, with an ending.
    pil = getattr(transformers, f"{type(processor.image_processor).__name__}Pil")
    processor.image_processor = pil.from_pretrained(directory)
    return processor


def plain_blip2(case, checkpoints):
    directory = checkpoints[case.checkpoint]
    kind = transformers.Blip2ForImageTextRetrieval
    model = kind.from_pretrained(directory, attn_implementation="eager").eval()
    processor = processor_with_pil(directory)

    @torch.inference_mode()
    def embed(image=None, prompt=None, text=None):
        image = image or Image.new("RGB", (56, 56))
        inputs = processor(images=image, text=text or "none", return_tensors="pt")
        out = model(**inputs)  # the whole contrast, with all query tokens
        return unit(out.image_embeds[0, 0] if text is None else out.text_embeds[0])

    return embed


def plain_mllm(case, checkpoints):
    row = case.row
    directory = checkpoints[case.base or case.checkpoint]
    model = transformers.AutoModelForImageTextToText.from_pretrained(
        directory, attn_implementation="eager"
    ).eval()
    if case.base:
        add_by_hand(model, checkpoints[case.checkpoint])
    processor = processor_with_pil(directory)
    if case.checkpoint == "LLaVA-NeXT on Llama":  # its files lack these
        processor.patch_size = 14
        processor.vision_feature_select_strategy = "default"
        processor.num_additional_image_tokens = 1

    @torch.inference_mode()
    def embed(image=None, prompt=None, text=None):
        template = row.prompted.replace("{question}", prompt or "")
        shown = row.general if prompt is None else template
        if text is not None:
            shown = row.text.replace("{text}", text)
        images = None if image is None else [image]
        inputs = processor(text=[shown], images=images, return_tensors="pt")
        if row.plain_positions:
            inputs["position_ids"] = torch.arange(inputs["input_ids"].shape[1])[None]
        states = model(**inputs, output_hidden_states=True).hidden_states[-1]
        return unit(states[0, -1])

    return embed


def plain_embedding_gemma(case, checkpoints):
    row, directory = case.row, checkpoints[case.checkpoint]
    model = transformers.AutoModel.from_pretrained(
        directory, attn_implementation="eager"
    ).eval()
    processor = processor_with_pil(directory)

    @torch.inference_mode()
    def embed(image=None, prompt=None, text=None):
        shown = row.general if prompt is None else row.prompted
        # The processor itself sets an image's marks around its placeholder.
        shown = shown.replace("<|image><|image|><image|>", "<|image|>")
        shown = shown.replace("{question}", prompt or "")
        if text is not None:
            shown = row.text.replace("{text}", text)
        images = None if image is None else [[image]]
        inputs = processor(text=[shown], images=images, return_tensors="pt")
        return unit(model(**inputs).last_hidden_state[0].mean(dim=0))

    return embed


def add_by_hand(model: torch.nn.Module, adapter: Path) -> None:
    """W + alpha / r B A, of which a DoRA rescales each row to its magnitude."""
    config = json.loads((adapter / "adapter_config.json").read_text())
    safe = adapter / "adapter_model.safetensors"
    found = (
        load_file(safe)
        if safe.exists()
        else torch.load(adapter / "adapter_model.bin", weights_only=True)
    )
    down = [key for key in found if ".lora_A." in key]
    parameters = dict(model.named_parameters())
    for key in down:
        # The layer's own name: the end of the old one, in the part it belongs to.
        end = key.partition("layers.")[2].removesuffix(".lora_A.weight")
        part = "vision_tower" if "vision_tower" in key else "language_model"
        (name,) = [
            n for n in parameters if part in n and n.endswith(f"layers.{end}.weight")
        ]
        up = found[key.replace("lora_A", "lora_B")]
        changed = parameters[name].data
        changed = changed + config["lora_alpha"] / config["r"] * up @ found[key]
        magnitude = found.get(key.replace("lora_A.weight", "lora_magnitude_vector"))
        if magnitude is not None:
            changed = changed * (magnitude / changed.norm(dim=1))[:, None]
        parameters[name].data = changed
    assert len(down) == {True: 10, False: 6}["vision_tower" in str(list(found))]


PLAIN = {
    "dual": plain_dual,
    "blip2": plain_blip2,
    "mllm": plain_mllm,
    "embedding-gemma": plain_embedding_gemma,
}

LOADABLE = [row for row in ROWS.values() if row.architecture]


@pytest.mark.parametrize("row", LOADABLE, ids=lambda row: row.name)
def test_rows_of_the_zoo(row, checkpoints, images):
    """Each row's own templates and sizes work with its architecture, and allow the one
    pass that it claims."""
    text = checkpoints["text embedder"] if row.answers else None
    options = {"precision": "fp32", "text_checkpoint": text}
    if row.family == "answer":
        options["max_new_tokens"] = 4
    checkpoint = checkpoints[row.architecture]
    retriever = loading.load(row.name, checkpoint=checkpoint, **options)
    prompts = (None, "How many people?") if row.promptable else (None,)
    found = retriever.embed_images(images[1:2], prompts)
    assert found.shape == (len(prompts), 1, retriever.dim)
    assert retriever.embed_texts(TEXTS).shape == (len(TEXTS), retriever.dim)
    if hasattr(retriever, "one_pass"):
        apart = loading.load(
            row.name, checkpoint=checkpoint, precision="fp32", one_pass=False
        )
        assert retriever.one_pass == (row.causal and row.prompt_after_image)
        np.testing.assert_allclose(
            found, apart.embed_images(images[1:2], prompts), atol=1e-4
        )
