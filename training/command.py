"""Remake the tiny checkpoints that are shipped with the package.

    python -m training clip --out DIR                   tiny-clip
    python -m training warmup --out WARM                what the Qwen2-VLs share
    python -m training contrast --variant tiny-qwen2vl --warmup WARM --out DIR
    python -m training answers --warmup WARM --out DIR  tiny-qwen2vl-answers
    python -m training text --out DIR                   tiny-text
    python -m training warmup --base llava --out WARM
    python -m training contrast --variant tiny-llava --warmup WARM --out DIR
    python -m training caption-rates --out FOLDER       five CLIPs, not shipped

Pictures are rendered once (two minutes) and kept under data/world. No graphics card is
needed: on one thread of a processor with bfloat16 matrix units, CLIP takes about
twenty minutes, the warm-up twelve, a variant ten and the five CLIPs thirty-five.

Stopping: the number of steps is given beforehand, the learning rate falls to zero along
half a cosine, and the last state is kept. Recall on tune scenes goes into the log and
chooses no step. It did shape the recipe: the phase of the vision tower alone and the
questions put together from parts came in after first trials on seed 0; all seeds kept
are of the final recipe. The evaluation's questions, asked on tune scenes, shaped the
answers phase (`questions.with_distractor`). Evaluation scenes are never drawn here.

The same seed, steps, number of threads and versions give the same weights on the same
kind of processor; another one rounds differently.
"""

import argparse
import time
from dataclasses import asdict
from pathlib import Path

import torch

from facetworld.output import try_to_write
from facetworld.scene import sample
from training import (
    tiny_clip,
    tiny_mllm,
    train_answers,
    train_clip,
    train_contrast,
    train_text,
    train_warmup,
)
from training.bases import BASES
from training.captions import RATES
from training.optimise import record
from training.pictures import FOLDER, Rendered, load_pictures

N_TRAIN, N_TUNE = 30_000, 800


def pictures(args) -> tuple[Rendered, Rendered]:
    """The scenes and pictures to train on, and those to follow the training on."""
    train = load_pictures("train", args.n_train, folder=args.world)
    return train, load_pictures("tune", args.n_tune, folder=args.world)


def clip(args, out: Path, rate: float | None = None) -> tuple[dict, list]:
    """The CLIP at COCO's caption rates, or at one rate for every facet of RATES."""
    at_rate = {} if rate is None else {"context": train_clip.LONG_CONTEXT}
    rates = RATES if rate is None else dict.fromkeys(RATES, rate)
    model, tokenizer, log = train_clip.train_clip(
        *pictures(args),
        args.steps,
        args.seed,
        measure_every=args.measure_every,
        rates=rates,
        **at_rate,
    )
    tiny_clip.save(model, tokenizer, out)
    settings = {"batch": train_clip.BATCH, "rate": train_clip.RATE}
    return settings | {"caption_rates": rates, **at_rate}, log


def caption_rates(args) -> None:
    """A CLIP for each of CAPTION_RATES."""
    for rate in train_clip.CAPTION_RATES:
        began = time.perf_counter()
        name = f"caption-rate-{round(100 * rate):03}"
        made = clip(args, args.out / name, rate)
        if args.record:
            keep(args, args.record / f"{name}-seed{args.seed}.json", began, *made)


def warmup(args) -> tuple[dict, list]:
    base = BASES[args.base]
    tower_steps = base.TOWER_STEPS if args.tower_steps is None else args.tower_steps
    model, tokenizer, log = train_warmup.train_warmup(
        base,
        load_pictures("train", args.n_train, folder=args.world),
        tower_steps,
        args.steps,
        args.seed,
        compiled=not args.no_compile,
    )
    tiny_mllm.save(model, base.new_processor(tokenizer), args.out)
    settings = {
        "base": args.base,
        "asked": train_warmup.ASKED,
        "batch": train_warmup.BATCH,
        "rate": train_warmup.RATE,
        "tower_steps": tower_steps,
        "tower_batch": train_warmup.TOWER_BATCH,
        "tower_rate": base.TOWER_RATE,
    }
    return settings, log


def answers(args) -> tuple[dict, list]:
    model, processor = tiny_mllm.load(args.warmup)
    log = train_answers.train_answers(
        model,
        processor,
        *pictures(args),
        args.steps,
        args.seed,
        compiled=not args.no_compile,
        measure_every=args.measure_every,
    )
    tiny_mllm.save(model, processor, args.out)
    settings = {"base": model.config.model_type, "asked": train_answers.FACETS}
    return settings | {"batch": train_warmup.BATCH, "rate": train_answers.RATE}, log


def contrast(args) -> tuple[dict, list]:
    variant = train_contrast.VARIANTS[args.variant]
    model, processor = tiny_mllm.load(args.warmup)
    found = model.config.model_type
    if found != variant.base:
        raise SystemExit(
            f"--warmup: {args.warmup} holds a {found}; {args.variant} starts from a "
            f"{variant.base}. Make it with `warmup --base {variant.base}`."
        )
    steps = variant.steps if args.steps is None else args.steps
    log = train_contrast.train_variant(
        model,
        processor.tokenizer,
        args.variant,
        *pictures(args),
        steps,
        args.seed,
        compiled=not args.no_compile,
        measure_every=args.measure_every,
    )
    tiny_mllm.save(model, processor, args.out)
    settings = {"variant": args.variant, **asdict(variant), "steps": steps}
    settings |= {"batch": train_contrast.BATCH, "rate": train_contrast.RATE}
    return settings | {"scale": train_contrast.SCALE}, log


def text(args) -> tuple[dict, list]:
    scenes = sample(args.n_train, 0, "train")
    model, log = train_text.train_text(scenes, args.steps, args.seed)
    train_text.save(model, args.out)
    settings = {"batch": train_text.CAPTIONS, "rate": train_text.RATE}
    return settings | {"scale": train_text.SCALE}, log


def keep(args, path: Path, began: float, settings: dict, log: list) -> None:
    """Write the record of a training."""
    every = {
        "what": args.what,
        "seed": args.seed,
        "steps": args.steps,
        "train_scenes": args.n_train,
        "tune_scenes": args.n_tune,
    }
    record(path, every | settings, log, began)


def folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder")
    return Path(text)


def output(text: str, folder: bool = True) -> Path:
    """A path that can be written: tried now, as a training takes long."""
    try:
        if text.strip():  # Path("") would be the folder one is in
            try_to_write(Path(text), folder)
            return Path(text)
        reason = "it is empty"
    except OSError as error:
        reason = error.strerror
    what = f"{text[:200]}: cannot be written ({reason})"
    raise argparse.ArgumentTypeError(what) from None


def shared_arguments(steps: int | None) -> argparse.ArgumentParser:
    """The options of every command; a new parser each time, as the defaults differ."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--out", type=output, required=True, help="checkpoint folder")
    shared.add_argument("--record", type=Path, help="where settings and log go, JSON")
    shared.add_argument("--seed", type=int, default=0, help="default 0")
    said = "the variant's" if steps is None else steps
    shared.add_argument("--steps", type=int, default=steps, help=f"default {said}")
    shared.add_argument(
        "--world", type=Path, default=FOLDER, help="pictures, default %(default)s"
    )
    shared.add_argument(
        "--measure-every", type=int, default=0, help="steps; default a tenth of all"
    )
    shared.add_argument("--n-train", type=int, default=N_TRAIN, help="training scenes")
    shared.add_argument("--n-tune", type=int, default=N_TUNE, help="tune scenes")
    shared.add_argument(
        "--no-compile", action="store_true", help="no C++ compiler, or a short trial"
    )
    return shared


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="what", required=True)

    def command(
        name: str, run, steps: int | None, about: str
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name, parents=[shared_arguments(steps)], help=about, description=about
        )
        made.set_defaults(run=run)
        return made

    command("clip", lambda args: clip(args, args.out), 1400, "the tiny CLIP")
    command(
        "caption-rates",
        caption_rates,
        450,
        "a CLIP for each rate at which captions name the rarely named facets; "
        "--out and --record are folders",
    )
    made = command("warmup", warmup, 700, "what contrast and answers start from")
    made.add_argument("--base", choices=BASES, default="qwen2_vl")
    made.add_argument(
        "--tower-steps",
        type=int,
        help="steps of the vision tower alone, by default the base's",
    )
    made = command("contrast", contrast, None, "a tiny promptable retriever")
    made.add_argument(
        "--variant", choices=train_contrast.VARIANTS, default="tiny-qwen2vl"
    )
    made.add_argument("--warmup", type=folder, required=True, help="its folder")
    made = command("answers", answers, 300, "a model that answers in words")
    made.add_argument("--warmup", type=folder, required=True, help="its folder")
    command("text", text, 300, "the tiny text embedder")
    return parser


def main(argv: list[str] | None = None) -> None:
    args = arguments().parse_args(argv)
    torch.use_deterministic_algorithms(True, warn_only=True)
    began = time.perf_counter()
    made = args.run(args)
    if made and args.record:
        keep(args, args.record, began, *made)
