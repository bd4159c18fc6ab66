"""Warm up a tiny promptable model: the start of its contrastive training.

From random weights the contrastive loss stays on a plateau, and the real models do not
start there either. First the vision tower alone classifies every facet's label (the
real ones take a trained tower); then the whole model learns to write a dense caption
and to answer the six questions that every variant asks.
"""

from collections.abc import Callable, Iterable, Sequence
from types import ModuleType

import numpy as np
import torch
import torch.nn.functional as F

from facetworld.scene import Scene
from training.batches import Strings, passes, picture_rows
from training.captions import dense
from training.language import (
    FACETS,
    HELD_OUT,
    LABEL_WORDS,
    all_labels,
    labels_of,
    pick,
    question,
)
from training.optimise import optimise
from training.pictures import Rendered

TOWER_BATCH = 128
BATCH, RATE = 64, 1.5e-3
LENGTH = 78  # tokens beside the picture's
QUESTIONS_A_PICTURE = 2  # of the six
# Segments of a row that are learnt: the caption, and each question's answer.
WRITTEN = (1, *range(4, 4 + 2 * QUESTIONS_A_PICTURE, 2))
ASKED = tuple(facet for facet in FACETS if facet not in HELD_OUT)


def train_tower(
    model,
    base: ModuleType,
    train: Rendered,
    steps: int,
    rng: np.random.Generator,
    compiled: bool,
) -> list[dict]:
    """Train the vision tower alone to classify every facet's label; returns the log.

    The mean image token goes into one linear layer a facet, thrown away afterwards.
    """
    look, _ = passes(base, compiled)
    classes = {facet: (None, *labels) for facet, labels in all_labels().items()}
    truth = torch.tensor(
        [
            [classes[facet].index(label) for facet, label in labels_of(scene).items()]
            for scene in train.scenes
        ]
    )  # (N, facets)
    sizes = [len(labels) for labels in classes.values()]
    width = model.config.text_config.hidden_size
    head = torch.nn.Linear(width, sum(sizes))
    batch = min(TOWER_BATCH, len(truth))

    def loss_at(step: int) -> torch.Tensor:
        chosen = np.sort(rng.choice(len(truth), batch, replace=False))
        with torch.autocast("cpu", torch.bfloat16):
            scores = head(look(model, train.pictures[chosen]).mean(1))  # (B, classes)
        parts = scores.float().split(sizes, 1)
        answers = truth[torch.from_numpy(chosen)].T  # (facets, B)
        losses = [F.cross_entropy(*pair) for pair in zip(parts, answers, strict=True)]
        return sum(losses) / len(losses)

    parameters = [*base.vision_parameters(model), *head.parameters()]
    return optimise(parameters, loss_at, steps, base.TOWER_RATE, name="tower")


def add_answers(
    row: list,
    scene: Scene,
    facets: Iterable[str],
    ask: Callable[[str, np.random.Generator], str],
    strings: Strings,
    rng: np.random.Generator,
) -> None:
    """Add [question][answer] for each facet to a row that ends with the stem."""
    stem, labels = len(row) - 1, labels_of(scene)
    for facet in facets:
        label = labels[facet]
        words = "none" if label is None else pick(rng, LABEL_WORDS[facet](label))
        row.append((strings.prompt(ask(facet, rng)), stem))
        row.append(([*strings.ids(words), strings.end], len(row) - 1))


def warmup_row(scene: Scene, strings: Strings, rng: np.random.Generator) -> list:
    """[picture] -> dense caption; [picture][stem][question] -> answer, twice."""
    row = [(strings.picture, -1), (strings.ids(" " + dense(scene, rng)), 0)]
    row.append((strings.stem, 0))
    facets = rng.choice(ASKED, QUESTIONS_A_PICTURE, replace=False)
    add_answers(row, scene, facets, question, strings, rng)
    room = LENGTH - sum(len(ids) for ids, _ in row[1:])
    caption = [*row[1][0], strings.end]
    row[1] = (caption[: len(caption) + room - 1] if room < 1 else caption, 0)
    return row


def targets_of(
    rows: list, packed, written: Sequence[int]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Where the words of the segments `written` are predicted from, and the words.

    Returns (rows, columns, token ids), each (W,) int64: the state there predicts it.
    """
    b, column, word = [], [], []
    for i, row in enumerate(rows):
        for s in written:
            ids, parent = row[s]
            start = int(packed.starts[i, s])
            before = [int(packed.ends[i, parent]), *range(start, start + len(ids) - 1)]
            b += [i] * len(ids)
            column += before
            word += ids
    return torch.tensor(b), torch.tensor(column), torch.tensor(word)


def train_to_write(
    model,
    strings: Strings,
    row_of: Callable[[Scene], list],
    written: Sequence[int],
    length: int,
    train: Rendered,
    steps: int,
    rate: float,
    rng: np.random.Generator,
    compiled: bool,
    **measured,
) -> list[dict]:
    """Train the whole model to write the segments `written` of rows; returns the log.

    `row_of` makes the row of a scene, at most `length` tokens beside the picture's.
    `measured` goes to `optimise`.
    """
    look, read = passes(strings.base, compiled)
    length += len(strings.picture)
    batch = min(BATCH, len(train.scenes))

    def loss_at(step: int) -> torch.Tensor:
        chosen = np.sort(rng.choice(len(train.scenes), batch, replace=False))
        rows = [row_of(train.scenes[i]) for i in chosen]
        packed = picture_rows(rows, strings, length)
        b, column, word = targets_of(rows, packed, written)  # (W,) each
        with torch.autocast("cpu", torch.bfloat16):
            states = read(model, packed, look(model, train.pictures[chosen]))
            scores = model.lm_head(states[b, column])  # (W, vocabulary)
        return F.cross_entropy(scores.float(), word)

    return optimise(list(model.parameters()), loss_at, steps, rate, **measured)


def train_warmup(
    base: ModuleType,
    train: Rendered,
    tower_steps: int,
    steps: int,
    seed: int,
    compiled: bool,
):
    """Returns (model, tokenizer, log); the log is the tower's, then the rest's."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    tokenizer = base.new_tokenizer()
    model = base.new_model(tokenizer)
    strings = Strings(base, tokenizer)
    log = train_tower(model, base, train, tower_steps, rng, compiled)
    log += train_to_write(
        model,
        strings,
        lambda scene: warmup_row(scene, strings, rng),
        WRITTEN,
        LENGTH,
        train,
        steps,
        RATE,
        rng,
        compiled,
        name="warmup",
    )
    return model, tokenizer, log
