"""A retriever without a model, for tests of what surrounds one."""

import numpy as np
import torch

from cocofacet.io import InputError
from cocofacet.picture import as_rgb
from cocofacet.retrievers.base import unit_rows


class Means:
    """An image's embedding is its mean colour, turned by the prompt.

    ``asked`` remembers each batch: how many images, under which prompts. More than
    ``room`` of them at a time are more than its memory holds, and an image one pixel
    wide is more than it can process.
    """

    name, revision, dim, promptable, device = "means", "1", 3, True, "cpu"

    def __init__(self, version=1, room=100):
        self.fingerprint = {"retriever": "means", "version": version}
        self.version, self.room, self.asked, self.texts = version, room, [], []

    @staticmethod
    def prepare(images, prompts):
        if any(image.width == 1 for image in images):
            raise InputError("means: image: one pixel wide")
        means = [np.asarray(as_rgb(image)).mean(axis=(0, 1)) for image in images]
        return {"means": torch.tensor(np.array(means)), "prompts": list(prompts)}

    def embed_texts(self, texts):
        self.texts.append(list(texts))
        rows = np.array([[len(text), 1, 2] for text in texts]).reshape(-1, self.dim)
        return unit_rows(rows, "means")

    def embed_prepared(self, prepared):
        means, prompts = prepared["means"].numpy(), prepared["prompts"]
        if len(means) > self.room:
            raise torch.OutOfMemoryError("as on a GPU")
        self.asked.append((len(means), tuple(prompts)))
        turns = [0 if prompt is None else 1 + len(prompt) for prompt in prompts]
        turned = [means * self.version + [turn, 0, 1] for turn in turns]
        return unit_rows(np.array(turned), "means")

    def embed_images(self, images, prompts=(None,)):
        return self.embed_prepared(self.prepare(images, prompts))
