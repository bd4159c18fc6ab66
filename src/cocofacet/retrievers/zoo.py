"""The retrievers that the book knows: a table of checkpoints, data and not code.

A new retriever of a known family is a new row. What loads a row is `loading`; what runs
it is its family, one class each.
"""

from dataclasses import dataclass

PRECISIONS = ("fp32", "bf16", "fp16")


@dataclass(frozen=True)
class Row:
    """One retriever. Everything that the weights alone do not say.

    Attributes:
        name: what it is called here.
        family: a key of ``loading.FAMILIES``.
        checkpoint: "package:NAME" for weights shipped here, "hub:OWNER/NAME" for the
            Hugging Face Hub.
        revision: the hub's commit, tag or branch; what it resolved to is what a loaded
            retriever reports.
        licence: of the weights.
        source: where the values of this row were found, addresses separated by blanks.
        parameters: how many, in words ("428 M").
        dim: D, the size of an embedding; 0 where it is read from the checkpoint.
        memory: GB of memory for weights and a small batch at ``precision``.
        image_size: what the model sees of a picture, in words.
        interpolation: how a picture is resized to that, in words.
        base: for an adapter, the checkpoint it is laid upon, as ``checkpoint``.
        base_revision: the revision of ``base``.
        resize: (width, height) that every picture is squeezed to before the
            checkpoint's own processing; None for none.
        max_pixels: the most pixels of a picture that the processor keeps, where it
            sizes pictures by their pixels; None for the checkpoint's own.
        text: the template around a query's {text}.
        general: the template around an image alone, with the model's own placeholder.
        prompted: the template around an image and a {question}; "" for dual encoders.
        max_text: the most tokens of a query; None for the tokenizer's own.
        padding: how texts are filled up: "longest", or "max_length" where the model
            was trained so.
        padding_side: "right" or "left", in the reference code; embeddings do not
            depend on it where masks are honoured.
        pooling: which hidden states make the embedding.
        causal, prompt_after_image: both must hold for one pass over all prompts.
        precision: the reference's.
        files: what to fetch from the hub.
        answers: for a retriever that answers a question in words, the checkpoint of
            the text embedder that reads the answer, as ``checkpoint``.
        architecture: the architecture whose tiny checkpoint the tests load through the
            same code; "" where none is.
        lacks: why this package cannot load it, and what could; "" where it can.
        unconfirmed: names of the attributes above that could not be confirmed.
        needs: said to the reader.
    """

    name: str
    family: str
    checkpoint: str
    revision: str
    licence: str
    source: str
    needs: str
    image_size: str
    parameters: str = ""
    dim: int = 0
    memory: float = 0.0
    interpolation: str = ""
    base: str = ""
    base_revision: str = ""
    resize: tuple[int, int] | None = None
    max_pixels: int | None = None
    text: str = "{text}"
    general: str = ""
    prompted: str = ""
    max_text: int | None = None
    padding: str = "longest"
    padding_side: str = "right"
    pooling: str = "last token"
    causal: bool = True
    prompt_after_image: bool = True
    precision: str = "fp32"
    files: tuple[str, ...] = ("*.json", "*.txt", "*.safetensors")
    answers: str = ""
    architecture: str = ""
    lacks: str = ""
    unconfirmed: tuple[str, ...] = ()

    @property
    def promptable(self) -> bool:
        """Whether an image can be embedded under a question."""
        return bool(self.prompted)


_QWEN2_VL_IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
# The templates of the released code with Qwen2-VL's image placeholder and no chat
# header: note the blank after the image in one and the line feed in the other.
_QWEN2_VL_TINY = {
    "family": "mllm",
    "revision": "",
    "licence": "MIT",
    "source": "trained in facetworld.train",
    "needs": "nothing: shipped with the package",
    "image_size": "native, 128 x 128 in the rendered world",
    "general": f"{_QWEN2_VL_IMAGE} Represent the given image.",
    "prompted": f"{_QWEN2_VL_IMAGE}\nRepresent the given image with the following "
    "question: {question}\n",
}

_TABLE = (
    Row(
        name="tiny-clip",
        family="dual",
        checkpoint="package:tiny-clip",
        revision="",
        licence="MIT",
        source="trained in facetworld.train",
        needs="nothing: shipped with the package",
        image_size="128 x 128",
        pooling="the towers' own",
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
    Row(
        name="clip-vit-l-14-336",
        family="dual",
        checkpoint="hub:timm/vit_large_patch14_clip_336.openai",
        revision="main",
        licence="MIT",
        source="https://github.com/openai/CLIP",
        needs="428 M parameters from the Hugging Face Hub; a GPU helps",
        image_size="336 x 336, shortest side resized, centre crop",
        pooling="the towers' own",
        files=("open_clip_config.json", "open_clip_model.safetensors"),
    ),
)
ROWS: dict[str, Row] = {row.name: row for row in _TABLE}
