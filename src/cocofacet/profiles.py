"""What a run computes, as data: which pictures, and which retrievers look at them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from cocofacet import parameters
from cocofacet.benchmark.facets import ANIMALS, FACETS, GESTURES, MATERIALS, TIMES
from cocofacet.escape import print_plain as print  # all of this file
from cocofacet.io import InputError
from cocofacet.retrievers.zoo import ROWS

# What a field may be: by its name, else by the type of its default.
_BOUNDED = {
    "longest": parameters.whole(1),
    "low_side": parameters.whole(1),
    "fraction": parameters.number(1),
    "max_images": parameters.whole(0),
    "anchors": parameters.whole(1),
    "workers": parameters.whole(-1),
}
_BY_TYPE = {
    tuple: parameters.listed(parameters.TEXT, least=0),
    str: parameters.TEXT,
    bool: parameters.FLAG,
    dict: parameters.TEXTS,
}


@dataclass(frozen=True)
class Profile:
    """One row of the table of profiles. Any field can be changed for a run."""

    name: str  #: a folder below data/ and results/
    shown_as: str  #: what the pictures are, printed on every figure
    pixels: str  #: the image size, for the line under each number
    #: Rows of the zoo; a chapter that needs one dual encoder, or one retriever that
    #: takes a prompt, takes the first.
    duals: tuple[str, ...]
    promptables: tuple[str, ...]
    answerer: str = ""  #: answers a question in words, for the text-based baseline
    #: Tokens of an answer at most, and pixels of the small picture that is also asked:
    #: by default those of the released script, which makes 128 of the model's 336.
    longest: int = 100
    low_side: int = 128
    #: Two controls, where the training is ours: a model never asked about two facets,
    #: and one trained on the same answers without the questions.
    unasked: str = ""
    unasked_facets: tuple[str, ...] = ()
    no_question: str = ""
    #: What writes pictures and annotations (`python -m MODULE write --out DIR`), in
    #: which drawing style, how much of it; "" where they are official files.
    world: str = ""
    style: str = "flat"
    fraction: float = 1.0
    pools: tuple[str, ...] = ()  #: further ones: drawing styles, or keys of IMAGE_POOLS
    folder: str = "coco"  #: below data/: where annotations and images lie
    fetch: tuple[str, ...] = ()  #: what `cocofacet fetch` brings there if it is missing
    released: bool = False  #: the authors' query files where they are there
    facets: tuple[str, ...] = ()  #: to build; all of them where empty
    max_images: int = 0  #: the most that may serve, by their names' hashes; 0 for all
    anchors: int = 1000  #: the most held out, where the world does not say
    #: Whether all is embedded before the first notebook (`cocofacet embed --profile`).
    ahead: bool = False
    device: str = "cpu"  #: cpu, cuda, cuda:1, mps
    workers: int = -1  #: processes that prepare pictures; -1: what the device can use
    precision: str = ""  #: fp32, bf16 or fp16; "" for each retriever's own
    #: Retriever -> folder of weights to take instead of the zoo's; "NAME.base" and
    #: "NAME.text" are for the base that an adapter is merged into and for the text
    #: embedder that reads answers.
    checkpoints: Mapping[str, str] = field(default_factory=dict)

    @property
    def dual(self) -> str:
        return first(self.duals, "dual encoder")

    @property
    def promptable(self) -> str:
        return first(self.promptables, "retriever that takes a prompt")

    def without(self, retrievers: Collection[str]) -> "Profile":
        """The profile without some of its retrievers, as where these failed."""
        kept = {
            kind: tuple(n for n in getattr(self, kind) if n not in retrievers)
            for kind in ("duals", "promptables")
        }
        answerer = "" if self.answerer in retrievers else self.answerer
        return replace(self, **kept, answerer=answerer)

    @property
    def retrievers(self) -> tuple[str, ...]:
        """All rows of the zoo that the profile loads."""
        named = (*self.duals, *self.promptables, self.unasked, self.no_question)
        return tuple(name for name in (*named, self.answerer) if name)

    @property
    def changes(self) -> dict[str, object]:
        """The fields that differ from the profile of this name, as `changed` takes
        them."""
        named = profile_named(self.name)
        pairs = {name: getattr(self, name) for name in CHANGEABLE}
        return {n: value for n, value in pairs.items() if value != getattr(named, n)}

    def changed(self, changes: Mapping[str, object]) -> "Profile":
        """The profile with some fields changed; a list may be text with commas
        ("e5-v,mmret"). Raises ``InputError`` for a field that there is not and for a
        value of another type."""
        made = {}
        for name, value in changes.items():
            if name not in CHANGEABLE:
                raise InputError(
                    f"changes: {name!r} is no field of a profile. There are: "
                    f"{', '.join(CHANGEABLE)}."
                )
            default = getattr(self, name)
            if isinstance(default, tuple) and isinstance(value, str):
                value = [part.strip() for part in value.split(",") if part.strip()]
            what = f"changes: {name}"
            kind = _BOUNDED.get(name) or _BY_TYPE[type(default)]
            parameters.check({what: value}, {what: kind})
            if isinstance(default, tuple | float):
                value = type(default)(value)
            made[name] = value
        profile = replace(self, **made)
        facets = {*profile.facets, *profile.unasked_facets}
        if strange := sorted(facets - FACETS.keys()):
            known = ", ".join(FACETS)
            raise InputError(f"changes: no facet {strange[0]!r}. Choose from {known}.")
        weights = (name.removesuffix(".base") for name in profile.checkpoints)
        named = {*profile.retrievers, *(n.removesuffix(".text") for n in weights)}
        unknown = sorted(named - ROWS.keys())
        if unknown or not profile.duals or not profile.promptables:
            raise InputError(
                "changes: duals, promptables: "
                + (f"no retriever {unknown[0]!r}" if unknown else "one each is needed")
                + ". `cocofacet retrievers` lists them."
            )
        return profile


def first(names: Sequence[str], what: str) -> str:
    """The first of the names. Where there is none, a notebook ends here, and well."""
    if not names:
        print(f"Nothing to show: this run has no {what}.")
        raise SystemExit
    return names[0]


CHANGEABLE = tuple(f.name for f in fields(Profile) if f.name != "name")

MINI = Profile(
    name="mini",
    shown_as="rendered world",
    pixels="128 × 128 px",
    duals=("tiny-clip",),
    promptables=("tiny-qwen2vl", "tiny-llava"),
    answerer="tiny-answers",
    longest=16,
    low_side=48,
    unasked="tiny-qwen2vl-unasked",
    unasked_facets=(TIMES.name, MATERIALS.name),
    no_question="tiny-qwen2vl-noquestion",
    world="facetworld",
    pools=("ink",),
    folder="world",
)
PROFILES = {
    profile.name: profile
    for profile in (
        MINI,
        # Half of the pictures: to see whether a change runs.
        replace(MINI, name="smoke", fraction=0.5),
        Profile(
            name="colab",
            shown_as="COCO val2017",
            pixels="photographs as they are",
            duals=("clip-vit-l-14-336",),
            promptables=("vlm2vec-qwen2vl-2b",),
            fetch=("coco-val2017", "annotations"),
            facets=(ANIMALS.name, GESTURES.name),
            max_images=2000,
            device="cuda",
            precision="fp16",
            ahead=True,
        ),
        Profile(
            name="full",
            shown_as="COCO, Visual7W, VisDial",
            pixels="photographs as they are",
            duals=(
                "clip-vit-l-14-336",
                "eva02-clip-l-14-336",
                "siglip-so400m-384",
                "siglip2-so400m-384",
                "blip2-itm",
            ),
            promptables=(
                "vlm2vec-phi-3.5-v",
                "vlm2vec-qwen2vl-7b",
                "vlm2vec-qwen2vl-2b",
                "vlm2vec-llava-next",
                "vlm2vec-v2.0",
                "e5-v",
                "qwen3-vl-embedding-2b",
                "qwen3-vl-embedding-8b",
                "embeddinggemma-2",
                "gme-qwen2-vl-2b",
                "gme-qwen2-vl-7b",
                "ops-mm-embedding-v1-2b",
                "ops-mm-embedding-v1-7b",
                "llave-0.5b",
                "llave-2b",
                "llave-7b",
                "mm-embed",
                "mmret",
            ),
            answerer="answer-llava-1.5-7b",
            pools=("sun397", "places365", "country211"),
            fetch=(
                *("coco-val2017", "annotations", "visual7w", "visdial"),
                *("coco-facet", "pools"),
            ),
            released=True,
            anchors=5400,  # K/d = 1.5 at d = 3,584
            device="cuda",
            ahead=True,
        ),
    )
}


def profile_named(name: str) -> Profile:
    """The profile of that name; ``InputError`` lists the names there are."""
    if name not in PROFILES:
        raise InputError(
            f"profile: there is no profile {name!r}. Use one of: {', '.join(PROFILES)}."
        )
    return PROFILES[name]
