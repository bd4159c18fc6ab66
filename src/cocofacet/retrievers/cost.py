"""What a run will cost: time, storage and download, roughly estimated."""

import re
from dataclasses import dataclass

from cocofacet.retrievers.zoo.row import Row

UTILISATION = 0.3  # of the peak; large models reach 0.3 to 0.5 in practice
PROMPT_TOKENS = 20  # a question with the instruction around it


@dataclass(frozen=True)
class Device:
    """memory in GB; peak in 10^12 operations a second, half precision, dense, from
    the maker's data sheet."""

    name: str
    memory: float
    peak: float


DEVICES = (
    Device("T4", 16, 65),
    Device("A100 80 GB", 80, 312),
    Device("H100 SXM", 80, 989),
    Device("H200 SXM", 141, 989),
)


def device_called(name: str) -> Device | None:
    """The device that its driver names so ("NVIDIA H100 80GB HBM3"), if it is known."""
    return next((d for d in DEVICES if d.name.split()[0] in name), None)


@dataclass(frozen=True)
class Estimate:
    """seconds of computing, bytes kept, and how many passes each image takes."""

    seconds: float
    stored: int
    passes: int


def parameters(row: Row) -> float:
    """How many parameters, from words such as "428 M" or "7.1 + 7.2 B"; 0 if unsaid."""
    if not row.parameters:
        return 0.0
    numbers, unit = re.fullmatch(r"([\d. +]+) ([MB])", row.parameters).groups()
    return sum(map(float, numbers.split("+"))) * {"M": 1e6, "B": 1e9}[unit]


def estimate(row: Row, device: Device, images: int, prompts: int) -> Estimate | None:
    """What embedding ``images`` under ``prompts`` takes with a row on a device.

    Two operations a parameter and token, at a fixed share of the device's peak; nothing
    for attention, decoding pictures and the rest. None where the row does not say its
    size, or does not fit the device's memory.
    """
    size = parameters(row)
    if not size or not row.image_tokens or row.memory > device.memory:
        return None
    together = row.promptable and row.causal and row.prompt_after_image
    passes = 1 if together or not row.promptable else prompts
    questions = PROMPT_TOKENS * prompts if row.promptable else 0
    tokens = passes * row.image_tokens + questions
    seconds = images * 2 * size * tokens / (UTILISATION * device.peak * 1e12)
    kept = prompts if row.promptable else 1
    return Estimate(seconds, images * kept * row.dim * 4, passes)


def count(number: int, what: str) -> str:
    """A number of things.

    >>> count(1, "prompt"), count(2000, "prompt")
    ('1 prompt', '2,000 prompts')
    """
    return f"{number:,} {what}{'s' * (number != 1)}"


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(40), duration(70), duration(600), duration(9000)
    ('under a minute', '1 minute', '10 minutes', '2.5 hours')
    """
    if seconds < 60:
        return "under a minute"
    if seconds < 5400:
        return count(round(seconds / 60), "minute")
    return f"{seconds / 3600:.1f} hours"


def about(seconds: float) -> str:
    """An estimate of a time.

    >>> about(40), about(600)
    ('under a minute', 'about 10 minutes')
    """
    return f"{'about ' * (seconds >= 60)}{duration(seconds)}"


def announcement(
    row: Row, device: Device | None, images: int, prompts: int, ready: bool
) -> str:
    """What is about to happen, in one or two sentences; "" where it is nothing long.

    device None: one whose speed is not known here. ready: the weights are there.
    """
    parts = []
    if not ready and row.download:
        parts.append(f"It downloads {row.download:g} GB of weights.")
    if parameters(row):
        found = estimate(row, device, images, prompts) if device else None
        time = "for a time that is not known" if device is None else "for long"
        if found:
            time = f"for {about(found.seconds)} (estimated)"
        size = images * (prompts if row.promptable else 1) * row.dim * 4 / 1e6
        parts.append(
            f"It embeds {count(images, 'picture')} under {count(prompts, 'prompt')} "
            f"{time} and keeps {size:,.0f} MB. What is in the store already is not "
            "done again."
        )
    return f"{row.name}: {' '.join(parts)}" if parts else ""
