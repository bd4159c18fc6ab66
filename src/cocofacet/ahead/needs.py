"""What each notebook has embedded: by which retriever, which pictures and texts, under
which prompts.

`NOTEBOOKS` is the one place that says it. What is forgotten here makes a notebook open
weights, which a test forbids.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cocofacet.benchmark.facets import FACETS
from cocofacet.chapters import answers, several, wordings
from cocofacet.evaluation.ranking import prompt_modes, prompts_of
from cocofacet.io import InputError
from cocofacet.profiles import Profile
from cocofacet.retrieval.choosing import PROMPTS
from cocofacet.retrieval.combine import long_question, texts_of
from cocofacet.retrieval.scale import label_texts
from cocofacet.retrievers.zoo import ROWS
from cocofacet.workspace import Workspace

GALLERY, ANCHORS = "gallery", "anchors"
BOTH = (GALLERY, ANCHORS)
Texts = Iterable[list[str]]  # sets, each of them embedded as a whole


def queries(workspace: Workspace) -> Texts:
    """The texts of the queries: of the released and of the rebuilt benchmark."""
    for each in (workspace, *workspace.others):
        yield [query.text for query in each.benchmark.queries]


@dataclass(frozen=True)
class Need:
    """What one notebook asks of one retriever.

    pictures: `GALLERY`, `ANCHORS` or both. texts: from the workspace whose pictures
    these are. options: of `Workspace.retriever`. pool: other pictures, by their name in
    `Workspace.pool`. heard: how many pictures of each facet are answered in words.
    """

    retriever: str
    prompts: Iterable[str | None] = (None,)
    pictures: tuple[str, ...] = (GALLERY,)
    texts: Callable[[Workspace], Texts] = queries
    options: Mapping[str, object] = field(default_factory=dict)
    pool: str = ""
    heard: int = 0


@dataclass(frozen=True)
class Run:
    """A run as its notebooks see it. questions: facet -> question, of its benchmarks;
    of the profile's facets where these are not there yet. labelled: the facets of the
    benchmark that knows its pictures' labels."""

    workspace: Workspace
    questions: Mapping[str, str]
    labelled: tuple[str, ...]

    @classmethod
    def of(cls, workspace: Workspace) -> "Run":
        """Raises InputError where the benchmark cannot be had."""
        both = (*workspace.others, workspace)
        asked = {name: text for each in both for name, text in each.questions.items()}
        return cls(workspace, asked, both[0].benchmark.facets)

    @property
    def profile(self) -> Profile:
        return self.workspace.profile

    @property
    def plain(self) -> tuple[str | None, ...]:
        """No prompt, and each facet's question."""
        return (None, *self.questions.values())

    @property
    def modes(self) -> tuple[str | None, ...]:
        """The prompts of all modes: the bare instruction, too."""
        return prompts_of(prompt_modes(self.questions))

    @cached_property
    def pools(self) -> dict[str, Workspace]:
        """The profile's other pools that can be had, and the captions."""
        found = {}
        for name in (*self.profile.pools, "captions"):
            pool = self.workspace.pool(name)
            try:
                if pool.benchmark.queries:
                    found[name] = pool
            except InputError:  # the notebook says which and why
                continue
        return found

    def where(self, pool: str) -> Workspace:
        """The workspace of a pool's pictures; of the run's own for ""."""
        return self.pools[pool] if pool else self.workspace

    def promptable(self, prompts: Iterable[str | None], **more) -> Need:
        """A need of the profile's first promptable retriever."""
        return Need(self.profile.promptable, prompts, **more)


def _plain(run: Run) -> Iterator[Need]:
    yield run.promptable(run.plain)


def _modes(run: Run) -> Iterator[Need]:
    yield run.promptable(run.modes)


def _your_photos(run: Run) -> Iterator[Need]:
    if run.profile.world:  # elsewhere it says that there is no truth, and ends
        yield run.promptable(run.plain)
        yield run.promptable((), texts=lambda workspace: [label_texts()])


def _general(run: Run) -> Iterator[Need]:
    for name in (*run.profile.duals, *run.profile.promptables):
        yield Need(name)


def _wordings(run: Run) -> Iterator[Need]:
    def asked(workspace: Workspace) -> Texts:
        yield wordings.with_questions(workspace.benchmark, run.questions)

    human = {facet: FACETS[facet].human_question for facet in run.questions}
    yield run.promptable(prompts_of(wordings.ways(run.questions, human)))
    yield run.promptable((), texts=asked)
    if spaced := wordings.respaced(ROWS[run.profile.promptable]):
        prompts = prompts_of(prompt_modes(run.questions, ("general", "bare")))
        yield run.promptable(prompts, options=spaced)


def _controls(run: Run) -> Iterator[Need]:
    # A run without controls of its own shows the small world's, whose checkpoints come
    # with the package.
    if run.profile.unasked:
        yield run.promptable(run.plain)
        yield Need(run.profile.unasked, run.plain)
        yield Need(run.profile.no_question)


def _choosing(run: Run) -> Iterator[Need]:
    names = [*PROMPTS.values()]
    yield run.promptable((*run.plain, *names))
    yield run.promptable((), texts=lambda workspace: [names])


def _linear(run: Run) -> Iterator[Need]:
    yield run.promptable(run.plain, pictures=BOTH)
    yield Need(run.profile.dual, pictures=BOTH)


def _answers(run: Run) -> Iterator[Need]:
    asked = {
        "answered": {"prompts": run.plain, "heard": answers.HEARD},
        "answered-low": {"prompts": run.plain[1:]},
        "answered-raw": {"prompts": ()},  # another query, and the same picture
    }
    if run.profile.answerer:
        for way, options in answers.ways(run.profile).items():
            yield Need(run.profile.answerer, options=options, **asked[way])
        yield run.promptable(run.plain)


def _pools(run: Run) -> Iterator[Need]:
    for name in run.profile.promptables:
        yield Need(name, run.plain)
        for pool, there in run.pools.items():
            prompts = there.questions.values()
            if pool == "captions":  # asked for none of the facets
                prompts = run.questions.values()
            yield Need(name, (None, *prompts), pool=pool)


def _why(run: Run) -> Iterator[Need]:
    yield run.promptable(run.plain, pictures=BOTH)
    yield Need(run.profile.dual)


def _gallery(run: Run) -> Iterator[Need]:
    yield run.promptable(run.plain)
    yield Need(run.profile.dual)


def _several(run: Run) -> Iterator[Need]:
    def asked(workspace: Workspace) -> Texts:
        known = (*workspace.others, workspace)[0]
        for combined in (
            several.asked_in(known).values() if known.benchmark.labels else ()
        ):
            for lists in texts_of(several.parts_of(combined)).values():
                yield from lists

    try:
        sets = several.facet_sets(run.labelled, several.TOGETHER)
    except InputError:  # the notebook says it: there is one facet alone
        return
    longs = [long_question(run.questions, facets) for facets in sets]
    yield run.promptable((*run.plain, *longs), texts=asked)


def _rerank(run: Run) -> Iterator[Need]:
    yield run.promptable(run.plain, pictures=BOTH)


def _explorer(run: Run) -> Iterator[Need]:
    yield run.promptable(run.modes)
    yield Need(run.profile.dual)


NOTEBOOKS: dict[str, Callable[[Run], Iterator[Need]]] = {
    "your_photos": _your_photos,
    "general": _general,
    "prompted": _modes,
    "wordings": _wordings,
    "controls": _controls,
    "one_pass": _plain,  # beside what it measures
    "choosing": _choosing,
    "linear": _linear,
    "answers": _answers,
    "pools": _pools,
    "luck": _plain,
    "why": _why,
    "gallery": _gallery,
    "several": _several,
    "rerank": _rerank,
    "explorer": _explorer,
}


def needs(run: Run) -> list[Need]:
    """What all notebooks have embedded, as each of them asks for it."""
    return [need for notebook in NOTEBOOKS.values() for need in notebook(run)]
