"""One retriever of the zoo: everything that its weights alone do not say."""

from dataclasses import dataclass

PRECISIONS = ("fp32", "bf16", "fp16")


@dataclass(frozen=True)
class Row:
    """One retriever.

    What is said here was looked up in ``source``: the model card, the model's own code,
    the scripts of COCO-Facet. What could not be found there stands in ``unconfirmed``.

    Attributes:
        name: what it is called here.
        family: a key of ``load.FAMILIES``.
        checkpoint: "package:NAME" for weights shipped here, "hub:OWNER/NAME" for the
            Hugging Face Hub.
        revision: the hub's commit, tag or branch; what it resolved to is what a loaded
            retriever reports.
        licence: of the weights.
        source: where the values of this row were found, addresses separated by blanks.
        image_size: what the model sees of a picture, in words.
        parameters: how many, in words ("428 M"), base and adapter together.
        dim: D, the size of an embedding; 0 where it is read from the checkpoint.
        memory: GB of memory for weights and a small batch at ``precision``, estimated.
        download: GB to fetch, about, base included.
        image_tokens: how many a photograph of 640 x 480 takes, counted from the image
            input; for a row that answers, with the most words it may say.
        interpolation: how a picture is resized, in words.
        base: for an adapter, the checkpoint it is merged into, as ``checkpoint``.
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
        plain_positions: whether the reference counts image tokens like words, one
            position each, where the model by itself would give them rows and columns.
        pooling: which hidden states make the embedding.
        causal, prompt_after_image: both must hold for one pass over all prompts.
        precision: the reference's.
        files: what to fetch from the hub.
        answers: for a retriever that answers a question in words, the checkpoint of
            the text embedder that reads the answer, as ``checkpoint``.
        architecture: the architecture whose tiny checkpoint the tests load through the
            same code; "" where there is none.
        lacks: what keeps this package from loading it, and what would help, to be
            read after "lacks"; "" where nothing does.
        unconfirmed: names of the attributes above that could not be confirmed.
        note: what a reader of its numbers should know, and why something is
            unconfirmed.
    """

    name: str
    family: str
    checkpoint: str
    revision: str
    licence: str
    source: str
    image_size: str
    parameters: str = ""
    dim: int = 0
    memory: float = 0.0
    download: float = 0.0
    image_tokens: int = 0
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
    plain_positions: bool = False
    pooling: str = "last token"
    causal: bool = True
    prompt_after_image: bool = True
    precision: str = "fp32"
    files: tuple[str, ...] = ("*.json", "*.txt", "*.safetensors")
    answers: str = ""
    architecture: str = ""
    lacks: str = ""
    unconfirmed: tuple[str, ...] = ()
    note: str = ""

    @property
    def promptable(self) -> bool:
        """Whether an image can be embedded under a question."""
        return bool(self.prompted)

    @property
    def caveat(self) -> str:
        """One sentence to show with every number of this row; "" where none is due."""
        if not self.unconfirmed:
            return ""
        return f"{self.name}: could not be confirmed: {', '.join(self.unconfirmed)}."
