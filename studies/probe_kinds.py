"""Which kinds of question can be told apart in the picture: a probe on a vision tower.

    PYTHONPATH=. python studies/probe_kinds.py

A linear probe (ridge) reads the image tokens and the patches of the shipped
tiny-qwen2vl, their mean and their place in the grid, on training scenes: two thirds to
learn, one third to measure. A kind is kept if the probe closes at least a quarter of
the gap between the majority's share and 1. How well the best single facet guesses the
label stands beside it: a kind is independent of the facets where that closes less than
a tenth of the gap. The table is
written beside `training.kinds`, which reads it.
"""

import argparse
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeClassifierCV
from sklearn.metrics import balanced_accuracy_score
from sklearn.preprocessing import StandardScaler

from cocofacet.io import COMMITTED, write_atomic
from training import language, tiny_mllm, tiny_qwen
from training.kinds import KINDS, TABLE, labels_of
from training.pictures import FOLDER, load_drawn, load_pictures

SHIPPED = COMMITTED.parent / "checkpoints/tiny-qwen2vl"
PICTURES, COMPONENTS = 15_000, 700
STRENGTHS = (100.0, 1000.0, 10_000.0)  # of the ridge, chosen by leaving one out
KEPT, INDEPENDENT = 0.25, 0.1  # share of the gap between the majority and 1


@torch.no_grad()
def features(pictures: np.ndarray) -> np.ndarray:
    """Pictures (N, 128, 128, 3) -> (N, D): the mean image token, and the main
    components of the 4 x 4 image tokens and of the patches that each was made of."""
    model, _ = tiny_mllm.load(SHIPPED)
    patches, means, grids = [], [], []
    norm = model.model.visual.merger.ln_q
    norm.register_forward_hook(lambda *call: patches.append(call[2]))
    for i in range(0, len(pictures), 100):
        tokens = tiny_qwen.see(model, torch.from_numpy(np.array(pictures[i : i + 100])))
        fours = patches.pop().unflatten(1, (tiny_qwen.PICTURE_TOKENS, -1)).mean(2)
        means.append(tokens.mean(1).numpy())
        grids.append(torch.cat([tokens.flatten(1), fours.flatten(1)], 1).numpy())
    grid = StandardScaler().fit_transform(np.concatenate(grids))
    grid = PCA(COMPONENTS, svd_solver="randomized", random_state=0).fit_transform(grid)
    return StandardScaler().fit_transform(np.hstack([np.concatenate(means), grid]))


def gap(accuracy: float, majority: float) -> float:
    """The share of the gap between the majority and 1 that is closed."""
    return (accuracy - majority) / (1 - majority)


def why_not(closed: float) -> str:
    """Why a kind is dropped; nothing for one that is kept."""
    if closed >= KEPT:
        return ""
    return f"the probe closes {max(0, closed):.0%} of the gap"


def probe(rows: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Accuracy and balanced accuracy on the last third, learnt from the rest."""
    cut = learnt(len(rows))
    ridge = RidgeClassifierCV(STRENGTHS).fit(rows[:cut], labels[:cut])
    named = ridge.predict(rows[cut:])
    return (named == labels[cut:]).mean(), balanced_accuracy_score(labels[cut:], named)


def guessed(labels: np.ndarray, facets: list[dict]) -> tuple[str, float]:
    """The facet that guesses best, and its accuracy on the last third: it names what is
    commonest, in the rest, with its own label."""
    cut, best = learnt(len(labels)), {}
    for facet in language.FACETS:
        own = [have[facet] for have in facets]
        with_own = defaultdict(Counter)
        for value, label in zip(own[:cut], labels[:cut], strict=True):
            with_own[value][label] += 1
        commonest = {
            value: found.most_common(1)[0][0] for value, found in with_own.items()
        }
        named = np.array([commonest.get(value) for value in own[cut:]])
        best[facet] = (named == labels[cut:]).mean()
    return max(best.items(), key=lambda item: item[1])


def learnt(n: int) -> int:
    return 2 * n // 3


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--world", type=Path, default=FOLDER, help="pictures")
    parser.add_argument("--out", type=Path, default=TABLE)
    given = parser.parse_args()
    scenes, pictures = load_pictures("train", PICTURES, folder=given.world)
    drawn = load_drawn("train", PICTURES, folder=given.world)
    every = [labels_of(*pair) for pair in zip(scenes, drawn, strict=True)]
    facets = [language.labels_of(scene) for scene in scenes]
    rows, table = features(pictures), []
    for name in KINDS:
        here = [i for i, found in enumerate(every) if name in found]
        labels = np.array([every[i][name] for i in here])
        majority = max(Counter(labels).values()) / len(labels)
        accuracy, balanced = probe(rows[here], labels)
        facet, by_facet = guessed(labels, [facets[i] for i in here])
        table.append(
            {
                "kind": name,
                "applies": len(here) / PICTURES,
                "labels": len(set(labels)),
                "majority": majority,
                "probe": accuracy,
                "balanced": balanced,
                "nearest facet": facet,
                "facet guesses": by_facet,
                "independent": gap(by_facet, majority) < INDEPENDENT,
                "dropped": why_not(gap(accuracy, majority)),
            }
        )
        print(table[-1], flush=True)
    found = pd.DataFrame(table)
    write_atomic(given.out, found.round(3).to_csv(index=False))
    print(found.groupby([found.dropped == "", "independent"]).size())


if __name__ == "__main__":
    main()
