"""Warm up a tiny promptable model: what its contrastive training starts from.

Contrast from random weights sits on a plateau, and the real models do not start there
either. First the vision tower alone learns to tell the labels of all facets (the real
ones come from towers trained before); then the whole model learns to write down
everything in the picture and to answer the six questions that every variant asks.
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

TOWER_BATCH = 128
BATCH, RATE = 64, 1.5e-3
LENGTH = 78  # tokens beside the picture's
QUESTIONS_A_PICTURE = 2  # of the six
ASKED = tuple(facet for facet in FACETS if facet not in HELD_OUT)


def train_tower(
    model,
    base: ModuleType,
    scenes: list[Scene],
    pictures: np.ndarray,
    steps: int,
    rng: np.random.Generator,
    compiled: bool = True,
) -> list[dict]:
    """Train the vision tower alone to tell the labels of all facets; returns the log.

    The mean image token goes into one linear layer a facet, thrown away afterwards.
    """
    look, _ = passes(base, compiled)
    labels = {facet: (None, *known) for facet, known in all_labels().items()}
    truth = [
        [labels[facet].index(label) for facet, label in labels_of(scene).items()]
        for scene in scenes
    ]
    truth, sizes = torch.tensor(truth), [len(known) for known in labels.values()]
    width = model.config.text_config.hidden_size
    head = torch.nn.Linear(width, sum(sizes))

    def loss_at(step: int) -> torch.Tensor:
        chosen = np.sort(rng.choice(len(scenes), min(TOWER_BATCH, len(scenes)), False))
        with torch.autocast("cpu", torch.bfloat16):
            scores = head(look(model, pictures[chosen]).mean(1))
        parts = scores.float().split(sizes, 1)
        answers = truth[torch.from_numpy(chosen)].T
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
    base: ModuleType,
    rows_of: Callable[[list[Scene]], list],
    written: Sequence[int],
    length: int,
    scenes: list[Scene],
    pictures: np.ndarray,
    steps: int,
    rng: np.random.Generator,
    strings: Strings,
    batch: int = BATCH,
    rate: float = RATE,
    compiled: bool = True,
    **measured,
) -> list[dict]:
    """Train the whole model to write the segments `written` of rows; returns the log.

    `rows_of` makes the rows of a batch of scenes, none longer than `length` beside the
    picture's tokens. `measured` goes to `optimise`.
    """
    look, read = passes(base, compiled)
    length += len(strings.picture)
    batch = min(batch, len(scenes))

    def loss_at(step: int) -> torch.Tensor:
        chosen = np.sort(rng.choice(len(scenes), batch, replace=False))
        rows = rows_of([scenes[i] for i in chosen])
        packed = picture_rows(rows, strings, length)
        b, column, word = targets_of(rows, packed, written)
        with torch.autocast("cpu", torch.bfloat16):
            states = read(model, packed, look(model, pictures[chosen]))
            scores = model.lm_head(states[b, column])
        return F.cross_entropy(scores.float(), word)

    return optimise(list(model.parameters()), loss_at, steps, rate, **measured)


def train_warmup(
    base: ModuleType,
    scenes: list[Scene],
    pictures: np.ndarray,
    tower_steps: int,
    steps: int,
    seed: int,
    compiled: bool = True,
):
    """Returns (model, tokenizer, log); the log is the tower's, then the rest's."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    tokenizer = base.new_tokenizer()
    model = base.new_model(tokenizer)
    strings = Strings(base, tokenizer)
    log = train_tower(model, base, scenes, pictures, tower_steps, rng, compiled)
    log += train_to_write(
        model,
        base,
        lambda part: [warmup_row(scene, strings, rng) for scene in part],
        [1, *range(4, 4 + 2 * QUESTIONS_A_PICTURE, 2)],
        LENGTH,
        scenes,
        pictures,
        steps,
        rng,
        strings,
        compiled=compiled,
        name="warmup",
    )
    return model, tokenizer, log
