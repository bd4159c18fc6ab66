"""Remake the tiny checkpoints that are shipped with the package.

    python -m facetworld.train clip   --out DIR               tiny-clip
    python -m facetworld.train warmup --out WARM              what the Qwen2-VLs share
    python -m facetworld.train qwen   --variant tiny-qwen2vl --warmup WARM --out DIR

Pictures are rendered once (two minutes) and kept under data/world. No graphics card is
needed: on one thread of a processor with bfloat16 matrix units, CLIP takes about
twenty minutes, the warm-up twelve and a variant ten.

Stopping: the number of steps is given beforehand, the learning rate falls to zero along
half a cosine, and the last state is kept. Recall on tune scenes goes into the log and
chooses no step. It did shape the recipe: the phase of the vision tower alone and the
questions put together from parts came in after first trials on seed 0; all seeds kept
are of the final recipe. Evaluation scenes are never drawn here.

The same seed, steps, number of threads and versions give the same weights.
"""

import argparse
import time
from pathlib import Path

import torch

from facetworld import tiny_clip, tiny_qwen, train_clip, train_qwen, train_warmup
from facetworld.optimise import record
from facetworld.pictures import FOLDER, load_pictures

N_TRAIN, N_TUNE = 30_000, 800
STEPS = {"clip": 1400, "warmup": 700, "qwen": 600}
TOWER_STEPS = 1200


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m facetworld.train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=STEPS, help="which training to run")
    parser.add_argument(
        "--variant",
        choices=train_qwen.VARIANTS,
        default="tiny-qwen2vl",
        help="for qwen: all questions asked (default), two facets never asked, or "
        "no question at all",
    )
    parser.add_argument("--warmup", type=Path, help="for qwen: the warm-up's folder")
    parser.add_argument("--seed", type=int, default=0, help="default 0")
    parser.add_argument("--steps", type=int, help=f"defaults: {STEPS}")
    parser.add_argument(
        "--tower-steps",
        type=int,
        default=TOWER_STEPS,
        help=f"for warmup: steps of the vision tower alone, default {TOWER_STEPS}",
    )
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder")
    parser.add_argument("--record", type=Path, help="file for settings and log, JSON")
    parser.add_argument(
        "--world", type=Path, default=FOLDER, help=f"pictures, default {FOLDER}"
    )
    parser.add_argument(
        "--measure-every", type=int, default=0, help="steps; default a tenth of all"
    )
    parser.add_argument("--n-train", type=int, default=N_TRAIN, help="training scenes")
    parser.add_argument("--n-tune", type=int, default=N_TUNE, help="tune scenes")
    parser.add_argument(
        "--no-compile", action="store_true", help="no C++ compiler, or a short trial"
    )
    return parser


def main(argv: list[str] | None = None) -> None:
    parser = arguments()
    args = parser.parse_args(argv)
    if args.what == "qwen" and not (args.warmup and args.warmup.is_dir()):
        parser.error("qwen needs --warmup, the folder that a warm-up was written to")
    steps = STEPS[args.what] if args.steps is None else args.steps
    torch.use_deterministic_algorithms(True, warn_only=True)
    began = time.perf_counter()
    scenes, pictures = load_pictures("train", args.n_train, folder=args.world)
    tune = load_pictures("tune", args.n_tune, folder=args.world)
    settings = {
        "what": args.what,
        "seed": args.seed,
        "steps": steps,
        "train_scenes": args.n_train,
        "tune_scenes": args.n_tune,
        "batch": train_clip.BATCH if args.what == "clip" else train_qwen.BATCH,
    }
    compiled = not args.no_compile
    if args.what == "clip":
        settings["rate"] = train_clip.RATE
        model, tokenizer, log = train_clip.train_clip(
            scenes, pictures, *tune, steps, args.seed, measure_every=args.measure_every
        )
        tiny_clip.save(model, tokenizer, args.out)
    elif args.what == "warmup":
        settings |= {"rate": train_warmup.RATE, "asked": train_warmup.ASKED}
        settings |= {
            "tower_steps": args.tower_steps,
            "tower_batch": train_warmup.TOWER_BATCH,
            "tower_rate": train_warmup.TOWER_RATE,
        }
        model, tokenizer, log = train_warmup.train_warmup(
            scenes, pictures, args.tower_steps, steps, args.seed, compiled=compiled
        )
        tiny_qwen.save(model, tiny_qwen.new_processor(tokenizer), args.out)
    else:
        settings |= {"rate": train_qwen.RATE, "scale": train_qwen.SCALE}
        settings |= {"variant": args.variant, **train_qwen.VARIANTS[args.variant]}
        model, processor = tiny_qwen.load(args.warmup)
        log = train_qwen.train_variant(
            model,
            processor.tokenizer,
            args.variant,
            scenes,
            pictures,
            *tune,
            steps,
            args.seed,
            compiled=compiled,
            measure_every=args.measure_every,
        )
        tiny_qwen.save(model, processor, args.out)
    if args.record:
        record(args.record, settings, log, began)


if __name__ == "__main__":
    main()
