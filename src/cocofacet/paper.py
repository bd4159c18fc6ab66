"""What the paper and its authors published. Each number carries how far it can be
trusted; what is missing was not available here, and none is filled in from memory."""

from dataclasses import dataclass

TRUST = {
    "E": "read in the paper's abstract or in the authors' released code",
    "S": "quoted by a second party from the paper's Table 1",
    "C": "computed from the authors' released files",
}


@dataclass(frozen=True)
class Published:
    """One published number. ``value`` is None where it is unknown here."""

    what: str
    value: float | None
    unit: str
    trust: str  # a key of TRUST

    def __str__(self) -> str:
        if self.value is None:
            return "not known here"
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
