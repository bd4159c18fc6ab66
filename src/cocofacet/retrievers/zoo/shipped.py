"""Rows of the zoo: the tiny checkpoints that come with the package."""

from cocofacet.retrievers.zoo.row import ASKED, Row

_QWEN2_VL_IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
# The templates of the released code with Qwen2-VL's image placeholder and no chat
# header: note the blank after the image in one and the line feed in the other.
_QWEN2_VL_TINY = {
    "family": "mllm",
    "revision": "",
    "licence": "MIT",
    "source": "trained in training/",
    "image_size": "native, 128 x 128 in the rendered world",
    "general": f"{_QWEN2_VL_IMAGE} Represent the given image.",
    "prompted": f"{_QWEN2_VL_IMAGE}\n{ASKED}\n",
    # Trained and first run with it; at 128 x 128 nothing is resized.
    "image_backend": "torchvision",
    "temperature": 0.05,  # training/train_contrast.py
    "architecture": "Qwen2-VL",
}

SHIPPED = (
    Row(
        name="tiny-clip",
        family="dual",
        checkpoint="package:tiny-clip",
        revision="",
        licence="MIT",
        source="trained in training/",
        image_size="128 x 128",
        pooling="the towers' own",
        temperature=0.0319,  # learned: logit_scale in its weights
        architecture="CLIP",
    ),
    Row(name="tiny-qwen2vl", checkpoint="package:tiny-qwen2vl", **_QWEN2_VL_TINY),
    # Control: the questions of two facets are never trained.
    Row(
        name="tiny-qwen2vl-unasked",
        checkpoint="package:tiny-qwen2vl-unasked",
        **_QWEN2_VL_TINY,
    ),
    # Control: the general embedding is trained on the same answers, without questions.
    Row(
        name="tiny-qwen2vl-noquestion",
        checkpoint="package:tiny-qwen2vl-noquestion",
        **_QWEN2_VL_TINY,
    ),
    # Another base, trained in the same way on the same pictures.
    Row(
        name="tiny-llava",
        checkpoint="package:tiny-llava",
        **_QWEN2_VL_TINY
        | {
            "image_size": "128 x 128",
            "general": "<image> Represent the given image.",
            "prompted": f"<image>\n{ASKED}\n",
            "architecture": "LLaVA",
        },
    ),
    # The text-based baseline: asked alike, it answers in words.
    Row(
        name="tiny-answers",
        checkpoint="package:tiny-qwen2vl-answers",
        answers="package:tiny-text",
        **_QWEN2_VL_TINY | {"family": "answer", "pooling": "the text embedder's own"},
    ),
)
