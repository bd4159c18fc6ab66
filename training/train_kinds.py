"""Train the models of the study on kinds of question: a shared part, then arms.

What is compared and why is written down in `studies/kinds.py`. Everything random in a
step comes from the seed, the phase and the step, so that a training that was stopped
goes on as if it had not been, and every arm sees the same pictures in the same order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from facetworld.scene import Scene
from training import kinds, language, tiny_mllm, tiny_qwen
from training.batches import Strings, passes, picture_rows, pooled, text_rows
from training.captions import RATES, coco_like
from training.language import FACETS, finish, varied_question
from training.objective import both_ways
from training.optimise import optimise
from training.train_clip import true_of
from training.train_warmup import targets_of

CAPTION_RATES = dict.fromkeys(RATES, 0.3)
ONE_THING = 0.5  # share of the contrast's captions that say one thing of a picture
BATCH, WRITE_BATCH = 128, 64
SCALE = 20.0  # 1 / temperature
KINDS_A_STEP = 8  # so that answers to one question meet in a batch
QUESTIONS_A_PICTURE = 2
# Tokens of a row beside the picture's, templates and two questions included: with a
# caption and answers, and without.
WRITTEN_LENGTH, ASKED_LENGTH = 100, 54
TEXT_LENGTH = 32
# Phase -> steps and learning rate; its place seeds its random numbers.
PHASES = {
    "tower": (1500, 1.5e-3),
    "write": (600, 1.5e-3),
    "captions": (1500, 7e-4),
    "answers": (300, 7e-4),
    "contrast": (700, 5e-4),
}


@dataclass(frozen=True)
class Pictures:
    """N scenes with their pictures (N, 128, 128, 3) uint8, and every label of each:
    kind or facet -> label."""

    scenes: Sequence[Scene]
    pictures: np.ndarray
    labels: Sequence[dict[str, str]]


def all_labels_of(scene: Scene, drawn: dict) -> dict[str, str]:
    facets = {f: x for f, x in language.labels_of(scene).items() if x is not None}
    return facets | kinds.labels_of(scene, drawn)


def question(name: str, rng: np.random.Generator) -> str:
    """One way to ask for a kind or, in the ceiling arm, a facet."""
    return varied_question(name, rng) if name in FACETS else kinds.question(name, rng)


def answer(name: str, label: str, rng: np.random.Generator) -> str:
    said = language.answer if name in FACETS else kinds.answer
    return finish(said(name, label, rng), rng)


@dataclass
class Training:
    """A model in training: where its states are kept, and what it learns from."""

    model: torch.nn.Module
    tokenizer: object
    train: Pictures
    seed: int
    folder: Path
    steps: dict[str, int] = field(default_factory=dict)  # fewer, for a trial
    compiled: bool = True
    one_thing: float = ONE_THING

    def __post_init__(self):
        self.strings = Strings(tiny_qwen, self.tokenizer)
        self.look, self.read = passes(tiny_qwen, self.compiled)

    def run(self, phase: str, loss_of: Callable, batch: int, more=()) -> list[dict]:
        """Run one phase to its end, or on to its end; returns its log.

        `loss_of` takes the step's generator and the places of its pictures.
        """
        steps, rate = PHASES[phase]
        place = list(PHASES).index(phase)
        size = min(batch, len(self.train.scenes))

        def loss_at(step: int) -> torch.Tensor:
            rng = np.random.default_rng([self.seed, place, step])
            chosen = np.sort(rng.choice(len(self.train.scenes), size, replace=False))
            return loss_of(rng, chosen)

        kept = self.folder / f"{phase}.safetensors"
        return optimise(
            [*self.model.parameters(), *more],
            loss_at,
            self.steps.get(phase, steps),
            rate,
            measure_every=50,
            name=phase,
            kept=kept,
        )

    def states(self, packed, chosen=None) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            if chosen is None:
                return self.read(self.model, packed)
            tokens = self.look(self.model, self.train.pictures[chosen])
            return self.read(self.model, packed, tokens)

    def texts(self, texts: list[str]) -> torch.Tensor:
        """Texts -> unit rows (T, D)."""
        packed = text_rows(texts, self.strings, TEXT_LENGTH)
        return pooled(self.states(packed), packed.ends)[:, 0]

    def captions(self, rng, chosen, short=0.0) -> tuple[list[str], list[dict]]:
        """A caption for each picture, and the labels that it names. A share `short` of
        them says one thing alone."""
        made = []
        for scene in (self.train.scenes[i] for i in chosen):
            # Where none is short nothing is drawn for it: the phases before the
            # contrast keep the random numbers of the first try.
            brief = short and rng.random() < short
            say = one_thing if brief else partial(coco_like, rates=CAPTION_RATES)
            made.append(say(scene, rng))
        captions, named = zip(*made, strict=True)
        return [finish(caption, rng) for caption in captions], list(named)


def one_thing(scene: Scene, rng: np.random.Generator) -> tuple[str, dict]:
    """A sentence on one facet of a scene, and the label that it names. The subject
    alone can't tell which picture it goes with."""
    have = {f: x for f, x in language.labels_of(scene).items() if x is not None}
    facet = language.pick(rng, list(have))
    return language.answer(facet, have[facet], rng), {facet: have[facet]}


def shared(training: Training) -> dict[str, list[dict]]:
    """The part before the arms; of the facets it sees captions and sentences alone.

    tower: the mean image token names the words of a caption, as a bag of words. write:
    the whole model writes captions. captions: contrast of pictures and captions, and
    of two wordings of each facet's labels. Returns the logs.
    """
    return {
        "tower": _tower(training),
        "write": training.run("write", _writing(training, ()), WRITE_BATCH),
        "captions": training.run("captions", _matching(training, ()), BATCH),
    }


def arm(training: Training, asked: Sequence[str]) -> dict[str, list[dict]]:
    """From the shared part on, asking the kinds `asked`; returns the logs.

    answers: the model writes captions and answers. contrast: captions as before, and
    answers under their questions.
    """
    return {
        "answers": training.run("answers", _writing(training, asked), WRITE_BATCH),
        "contrast": training.run("contrast", _matching(training, asked), BATCH),
    }


def _tower(training: Training) -> list[dict]:
    words = len(training.tokenizer)
    with torch.random.fork_rng():
        torch.manual_seed(training.seed)
        head = torch.nn.Linear(training.model.config.text_config.hidden_size, words)
    torch.nn.init.constant_(head.bias, -5.0)  # few words are said of a picture

    def loss_of(rng, chosen):
        target = torch.zeros(len(chosen), words)
        for row, caption in enumerate(training.captions(rng, chosen)[0]):
            target[row, training.strings.ids(" " + caption)] = 1
        with torch.autocast("cpu", torch.bfloat16):
            tokens = training.look(training.model, training.train.pictures[chosen])
            scores = head(tokens.mean(1))
        losses = F.binary_cross_entropy_with_logits(
            scores.float(), target, reduction="none"
        )
        return losses.sum(1).mean()

    return training.run("tower", loss_of, BATCH, head.parameters())


def chosen_kinds(
    labels: Sequence[dict], asked: Sequence[str], rng: np.random.Generator
) -> list[list[str]]:
    """For each picture, what it is asked: two of the eight kinds of a step.

    What applies to few pictures is asked of those. A picture to which one kind applies
    is asked that in two wordings, one to which none does the first of `asked`, which
    must apply to every picture.
    """
    step = list(asked)
    if len(step) > KINDS_A_STEP:
        step = [step[i] for i in rng.choice(len(step), KINDS_A_STEP, replace=False)]
    share = {name: np.mean([name in have for have in labels]) for name in step}
    found = []
    for have in labels:
        here = [name for name in step if name in have]
        here = here or [asked[0]]
        weights = np.array([1 / share.get(name, 1) for name in here])
        few = len(here) < QUESTIONS_A_PICTURE
        picks = rng.choice(
            len(here), QUESTIONS_A_PICTURE, replace=few, p=weights / weights.sum()
        )
        found.append([here[i] for i in picks])
    return found


def _writing(training: Training, asked: Sequence[str]) -> Callable:
    """[picture] -> a caption; [picture][stem][question] -> [answer], twice."""
    strings = training.strings
    length = WRITTEN_LENGTH + len(strings.picture)
    written = (1, *range(4, 4 + 2 * QUESTIONS_A_PICTURE, 2)) if asked else (1,)

    def loss_of(rng, chosen):
        rows = [
            [(strings.picture, -1), ([*strings.ids(" " + text), strings.end], 0)]
            for text in training.captions(rng, chosen)[0]
        ]
        if asked:
            labels = [training.train.labels[i] for i in chosen]
            picked = chosen_kinds(labels, asked, rng)
            for row, have, names in zip(rows, labels, picked, strict=True):
                row.append((strings.stem, 0))
                for name in names:
                    row.append((strings.prompt(question(name, rng)), 2))
                    words = strings.ids(answer(name, have[name], rng))
                    row.append(([*words, strings.end], len(row) - 1))
        packed = picture_rows(rows, strings, length)
        b, column, word = targets_of(rows, packed, written)
        states = training.states(packed, chosen)
        with torch.autocast("cpu", torch.bfloat16):
            scores = training.model.lm_head(states[b, column])
        return F.cross_entropy(scores.float(), word)

    return loss_of


def facet_sentences(rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Two wordings of every label of every facet, which no picture goes with."""
    pairs = [
        (f, label) for f, found in language.all_labels().items() for label in found
    ]
    one, other = ([answer(*pair, rng) for pair in pairs] for _ in range(2))
    return one, other


def _matching(training: Training, asked: Sequence[str]) -> Callable:
    """Contrast of captions, of sentences, and of answers under their questions."""
    strings = training.strings
    length = ASKED_LENGTH + len(strings.picture) if asked else None

    def loss_of(rng, chosen):
        captions, named = training.captions(rng, chosen, training.one_thing)
        scenes = [training.train.scenes[i] for i in chosen]
        one, other = facet_sentences(rng)
        rows = [
            [(strings.picture, -1), (strings.general, 0), (strings.stem, 0)]
            for _ in chosen
        ]
        names, said, have = [], [], []
        if asked:
            labels = [training.train.labels[i] for i in chosen]
            picked = chosen_kinds(labels, asked, rng)
            for row, own, here in zip(rows, labels, picked, strict=True):
                for name in here:
                    row.append((strings.prompt(question(name, rng)), 2))
                    said.append(answer(name, own[name], rng))
                    names.append(name)
                    have.append(own)
        packed = picture_rows(rows, strings, length)
        images = pooled(training.states(packed, chosen), packed.ends)
        texts = training.texts([*captions, *one, *other, *said])
        sizes = [len(captions), len(one), len(other), len(said)]
        caption, left, right, answers = texts.split(sizes)
        same = torch.eye(len(one), dtype=torch.bool)
        loss = both_ways(SCALE * caption @ images[:, 1].T, true_of(named, scenes))
        loss = loss + both_ways(SCALE * left @ right.T, same) / 4
        if asked:
            prompted = images[:, 3:].flatten(0, 1)  # (pairs, D), in the order of `said`
            own, ignored = pairs_of(names, have)
            loss = loss + both_ways(SCALE * prompted @ answers.T, own, ignored)
        return loss

    return loss_of


def pairs_of(
    names: Sequence[str], have: Sequence[dict]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of pairs (a picture under a question, its answer): which answers match.

    names: the kind asked; have: every label of the picture. Returns (pairs, answers)
    bool: answers of the same kind that are true, and what is left out: answers of
    another kind that are true of the picture, too.
    """
    said = [own[name] for name, own in zip(names, have, strict=True)]
    true = [
        [own.get(n) == label for n, label in zip(names, said, strict=True)]
        for own in have
    ]
    kind = np.array(names)
    true, same = np.array(true), kind[:, None] == kind
    return torch.from_numpy(true & same), torch.from_numpy(true & ~same)


def new_training(train: Pictures, seed: int, folder: Path, **more) -> Training:
    """A model with random weights, whose tokenizer knows every kind's words."""
    rng = np.random.default_rng(seed)
    words = [q for name in kinds.KINDS for q in kinds.questions(name)]
    every = [
        (name, have[name])
        for have in train.labels
        for name in kinds.KINDS
        if name in have
    ]
    words += [kinds.answer(*pair, rng) for pair in sorted(set(every)) for _ in range(3)]
    tokenizer = tiny_qwen.new_tokenizer(words)
    torch.manual_seed(seed)
    return Training(
        tiny_qwen.new_model(tokenizer), tokenizer, train, seed, folder, **more
    )


def save(training: Training, folder: Path) -> None:
    processor = tiny_qwen.new_processor(training.tokenizer)
    tiny_mllm.save(training.model, processor, folder)
