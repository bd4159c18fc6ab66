"""Answers in words on disk, so that no picture is asked the same question twice.

STORE/<retriever>-words-<key>.json    the answers of n pictures to one question
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from cocofacet.benchmark.images import path_of
from cocofacet.io import InputError, read_json, sha256_of, write_json
from cocofacet.picture import open_image
from cocofacet.retrievers.base import Retriever


def answers(
    retriever: Retriever,
    images_root: Path,
    names: Sequence[str],
    prompt: str | None,
    store_dir: Path,
) -> list[str]:
    """What a retriever with ``answer`` says of N pictures under a prompt: N texts, from
    the store or into it."""
    paths = [path_of(Path(images_root), name) for name in names]
    asked = {
        "fingerprint": retriever.fingerprint,
        "prompt": prompt,
        "names": list(names),
        "image_sha256": [sha256_of(path) for path in paths],
    }
    text = json.dumps(asked, sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    file = Path(store_dir) / f"{retriever.name}-words-{key}.json"
    try:
        found = read_json(file, dict)
        if found["asked"] == asked and len(found["answers"]) == len(names):
            return found["answers"]
    except (InputError, KeyError):
        pass
    (said,) = retriever.answer([open_image(path) for path in paths], (prompt,))
    write_json(file, {"asked": asked, "answers": said})
    return said
