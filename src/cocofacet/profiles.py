"""What a run computes, as data: the same notebooks serve every profile.

A profile names where the pictures and annotations come from and which retrievers look
at them. Everything else - which figure, which statistic - is the notebooks' own, so
that a number of one profile can be read beside a number of another.
"""

from dataclasses import dataclass, replace

from cocofacet.errors import InputError


@dataclass(frozen=True)
class Profile:
    """One row of the table of profiles.

    ``world`` is the module whose command line writes the pictures and annotations
    (``python -m MODULE write --out DIR``), or None where they must be in place;
    ``fraction`` is how much of it.
    ``unasked`` and ``no_question`` name the two controls that need weights of their
    own: a model never asked about ``unasked_facets``, and one trained on the same
    answers without the questions. Photographs have neither, because there the
    training is not ours.
    """

    name: str
    shown_as: str  # printed on every figure
    dual: str  # a row of retrievers/zoo.py
    promptable: str
    unasked: str | None = None
    unasked_facets: tuple[str, ...] = ()
    no_question: str | None = None
    world: str | None = None
    fraction: float = 1.0
    pixels: str = ""  # the image size, for the line under each number

    @property
    def retrievers(self) -> tuple[str, ...]:
        """All rows of the zoo that the profile loads."""
        named = (self.dual, self.promptable, self.unasked, self.no_question)
        return tuple(name for name in named if name)


MINI = Profile(
    name="mini",
    shown_as="rendered world",
    dual="tiny-clip",
    promptable="tiny-qwen2vl",
    unasked="tiny-qwen2vl-unasked",
    unasked_facets=("times", "materials"),
    no_question="tiny-qwen2vl-noquestion",
    world="facetworld",
    pixels="128 × 128 px",
)
PROFILES = {
    profile.name: profile
    for profile in (
        MINI,
        # Half of the pictures: to see in a minute whether a change runs.
        replace(MINI, name="smoke", fraction=0.5),
    )
}


def profile_named(name: str) -> Profile:
    """The profile of that name; ``InputError`` lists the names there are."""
    if name not in PROFILES:
        raise InputError(
            f"profile: there is no profile {name!r}. Use one of: {', '.join(PROFILES)}."
        )
    return PROFILES[name]
