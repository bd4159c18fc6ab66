"""What the paper claims and shows, where it is tried, and what came of it: only what
was read in its abstract or the released code, or quoted by a second party (`paper`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from pandas.io.formats.style import Styler

from cocofacet import paper
from cocofacet.benchmark import facets
from cocofacet.benchmark.facets import CAPTIONED
from cocofacet.evaluation import seeds
from cocofacet.evaluation.coverage import crossed_coverage
from cocofacet.evaluation.crossed import crossed
from cocofacet.evaluation.statistics import against_others
from cocofacet.report.findings import UNDECIDED, Finding, finding
from cocofacet.report.tables import shown


@dataclass(frozen=True)
class Claim:
    """One claim, table or experiment of the paper."""

    what: str
    where: str
    chapters: tuple[str, ...]  # the notebooks that try it
    known: str = "not known here"  # the published numbers, with their trust marks
    headlines: tuple[str, ...] = ()  # keys of HEADLINES that try it here


def _table_1(*names: str) -> str:
    numbers = {name: paper.TABLE_1[name] for name in names}
    found = (f"{name} {n.value:g} ({n.trust})" for name, n in numbers.items())
    return f"average Recall@5: {'; '.join(found)}"


_VLM2VEC = "VLM2Vec-Phi-3.5-V"
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
        _table_1("CLIP ViT-L/14-336", "SigLIP2"),
        ("imbalance",),
    ),
    Claim(
        "Multimodal language models with larger embeddings struggle, too",
        "abstract; Table 1",
        ("general",),
        _table_1(_VLM2VEC),
        ("imbalance_mllm",),
    ),
    Claim(
        "Promptable embeddings help across query types",
        "abstract",
        ("prompted", "wordings", "controls", "luck"),
        _table_1(_VLM2VEC, _VLM2VEC + paper.PROMPTED),
        ("question_named", "question_unnamed", "own_question"),
    ),
    Claim(
        "They help across base retrievers",
        "abstract",
        ("prompted",),
        headlines=("question", "question_llava"),
    ),
    Claim("They help across image pools", "abstract", ("pools",)),
    Claim(
        "Embedded beforehand under predefined prompts, they gain Recall@5",
        "abstract",
        ("one_pass",),
        str(paper.PREPROCESSED_GAIN),
        ("question_5",),
    ),
    Claim(
        "A linear approximation gains when the prompt comes with the query",
        "abstract",
        ("linear",),
        str(paper.LINEAR_GAIN),
        ("linear_5",),
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


@dataclass(frozen=True)
class Headline:
    """One contrast over training seeds, our wordings and query texts.

    It says that ``retriever`` in ``mode`` has a higher macro Recall@k than in the mode
    ``than``, or than the retriever ``of`` in that mode; on some ``facets`` alone.
    """

    contrast: str
    retriever: str
    mode: str = seeds.PROMPTED
    than: str = seeds.GENERAL
    k: int = 1
    of: str = ""
    facets: Sequence[str] = tuple(facets.FACETS)


ONE_SEED = "1 seed"  # such an interval knows of no other training
_QWEN, _UNASKED = "tiny-qwen2vl", "tiny-qwen2vl-unasked"
# Facets that captions name first, against the others: key -> retriever.
IMBALANCE = {"imbalance": "tiny-clip", "imbalance_mllm": _QWEN}
# The two that `tiny-qwen2vl-unasked` was never asked about.
_NEVER_ASKED = (facets.TIMES.name, facets.MATERIALS.name)
HEADLINES = {
    "question": Headline("the facet's question − no question", _QWEN),
    "question_5": Headline("the facet's question − no question", _QWEN, k=5),
    "question_llava": Headline("the facet's question − no question", "tiny-llava"),
    "own_question": Headline("the facet's question − the others'", _QWEN, than="wrong"),
    "nearest_5": Headline(
        "the question nearest to the text − no question", _QWEN, "nearest", k=5
    ),
    "linear_5": Headline(
        "linear map, K = 100 held out − no question", _QWEN, "linear", k=5
    ),
    "supervision": Headline(
        "asked − trained on the same answers without a question",
        _QWEN,
        of="tiny-qwen2vl-noquestion",
    ),
    "carried_over": Headline(
        "a question never trained − no question", _UNASKED, facets=_NEVER_ASKED
    ),
}
# An average over all facets may hide two effects that cancel: that of the facets that
# captions name, which *general* finds, and that of the others.
_REST = tuple(name for name in facets.FACETS if name not in CAPTIONED)
_HALVES = {"named": CAPTIONED, "unnamed": _REST}
HEADLINES |= {
    f"{key}_{half}": replace(HEADLINES[key], facets=some)
    for key in ("question", "nearest_5", "linear_5")
    for half, some in _HALVES.items()
}
# Even those that captions name do not go together.
HEADLINES |= {
    f"question_{name}": replace(HEADLINES["question"], facets=(name,))
    for name in CAPTIONED
}


def contrasts(hits: pd.DataFrame) -> dict[str, tuple[str, str, pd.DataFrame]]:
    """Key -> what is said, in what, and the hits that the first has more than the
    second; ``hits``: the table of `seeds`."""
    found = {}
    for key, retriever in IMBALANCE.items():
        general = seeds.of_mode(hits, retriever, 5, seeds.GENERAL)
        signed = general.hits * against_others(general.facet, CAPTIONED)
        contrast = f"{', '.join(CAPTIONED)} − the other facets, no question"
        where = f"Recall@5, macro, {retriever}"
        found[key] = contrast, where, general.assign(hits=signed)
    for key, line in HEADLINES.items():
        counts = seeds.ours(seeds.of_mode(hits, line.retriever, line.k, line.mode))
        other = seeds.of_mode(hits, line.of or line.retriever, line.k, line.than)
        both = set(counts.seed) & set(other.seed)
        counts = counts[counts.seed.isin(both) & counts.facet.isin(line.facets)]
        of = "" if len(line.facets) == len(facets.FACETS) else ", ".join(line.facets)
        where = f"Recall@{line.k}, {of or 'macro'}, {line.retriever}"
        found[key] = line.contrast, where, seeds.less(counts, other)
    return found


def headlines(hits: pd.DataFrame) -> dict[str, Finding]:
    """Key -> the contrast with its interval over seeds, wordings and texts."""
    found = {}
    for key, (contrast, where, less) in contrasts(hits).items():
        interval = crossed(less, seeds.FACTORS, within=(-1, 1))
        met = less.seed.nunique()
        parts = [f"{met} seeds" if met > 1 else ONE_SEED]
        if less.wording.any():
            parts.append(f"{less.wording.nunique()} wordings")
        over = " × ".join([*parts, f"{interval.texts} texts"])
        found[key] = finding(contrast, where, interval, over)
    return found


def trust(found: Mapping[str, Finding], hits: pd.DataFrame) -> pd.DataFrame:
    """Each finding: how often such an interval holds the truth (`crossed_coverage`),
    and the claim whose word it decides."""
    holds = {
        key: crossed_coverage(less, seeds.FACTORS)
        for key, (*_, less) in contrasts(hits).items()
    }
    decided = {key: claim.what for claim in CLAIMS for key in claim.headlines}
    rows = {
        f"{each.contrast} ({each.metric})": {
            "draws in a hundred": f"{100 * holds[key]:.0f}",
            "decides the claim": decided.get(key, "none"),
        }
        for key, each in found.items()
    }
    return pd.DataFrame(rows).T.rename_axis("finding")


def verdict(claim: Claim, found: Mapping[str, Finding]) -> str:
    """Of a claim in the rendered world: what all its headlines say, else undecided;
    and whether one of them rests on a single training."""
    tried = [found[key] for key in claim.headlines if key in found]
    if not tried:
        return "see the chapter" if claim.chapters else "not run"
    verdicts = {each.verdict for each in tried}
    word = verdicts.pop() if len(verdicts) == 1 else UNDECIDED
    alone = any(ONE_SEED in each.over.split(" × ") for each in tried)
    return f"{word}, one training" if alone else word


# Profile -> what of photographs it answers, the farthest first.
HOW_FAR = {"full": "run at full scale", "colab": "some facets run"}


def on_photographs(claim: Claim, results: Path) -> str:
    """How far a claim was tried on photographs. ``results`` holds <profile>/<run>/ with
    what each chapter leaves."""
    for profile, words in HOW_FAR.items():
        for chapter in claim.chapters:
            if any(Path(results).glob(f"{profile}/*/{chapter}.*")):
                return words
    return "not run"


def became(found: Mapping[str, Finding], results: Path) -> pd.DataFrame:
    """Every claim: where it stands, its number, what became of it, and its chapters."""
    rows = {
        claim.what: {
            "in the paper": claim.where,
            "published": claim.known,
            "in the rendered world": verdict(claim, found),
            "on photographs": on_photographs(claim, results),
            "chapters": " ".join(claim.chapters),
        }
        for claim in CLAIMS
    }
    return pd.DataFrame(rows).T.rename_axis("claim")


def table(claims: pd.DataFrame) -> Styler:
    """`became`, with a link to each chapter."""
    return shown(claims, "claims", "words").format({"chapters": _links})


def _links(chapters: str) -> str:
    links = (f'<a href="{name}.html">{name}</a>' for name in chapters.split())
    return ", ".join(links) or "none"


def brief(claims: pd.DataFrame) -> Styler:
    """Of `became` the claims of the abstract that can be tried, for the front page."""
    abstract = [c.what for c in CLAIMS if c.headlines and "abstract" in c.where]
    columns = ["published", "in the rendered world", "on photographs"]
    short = ["paper", "here", "photos"]  # a phone's width
    return shown(
        claims.loc[abstract, columns].set_axis(short, axis=1), "verdicts", "words"
    )
