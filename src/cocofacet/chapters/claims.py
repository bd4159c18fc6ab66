"""What the paper claims and shows, and where it is tried: only what was read in its
abstract or the released code, or quoted by a second party (see `paper`)."""

from dataclasses import dataclass
from pathlib import Path

from cocofacet import paper


@dataclass(frozen=True)
class Claim:
    """One claim, table or experiment of the paper."""

    what: str
    where: str
    chapters: tuple[str, ...]  # the notebooks that try it
    known: str = "not known here"  # the published numbers, with their trust marks


_TABLE = "; ".join(
    f"{name} {number.value:g} ({number.trust})"
    for name, number in paper.TABLE_1.items()
)
CLAIMS = (
    Claim(
        "A benchmark of attribute-focused queries over eight facets",
        "abstract",
        ("benchmark",),
        f"{paper.QUERIES}; {paper.DISTINCT_TEXTS}",
    ),
    Claim(
        "CLIP-like retrievers are poor and imbalanced on such queries",
        "abstract; Table 1",
        ("general",),
        f"average Recall@5: {_TABLE}",
    ),
    Claim(
        "Multimodal language models with larger embeddings struggle, too",
        "abstract; Table 1",
        ("general",),
    ),
    Claim(
        "Promptable embeddings help across query types",
        "abstract",
        ("prompted", "wordings", "controls", "luck"),
    ),
    Claim("They help across image pools and base retrievers", "abstract", ("pools",)),
    Claim(
        "Embedded beforehand under predefined prompts, they gain Recall@5",
        "abstract",
        ("one_pass",),
        str(paper.PREPROCESSED_GAIN),
    ),
    Claim(
        "A linear approximation gains when the prompt comes with the query",
        "abstract",
        ("linear",),
        str(paper.LINEAR_GAIN),
    ),
    Claim(
        "GPT-4o chooses the prompt from the query's text",
        "released code and answers",
        ("choosing",),
        "right on 236 of 263 query texts (C)",
    ),
    Claim(
        "Human-written prompts beside GPT-written ones", "released code", ("wordings",)
    ),
    Claim(
        "A text-based baseline: answer the question in words, embed the answer",
        "released code",
        ("answers",),
    ),
    Claim("A control that asks for whole captions", "released files", ("pools",)),
    Claim("All other tables and figures of the paper", "the paper", ()),
)


# Profile -> how far that is, the farthest first; all others render their pictures.
_RUN = {
    "full": "run at full scale",
    "colab": "run on photographs of some facets only",
    "mini": "run in the rendered world only",
    "smoke": "run in the rendered world only",
}


def status(claim: Claim, results: Path) -> str:
    """How far a claim was tried: at full scale, on some photographs, in the rendered
    world, or not. ``results`` holds <profile>/<run>/ with what each chapter leaves."""
    run_in = {
        path.relative_to(results).parts[0]
        for chapter in claim.chapters
        for path in Path(results).glob(f"*/*/{chapter}.*")
    }
    for profile, words in _RUN.items():
        if profile in run_in:
            return words
    return "not run"
