"""One retriever of the zoo: everything that its weights alone do not say."""

from dataclasses import dataclass

COLLATORS = "https://github.com/lst627/COCO-Facet/blob/main/VLM2Vec/src/collator.py"
MTEB = (
    "https://github.com/embeddings-benchmark/mteb/blob/main/mteb/models/"
    "model_implementations"
)
# The words around a question in COCO-Facet's released eval_f.py.
ASKED = "Represent the given image with the following question: {question}"
PRECISIONS = ("fp32", "bf16", "fp16")


@dataclass(frozen=True)
class Row:
    """One retriever.

    What is said here was looked up in ``source``: the model card, the model's own code,
    the scripts of COCO-Facet. What could not be found there stands in ``unconfirmed``.
    """

    name: str  #: what it is called here
    family: str  #: a key of ``load.FAMILIES``
    #: "package:NAME" for weights shipped here, "hub:OWNER/NAME" for Hugging Face's hub
    checkpoint: str
    #: the hub's commit, tag or branch; a loaded retriever reports what it resolved to
    revision: str
    licence: str  #: of the weights
    #: where the values of this row were found, addresses separated by blanks
    source: str

    image_size: str  #: what the model sees of a picture, in words
    #: how many, in words ("428 M"), base and adapter together
    parameters: str = ""
    dim: int = 0  #: D, the size of an embedding; 0 where it is read from the checkpoint
    #: GB of memory for weights and a small batch at ``precision``, estimated
    memory: float = 0.0
    download: float = 0.0  #: GB to fetch, about, base included
    #: how many a photograph of 640 x 480 takes, counted from the image input; for a row
    #: that answers, with the most words it may say
    image_tokens: int = 0
    interpolation: str = ""  #: how a picture is resized, in words

    #: for an adapter, the checkpoint it is merged into, as ``checkpoint``
    base: str = ""
    base_revision: str = ""  #: the revision of ``base``
    #: (width, height) that every picture is squeezed to before the checkpoint's own
    #: processing; None for none
    resize: tuple[int, int] | None = None
    #: the fewest and the most pixels that the processor gives a picture, where it sizes
    #: pictures by their pixels; None for the checkpoint's own
    min_pixels: int | None = None
    max_pixels: int | None = None
    #: what transformers' image processors resize with: "pil", as every reference does,
    #: or "torchvision", 1 to 3 grey levels off; open_clip's always take PIL
    image_backend: str = "pil"

    text: str = "{text}"  #: the template around a query's {text}
    #: the template around an image alone, with the model's own placeholder
    general: str = ""
    #: the template around an image and a {question}; "" for dual encoders
    prompted: str = ""
    #: what a model's system turn says where it would be empty; with it, an instruction
    #: there is stripped, and ends with a full stop where it ends in no punctuation. ""
    #: leaves templates as they are
    default_instruction: str = ""
    max_text: int | None = None  #: most tokens of a query; None: the tokenizer's own
    #: how texts are filled up: "longest", or "max_length" where it was trained so
    padding: str = "longest"
    #: "right" or "left", in the reference code; embeddings do not depend on it where
    #: masks are honoured
    padding_side: str = "right"
    #: whether the reference counts image tokens like words, one position each, where
    #: the model by itself would give them rows and columns
    plain_positions: bool = False

    pooling: str = "last token"  #: which hidden states make the embedding
    #: whether attention is causal; with ``prompt_after_image`` one pass serves all
    #: prompts
    causal: bool = True
    prompt_after_image: bool = True  #: whether a question stands after the image
    #: what cosines were divided by in its training; 0 where that is not known here
    temperature: float = 0.0
    precision: str = "fp32"  #: the reference's
    without_bf16: str = "fp16"  #: the precision on a GPU that has no bf16

    #: what to fetch from the hub
    files: tuple[str, ...] = ("*.json", "*.txt", "*.safetensors")
    #: for a retriever that answers a question in words, the checkpoint of the text
    #: embedder that reads the answer, as ``checkpoint``
    answers: str = ""

    #: the architecture whose tiny checkpoint the tests load through the same code; ""
    #: where there is none
    architecture: str = ""
    #: names of the attributes above that could not be confirmed
    unconfirmed: tuple[str, ...] = ()
    #: what a reader of its numbers should know, and why something is unconfirmed
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
