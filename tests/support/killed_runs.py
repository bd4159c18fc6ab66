"""Runs of an embedding that die at a chosen moment, as if by kill -9.

    python killed_runs.py FOLDER

reads lines of JSON, {"kind": "means" or "qwen", "store": DIR, "die_at": k}, and answers
each with a line, {"dead": bool, "events": n, "computed": pairs of image and prompt}. A
run counts what it does to files and device (a batch embedded, a file flushed, renamed),
and at the k-th such event it kills itself before it happens; with k = 0 it lives. A
file that is being flushed is cut in half first. Each run is a fork of this process,
which has loaded everything and started no thread: forking is then safe, and ten runs
take seconds.
"""

import json
import os
import signal
import sys
from pathlib import Path

import torch
from mean_colours import Means

from cocofacet.embeddings.store import embed_gallery
from cocofacet.retrievers import load as loading
from cocofacet.retrievers.base import BARE

PROMPTS = (None, BARE, "Which animals?", "How many people?")


class LastBit(Means):
    """Its vectors depend, just visibly, on the prompts that were asked together."""

    def embed_prepared(self, prepared):
        return super().embed_prepared(prepared) + 1e-7 * len(prepared["prompts"])


def run(retriever, folder, store, die_at, answer):
    """Embed what is under folder/images and answer with what was done."""
    done = {"events": 0, "computed": 0}

    def event(function):
        def counted(*arguments):
            done["events"] += 1
            if done["events"] == die_at:
                if function is flush:
                    os.ftruncate(arguments[0], os.fstat(arguments[0]).st_size // 2)
                os.write(answer, json.dumps({"dead": True, **done}).encode())
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments)

        return counted

    def embed(prepared):
        vectors = embed_prepared(prepared)
        done["computed"] += vectors.shape[0] * vectors.shape[1]
        return vectors

    flush, embed_prepared = os.fsync, retriever.embed_prepared
    os.fsync, os.replace = event(flush), event(os.replace)
    retriever.embed_prepared = event(embed)
    root = folder / "images"
    names = sorted(path.name for path in root.iterdir())
    embed_gallery(retriever, root, names, PROMPTS, Path(store), chunk=3, batch=2)
    os.write(answer, json.dumps({"dead": False, **done}).encode())


def main(folder):
    torch.set_num_threads(1)
    qwen = loading.load("tiny-qwen2vl", checkpoint=folder / "checkpoint")
    retrievers = {"means": LastBit(), "qwen": qwen}
    for line in sys.stdin:
        asked = json.loads(line)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                retriever = retrievers[asked["kind"]]
                run(retriever, folder, asked["store"], asked["die_at"], write)
            finally:
                os._exit(0)
        os.close(write)
        os.waitpid(child, 0)
        print(os.read(read, 4096).decode(), flush=True)
        os.close(read)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
