"""What the paper and its authors published. Each number carries how far it can be
trusted; what is missing was not available here, and none is filled in from memory."""

from dataclasses import dataclass

TRUST = {
    "E": "read in the paper's abstract or in the authors' released code",
    "S": "quoted by a second party from the paper's Table 1",
    "C": "computed from the authors' released files",
    "O": "read in what the authors of other models released, on another benchmark",
}


@dataclass(frozen=True)
class Published:
    """One published number."""

    what: str
    value: float
    unit: str
    trust: str  # a key of TRUST

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit} ({self.trust})"


QUERIES = Published("queries of COCO-Facet", 9112, "queries", "E")
DISTINCT_TEXTS = Published("distinct query texts", 263, "texts", "C")
PREPROCESSED_GAIN = Published(
    "Recall@5 gained by pre-processed promptable embeddings", 15, "%", "E"
)
LINEAR_GAIN = Published("Recall@5 gained by the linear approximation", 8, "%", "E")

# Table 1, average Recall@5. Whether the average is over facets or over queries is not
# known here.
TABLE_1 = {
    name: Published(f"average Recall@5, {name}", value, "%", "S")
    for name, value in (
        ("CLIP ViT-L/14-336", 47.0),
        ("SigLIP2", 52.6),
        ("VLM2Vec-Phi-3.5-V", 58.9),
        ("VLM2Vec-Phi-3.5-V with GPT-written prompts", 75.5),
    )
}

# The paper's retrievers as far as they are known here -> the row of the zoo; of several
# sizes, which ones its table holds is not known.
RETRIEVERS = {
    "CLIP ViT-L/14-336": "clip-vit-l-14-336",
    "EVA-CLIP": "eva02-clip-l-14-336",
    "SigLIP": "siglip-so400m-384",
    "SigLIP2": "siglip2-so400m-384",
    "BLIP-2": "blip2-itm",
    "E5-V": "e5-v",
    "MM-Embed": "mm-embed",
    "MMRet": "mmret",
    "LLaVE-0.5B": "llave-0.5b",
    "LLaVE-2B": "llave-2b",
    "LLaVE-7B": "llave-7b",
    "VLM2Vec-Phi-3.5-V": "vlm2vec-phi-3.5-v",
    "VLM2Vec-LLaVA-NeXT": "vlm2vec-llava-next",
    "VLM2Vec-Qwen2VL-2B": "vlm2vec-qwen2vl-2b",
    "VLM2Vec-Qwen2VL-7B": "vlm2vec-qwen2vl-7b",
}
PROMPTED = " with GPT-written prompts"  # after a name in `TABLE_1`

# MMEB hit@1 in percent as VLM2Vec's authors publish them (their repository's
# experiments/public/all_scores/v2.0.1); neither the paper's nor of COCO-Facet. They
# tell whether weights were loaded rightly. Task -> row of the zoo -> value.
MMEB = {
    task: {
        row: Published(f"MMEB hit@1 on {task}, {row}", value, "%", "O")
        for row, value in values.items()
    }
    for task, values in {
        "SUN397": {
            "vlm2vec-qwen2vl-2b": 73.7,
            "vlm2vec-qwen2vl-7b": 77.3,
            "vlm2vec-v2.0": 70.9,
            "gme-qwen2-vl-2b": 67.0,
        },
        "Place365": {
            "vlm2vec-qwen2vl-2b": 35.0,
            "vlm2vec-qwen2vl-7b": 37.2,
            "vlm2vec-v2.0": 36.1,
            "gme-qwen2-vl-2b": 36.1,
        },
        "Country211": {
            "vlm2vec-qwen2vl-2b": 21.7,
            "vlm2vec-qwen2vl-7b": 30.2,
            "vlm2vec-v2.0": 25.8,
            "gme-qwen2-vl-2b": 26.4,
        },
    }.items()
}

# GPT-4o's choice among ten prompts from a query's text alone, recomputed from the
# authors' released answers (trust C): facet -> (right, of), counted over distinct
# texts. Right is the facet's own GPT-written question.
GPT4O_CHOICES = {
    "objects": (68, 69),
    "animals": (10, 10),
    "gestures": (5, 8),
    "scenes": (117, 140),
    "times": (7, 7),
    "people": (12, 12),
    "weathers": (12, 12),
    "materials": (5, 5),
}
GPT4O_SCENES_BY_QUERY = (149, 172)  # the same, each text as often as it is asked
