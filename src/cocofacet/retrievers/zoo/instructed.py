"""Rows of the zoo: embedders that follow an instruction, newer than the paper.

Nobody has reported them on COCO-Facet. A query's template is the one that their own
code gives a text that looks for an image; where the question stands is our choice.
"""

from cocofacet.retrievers.zoo.row import ASKED, MTEB, Row

_NOTE = "Nobody has reported it on COCO-Facet: the question in its system turn is this "
_NOTE += "book's choice."
_IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"


def _chat(instruction: str, user: str, end: str = "") -> str:
    """A chat whose system turn is the instruction, ``end`` the token that is pooled."""
    return (
        f"<|im_start|>system\n{instruction}<|im_end|>\n"
        f"<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n{end}"
    )


_QWEN3_VL_CODE = (
    f"https://github.com/QwenLM/Qwen3-VL-Embedding {MTEB}/qwen3_vl_embedding_models.py"
)
# The instruction of a query in the README's first example.
_QWEN3_VL_QUERY = "Retrieve images or text relevant to the user's query."
_QWEN3_VL_DEFAULT = "Represent the user's input."
_QWEN3_VL = {
    "family": "mllm",
    "licence": "Apache-2.0",
    "image_size": "native, from 4 to 1800 tokens",
    "interpolation": "bicubic",
    "min_pixels": 4 * 32 * 32,
    "max_pixels": 1800 * 32 * 32,
    # The tokenizer adds the end token, which is pooled.
    "text": _chat(_QWEN3_VL_QUERY, "{text}"),
    "general": _chat(_QWEN3_VL_DEFAULT, _IMAGE),
    # The instruction, which the model was trained to follow, stands before the image.
    "prompted": _chat(ASKED, _IMAGE),
    "default_instruction": _QWEN3_VL_DEFAULT,
    "max_text": 8192,
    "prompt_after_image": False,
    "image_tokens": 300,
    "precision": "bf16",
    "architecture": "Qwen3-VL",
    "unconfirmed": ("prompted",),
    "note": _NOTE,
}

_ON_QWEN2_VL = {
    "family": "mllm",
    "licence": "Apache-2.0",
    "image_size": "native, from 256 to 1280 tokens",
    "interpolation": "bicubic",
    "min_pixels": 256 * 28 * 28,
    "max_pixels": 1280 * 28 * 28,
    # Of GME's card and of Ops-MM-embedding's demo; the default is in the code of both.
    "text": _chat(
        "Find an image that matches the given text.", "{text}", "<|endoftext|>"
    ),
    "general": _chat("You are a helpful assistant.", _IMAGE, "<|endoftext|>"),
    "prompted": _chat(ASKED, _IMAGE, "<|endoftext|>"),
    "prompt_after_image": False,
    "image_tokens": 391,
    "architecture": "Qwen2-VL",
    "unconfirmed": ("prompted",),
}
_GME = _ON_QWEN2_VL | {
    # Its own code gives the language model no positions: image tokens are counted like
    # words, where transformers by itself, from 4.52 on, lays them out.
    "plain_positions": True,
    "precision": "fp16",
    "note": f"{_NOTE} Its own code rounds a picture to multiples of 28 pixels before "
    "it is sized, so that one outside 256 to 1280 tokens is resized twice; here, once. "
    "It asks for transformers before 4.52.",
}
_GME_CODE = (
    "https://huggingface.co/Alibaba-NLP/gme-Qwen2-VL-2B-Instruct/blob/main/"
    f"modeling_gme_qwen2vl.py {MTEB}/gme_v_models.py"
)
_OPS = _ON_QWEN2_VL | {
    "padding_side": "left",
    "precision": "bf16",
    "note": f"{_NOTE} Its demo embeds lone texts without an instruction, and texts "
    "beside images with the one that is used here.",
}
_OPS_CODE = (
    "https://huggingface.co/OpenSearch-AI/Ops-MM-embedding-v1-7B/blob/main/"
    "ops_mm_embedding_v1.py"
)

INSTRUCTED = (
    Row(
        name="qwen3-vl-embedding-2b",
        checkpoint="hub:Qwen/Qwen3-VL-Embedding-2B",
        revision="9f2f7e710d6d81056aa5c0a4f04764fec6bb7bda",
        source=f"https://huggingface.co/Qwen/Qwen3-VL-Embedding-2B {_QWEN3_VL_CODE}",
        parameters="2.1 B",
        dim=2048,
        memory=6.5,
        download=4.3,
        **_QWEN3_VL,
    ),
    Row(
        name="qwen3-vl-embedding-8b",
        checkpoint="hub:Qwen/Qwen3-VL-Embedding-8B",
        revision="2c4565515e0f265c6511776e7193b22c0968ddc7",
        source=f"https://huggingface.co/Qwen/Qwen3-VL-Embedding-8B {_QWEN3_VL_CODE}",
        parameters="8.1 B",
        dim=4096,
        memory=20.5,
        download=16.3,
        **_QWEN3_VL,
    ),
    Row(
        name="embeddinggemma-2",
        family="embedding-gemma",
        checkpoint="hub:google/embeddinggemma-2",
        revision="914f7f89142e33e77833254d9c9b90c3cef7303b",
        licence="Apache-2.0",
        source="https://huggingface.co/google/embeddinggemma-2 "
        "https://huggingface.co/docs/transformers/model_doc/embedding_gemma2 "
        "https://docs.sglang.io/cookbook/autoregressive/Google/EmbeddingGemma2 "
        f"{MTEB}/google_embeddinggemma.py",
        parameters="0.44 B",
        dim=768,
        memory=2.5,
        download=1.5,
        image_tokens=266,
        image_size="enlarged or reduced to 280 tokens of 48 x 48 at most",
        interpolation="bicubic",
        text="task: search result | query: {text}",
        general="<|image><|image|><image|>",
        prompted="<|image><|image|><image|>task: question answering | query: "
        "{question}",
        max_text=8192,
        pooling="mean of all tokens",
        causal=False,
        precision="bf16",
        without_bf16="fp32",
        architecture="EmbeddingGemma 2",
        unconfirmed=("prompted",),
        note="Nobody has reported it on COCO-Facet. Its authors tuned a task to each "
        "data set of mteb; here it is the card's for search, and a picture stands "
        "without one, as in their caption retrieval. The task before a question is "
        "this book's choice. In fp16 its activations overflow. Of 0.74 B parameters "
        "those for sound are not loaded.",
    ),
    Row(
        name="gme-qwen2-vl-2b",
        checkpoint="hub:Alibaba-NLP/gme-Qwen2-VL-2B-Instruct",
        revision="ce765ae71b8cdb208203cd8fb64a170b1b84293a",
        source="https://huggingface.co/Alibaba-NLP/gme-Qwen2-VL-2B-Instruct "
        f"{_GME_CODE}",
        parameters="2.2 B",
        dim=1536,
        memory=7,
        download=4.4,
        **_GME,
    ),
    Row(
        name="gme-qwen2-vl-7b",
        checkpoint="hub:Alibaba-NLP/gme-Qwen2-VL-7B-Instruct",
        revision="477027a6480f8630363be77751f169cc3434b673",
        source="https://huggingface.co/Alibaba-NLP/gme-Qwen2-VL-7B-Instruct "
        f"{_GME_CODE}",
        parameters="8.3 B",
        dim=3584,
        memory=21,
        download=16.6,
        **_GME,
    ),
    Row(
        name="ops-mm-embedding-v1-2b",
        checkpoint="hub:OpenSearch-AI/Ops-MM-embedding-v1-2B",
        revision="69c23ac5595bb7fb3a9959df96fe155b3650c01e",
        source="https://huggingface.co/OpenSearch-AI/Ops-MM-embedding-v1-2B "
        f"{_OPS_CODE} https://huggingface.co/OpenSearch-AI/Ops-MM-embedding-v1-2B/"
        "blob/main/demo.py",
        parameters="2.2 B",
        dim=1536,
        memory=7,
        download=4.4,
        **_OPS,
    ),
    Row(
        name="ops-mm-embedding-v1-7b",
        checkpoint="hub:OpenSearch-AI/Ops-MM-embedding-v1-7B",
        revision="e9179f601f9bf21d2fd20136c11eb4ae2ea42859",
        source="https://huggingface.co/OpenSearch-AI/Ops-MM-embedding-v1-7B "
        f"{_OPS_CODE}",
        parameters="8.3 B",
        dim=3584,
        memory=21,
        download=16.6,
        **_OPS,
    ),
)
