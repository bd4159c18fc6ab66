"""Dual encoders such as CLIP and SigLIP, through open_clip."""

from cocofacet.retrievers.preprocess import DualInputs

# isort: split
import numpy as np
import open_clip
import torch

from cocofacet.retrievers.base import Checkpoint, Retriever, fingerprint_of, unit_rows
from cocofacet.retrievers.zoo.row import Row


class DualRetriever(Retriever):
    """See `cocofacet.retrievers.base.Retriever`.

    open_clip's tokenizers pad every text to the model's full length, as SigLIP and
    SigLIP2 were trained (a row's ``padding``), and cut what is longer.
    """

    promptable = False

    def __init__(self, row: Row, files: Checkpoint, batch_size: int = 64):
        super().__init__(row, files, batch_size)
        source = f"local-dir:{files.directory}"
        self.model, preprocess = open_clip.create_model_from_pretrained(
            source, precision=files.precision, device=files.device
        )
        self.prepare = DualInputs(row.name, preprocess)
        self.tokenizer = open_clip.get_tokenizer(source)
        self.model.eval()
        # Not that of a parameter: in half precision some of them stay in fp32.
        self.dtype = open_clip.get_input_dtype(files.precision) or torch.float32
        config = open_clip.get_model_config(source)
        self.dim = config["embed_dim"]
        self.fingerprint = fingerprint_of(
            row,
            files,
            precision=files.precision,
            model=config,
            images=open_clip.get_model_preprocess_cfg(self.model),
            open_clip=open_clip.__version__,
        )

    @torch.inference_mode()
    def embed_batch(self, texts: list[str]) -> np.ndarray:
        tokens = self.tokenizer(texts).to(self.device)
        return self.model.encode_text(tokens).float().cpu().numpy()

    @torch.inference_mode()
    def embed_prepared(self, prepared: dict[str, object]) -> np.ndarray:
        pixels = prepared["pixels"].to(self.device, non_blocking=True).to(self.dtype)
        vectors = self.model.encode_image(pixels).float().cpu().numpy()
        return unit_rows(vectors, self.name)[None]  # (1, B, D)
