"""Search a folder of photographs: the paper's plan, and its two accelerations.

General vectors are there beforehand; a question is asked when it is needed:

    index     the question was indexed: its vectors are read
    rerank    general vectors find the first pictures, the question orders them
    linear    a few pictures are embedded under the question, a linear map does the rest
    full      every picture is embedded under it, and kept
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd

from cocofacet import parameters
from cocofacet.benchmark.facets import FACETS
from cocofacet.embeddings import linear_map
from cocofacet.embeddings.loader import Work, embed_files
from cocofacet.embeddings.store import embed_texts
from cocofacet.io import InputError
from cocofacet.photos import files, index, make, pieces
from cocofacet.photos.make import one_line
from cocofacet.retrieval import scale
from cocofacet.retrieval.choosing import Nearest
from cocofacet.retrieval.nearest import Term, nearest
from cocofacet.retrievers.base import unit_rows
from cocofacet.retrievers.on_demand import OnDemand

FIRST = 200  # pictures that general vectors find for the question to order
ANCHORS = 100  # pictures that the linear map is fitted on: the paper's K
AUTO = "auto"
HOW = ("rerank", "linear", "full")


_KINDS = {
    "against": parameters.listed(parameters.TEXT, least=0),
    "like": parameters.optional(parameters.PATH),
}


@dataclass(frozen=True)
class Wish:
    """One thing that a picture is to show, or not to.

    text: in words; like: or a picture whose answer is wanted. ask: a facet's name, a
    question, "auto" for the facet whose question is nearest to the text, None for
    none. against: what else a picture might show, for the scale. unwanted: not to.
    """

    text: str = ""
    ask: str | None = None
    against: tuple[str, ...] = ()
    like: Path | None = None
    unwanted: bool = False

    def __str__(self) -> str:
        """As it is shown: “two people”, or not “indoors”."""
        words = f"like {files.shown(self.like)}" if self.like else f"“{self.text}”"
        return f"not {words}" if self.unwanted else words

    @property
    def sign(self) -> int:
        return -1 if self.unwanted else 1

    @property
    def question(self) -> str | None:
        return FACETS[self.ask].question if self.ask in FACETS else self.ask


@dataclass(frozen=True)
class Found:
    """What a search found.

    pictures: best first, columns path (as it is shown), score, share (of the wish that
    it answers worst; NaN where there is no scale) and general (the rank without
    questions; missing far behind). standing_out: how many stand out, which come first;
    None without a scale. files: of the pictures, in their order. general: the ranking
    without questions, best first, as many; columns path, score and asked (the rank
    under the questions; missing far behind). general_files: of these. wishes: with the
    question that was asked. how: by which way each was: "general", "index", or one of
    `HOW`.
    """

    folder: Path
    pictures: pd.DataFrame
    files: tuple[Path, ...]
    standing_out: int | None
    general: pd.DataFrame
    general_files: tuple[Path, ...]
    wishes: tuple[Wish, ...]
    how: tuple[str, ...]


def search(
    folder: Path,
    *wishes: Wish | str,
    ask: str | None = None,
    how: str = "rerank",
    count: int = FIRST,
    retriever: str | object | None = None,
    store: Path | None = None,
    device: str = "cpu",
    precision: str | None = None,
    tell: Callable[[str], object] = print,
) -> Found:
    """Index what is new in a folder, and rank its pictures for one wish or several.

    wishes: texts, asked under ``ask``, or `Wish`. how: one of `HOW`, for questions that
    are not indexed. count: how many pictures to rank at most. Others as in
    `make.index_folder`; ``tell`` is given lines to print.

    Raises:
        InputError: see there, and for a wish that is empty or cannot be asked.
    """
    parameters.check({"count": count}, {"count": parameters.whole(1)})
    asked = _all_checked(wishes, ask, how)
    indexed = partial(
        make.index_folder, folder, retriever, store=store, device=device,
        precision=precision, asking=any(wish.ask for wish in asked), tell=tell,
    )  # fmt: skip
    kept = indexed()
    if retriever is None or isinstance(retriever, str):
        settings = {"device": device, "precision": kept.precision}
        retriever = OnDemand(kept.retriever, kept.place, **settings)
    asked = _chosen(asked, retriever)
    if how == "full" and (new := _not_indexed(asked, kept)):
        kept = indexed(ask=new)
    return _Search(kept, retriever, how, tuple(asked)).found(count)


def answer(
    kept: index.Index, retriever, *wishes: Wish, how: str = "rerank", count: int = FIRST
) -> Found:
    """As `search`, from an index that is open, by the retriever that made it."""
    asked = _chosen(_all_checked(wishes, None, how), retriever)
    return _Search(kept, retriever, how, tuple(asked)).found(count)


def _all_checked(wishes: Sequence[Wish | str], ask: str | None, how: str) -> list[Wish]:
    if how not in HOW:
        raise InputError(f"--how: {how!r}: choose of {', '.join(HOW)}.")
    asked = [_checked(each, ask) for each in wishes]
    if not any(not wish.unwanted for wish in asked):
        raise InputError("text: none. Write what a picture is to show.")
    return asked


def _checked(wish: Wish | str, ask: str | None) -> Wish:
    """A wish with its blanks tidied, or refused."""
    wish = wish if isinstance(wish, Wish) else Wish(wish, ask)
    if isinstance(wish.against, str):
        raise InputError(f"--against: {wish.against!r} is one text. Give a list.")
    parameters.check({name: getattr(wish, name) for name in _KINDS}, _KINDS)
    against = tuple(one_line("--against", each) for each in wish.against)
    if not all(against):
        raise InputError("--against: a text is empty. Write what else there might be.")
    wish = replace(wish, text=one_line("text", wish.text), against=against)
    if wish.ask is not None:
        one_line("--ask", wish.ask)
    if wish.like:
        wish = replace(wish, like=Path(wish.like))
    if bool(wish.text) == bool(wish.like):
        what = "is given beside --like: leave one out" if wish.like else "is empty"
        raise InputError(f"text: {what}. Write what a picture is to show.")
    if wish.ask is not None and not wish.ask.strip():
        raise InputError("--ask: a question is empty. Write one, or a facet's name.")
    if wish.ask == AUTO and wish.like:
        raise InputError("--ask auto: chooses by a text. With --like name a facet.")
    return wish


def _chosen(wishes: Sequence[Wish], retriever) -> list[Wish]:
    """The wishes with "auto" replaced by the facet whose question is nearest."""
    texts = [wish.text for wish in wishes if wish.ask == AUTO]
    if not texts:
        return list(wishes)
    choose = Nearest(retriever.name, retriever.embed_texts, texts)

    def asking(wish: Wish) -> Wish:
        choice = choose(wish.text)  # a facet, or a question about something else
        return replace(
            wish, ask=choice.prompt if choice.prompt in FACETS else choice.shown
        )

    return [asking(wish) if wish.ask == AUTO else wish for wish in wishes]


def _not_indexed(wishes: Sequence[Wish], kept: index.Index) -> list[str]:
    questions = dict.fromkeys(wish.question for wish in wishes)
    return [q for q in questions if q is not None and q not in kept.questions]


@dataclass(frozen=True)
class _Search:
    """One search of an index, by a retriever whose weights may be open."""

    kept: index.Index
    retriever: object
    how: str
    wishes: Sequence[Wish]

    def found(self, count: int) -> Found:
        """Rank; where all that were ranked stand out, twice as many are."""
        most = int((self.kept.vectors(None).rows >= 0).sum())
        while True:
            found = self._found(min(count, most))
            if found.standing_out != len(found.pictures) or self._fixed:
                return found
            if len(found.pictures) == most:
                return found
            count *= 2

    @property
    def _fixed(self) -> bool:
        """Whether general vectors decide which pictures a question orders."""
        return "rerank" in self.ways

    @cached_property
    def ways(self) -> tuple[str, ...]:
        """By which way each wish's question is asked; "general" where there is none."""
        kept = self.kept.questions
        found = []
        for wish in self.wishes:
            asked = "index" if wish.question in kept else self.how
            found.append("general" if wish.question is None else asked)
        return tuple(found)

    @cached_property
    def general(self) -> list[Term]:
        return [
            self._term(None, wish.sign * self._vector(wish, None))
            for wish in self.wishes
        ]

    @cached_property
    def asked(self) -> list[Term]:
        """What to score under the questions; a linear map brings the text to the
        general vectors."""
        terms = []
        for wish, way in zip(self.wishes, self.ways, strict=True):
            vector = wish.sign * self._vector(wish, wish.question)
            if way == "linear":
                (mapped,) = self._map(wish.question).queries(vector[None])
                terms.append(self._term(None, mapped))
            else:
                terms.append(self._term(wish.question, vector))
        return terms

    def _found(self, count: int) -> Found:
        most = FIRST if self._fixed else 10 * count
        first, alike = nearest(self.general, most)
        ranks = {picture: rank for rank, picture in enumerate(first, 1)}
        chosen = first if self._fixed else nearest(self.asked, count)[0]
        scores, shares = np.zeros(len(chosen)), []
        for wish, way in zip(self.wishes, self.ways, strict=True):
            vectors = self._vectors(chosen, wish.question, way)
            text = self._vector(wish, wish.question)
            scores += wish.sign * (vectors @ text)
            shares.append(self._shares(wish, vectors, text))
        known = all(share is not None for share in shares)
        share = np.min(shares, axis=0) if known else np.full(len(chosen), np.nan)
        stands = share >= scale.STANDS_OUT
        order = np.lexsort((chosen, -scores, ~stands))
        places = {chosen[n]: place for place, n in enumerate(order, 1)}
        order = order[:count]
        best, first = chosen[order], first[:count]
        pictures = self._listed(best, score=scores[order], share=share[order])
        pictures["general"] = pd.array([ranks.get(n) for n in best], "Int64")
        general = self._listed(first, score=alike[:count])
        general["asked"] = pd.array([places.get(n) for n in first], "Int64")
        return Found(
            folder=self.kept.folder,
            pictures=pictures,
            files=tuple(self._paths(best)),
            standing_out=int(stands.sum()) if known else None,
            general=general,
            general_files=tuple(self._paths(first)),
            wishes=tuple(self.wishes),
            how=self.ways,
        )

    def _listed(self, pictures: np.ndarray, **columns: np.ndarray) -> pd.DataFrame:
        paths = [files.shown(self.kept.paths[n]) for n in pictures]
        return pd.DataFrame({"path": paths} | columns)

    def _term(self, question: str | None, vector: np.ndarray) -> Term:
        kept = self.kept.vectors(question)
        return Term(kept.segments, vector, kept.rows)

    def _vector(self, wish: Wish, question: str | None) -> np.ndarray:
        """What pictures are compared with: (D,) float64."""
        if wish.like:
            if why := pieces.cannot(wish.like):
                raise InputError(f"{files.shown(wish.like)}: image: {why}.")
            (found,) = self._embedded([wish.like], question)
        else:
            (found,) = self._texts([wish.text])
        return found

    def _texts(self, texts: Sequence[str]) -> np.ndarray:
        """(n, D) float64, from the index's folder or into it."""
        found = embed_texts(self.retriever, texts, self.kept.place / "texts")
        return unit_rows(np.asarray(found, np.float64), "texts")

    def _vectors(self, pictures: np.ndarray, question: str | None, way: str):
        """The chosen pictures under a question: (n, D) float64, unit rows; NaN for
        one that cannot be opened any more."""
        if way in ("general", "index", "full"):
            return self.kept.vectors(question).take(pictures).astype(np.float64)
        if way == "linear":
            general = self.kept.vectors(None).take(pictures)
            mapped = self._map(question).images(general)
            return mapped / np.linalg.norm(mapped, axis=1, keepdims=True)
        return self._embedded(self._paths(pictures), question)

    def _paths(self, pictures: np.ndarray) -> list[Path]:
        return [files.path_of(self.kept.folder, self.kept.paths[n]) for n in pictures]

    @cache  # noqa: B019 (a search ends with its process or its answer)
    def _map(self, question: str) -> linear_map.LinearMap:
        """Fitted on the first pictures by their sha256: the same ones every time."""
        kept = self.kept.vectors(None)
        there = np.flatnonzero(kept.rows >= 0)
        order = np.lexsort(self.kept.sha256[there].T[::-1])
        anchors = there[order][:ANCHORS]
        prompted = self._embedded(self._paths(anchors), question)
        good = np.isfinite(prompted).all(axis=1)
        general = kept.take(anchors[good]).astype(np.float64)
        return linear_map.ridge(linear_map.Anchors(general), prompted[good])

    def _embedded(self, paths: Sequence[Path], question: str | None) -> np.ndarray:
        """Pictures under a question, now: (n, D) float64; NaN for one that cannot be
        opened."""
        bad = {path for path in paths if pieces.cannot(path)}
        good = tuple(path for path in paths if path not in bad)
        found = np.full((len(paths), self.retriever.dim), np.nan)
        if good:
            works = [Work(good, (question,))]
            ((vectors,),) = embed_files(self.retriever, works)
            found[[path not in bad for path in paths]] = vectors
        return found

    def _shares(self, wish: Wish, vectors: np.ndarray, text: np.ndarray):
        """How far each picture answers a wish, (n,) from 0 to 1; None without a scale:
        no alternatives, or a temperature that is not known."""
        row = getattr(self.retriever, "row", None)
        others, temperature = alternatives(wish), getattr(row, "temperature", 0)
        if not others or not temperature:
            return None
        share = scale.shares(vectors, text, self._texts(others), temperature)
        return 1 - share if wish.unwanted else share


def alternatives(wish: Wish) -> list[str]:
    """What else a picture might show: what is named, or for a facet with a closed list
    of labels the texts of all labels of all facets, as released."""
    if wish.against:
        return list(wish.against)
    if wish.ask not in FACETS or FACETS[wish.ask].labels is None:
        return []
    return scale.label_texts()
