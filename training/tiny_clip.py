"""A CLIP of two million parameters: made, run, saved as open_clip reads it."""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from training import torchvision_repair  # noqa: F401

# isort: split
import open_clip
from open_clip.model import CLIP
from safetensors.torch import save_file
from tokenizers import AddedToken
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from training.vocabulary import learn_bpe

VOCABULARY = 1200
CONTEXT = 24  # tokens; as many as a caption at COCO's rates can have
PAD, START, END = "<pad>", "<start>", "<end>"
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def configuration(vocabulary: int, context: int) -> dict:
    """What open_clip_config.json says: the architecture and the preprocessing."""
    return {
        "model_cfg": {
            "embed_dim": 128,
            "vision_cfg": {
                "image_size": 128,
                "layers": [1, 1, 1, 1],
                "width": 16,
                "head_width": 64,
            },
            "text_cfg": {
                "context_length": context,
                "vocab_size": vocabulary,
                # Any name: with the local-dir schema the files beside this one count.
                "hf_tokenizer_name": "tiny-clip",
                "width": 128,
                "heads": 4,
                "layers": 2,
            },
        },
        "preprocess_cfg": {"mean": MEAN, "std": STD, "size": [128, 128]},
    }


def new_tokenizer(context: int = CONTEXT) -> PreTrainedTokenizerFast:
    """Lower-case byte-level BPE for texts of at most `context` tokens.

    The end token has the highest id of all, because open_clip pools a text there.
    """
    bpe = learn_bpe(VOCABULARY - 3, BertPreTokenizer(), lowercase=True)
    bpe.add_special_tokens([AddedToken(t, special=True) for t in (PAD, START, END)])
    ids = [(token, bpe.token_to_id(token)) for token in (START, END)]
    bpe.post_processor = TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=ids
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        pad_token=PAD,
        bos_token=START,
        eos_token=END,
        model_max_length=context,
    )


def new_model(tokenizer: PreTrainedTokenizerFast) -> CLIP:
    """open_clip's CLIP with random weights, in float32."""
    made = configuration(len(tokenizer), tokenizer.model_max_length)
    return CLIP(**made["model_cfg"])


def tokens_of(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> torch.Tensor:
    """Texts -> ids (B, context) int64, as open_clip's HFTokenizer gives them."""
    return tokenizer(
        [" ".join(text.split()) for text in texts],
        return_tensors="pt",
        max_length=tokenizer.model_max_length,
        padding="max_length",
        truncation=True,
    ).input_ids


def pixels_of(pictures: np.ndarray) -> torch.Tensor:
    """Pictures (B, 128, 128, 3) uint8 -> (B, 3, 128, 128) float32, normalised."""
    x = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(v)[:, None, None] for v in (MEAN, STD))
    return (x - mean) / std


@torch.no_grad()
def embed_pictures(model: CLIP, pictures: np.ndarray) -> np.ndarray:
    """Pictures (N, 128, 128, 3) uint8 -> (N, 128) float32, unit rows."""
    model.eval()
    parts = [
        model.encode_image(pixels_of(pictures[i : i + 100]), normalize=True)
        for i in range(0, len(pictures), 100)
    ]
    return torch.cat(parts).float().numpy()


@torch.no_grad()
def embed_texts(model: CLIP, tokenizer, texts: list[str]) -> np.ndarray:
    """Texts -> (N, 128) float32, unit rows."""
    model.eval()
    tokens = tokens_of(tokenizer, texts)
    return F.normalize(model.encode_text(tokens), dim=-1).float().numpy()


def save(model: CLIP, tokenizer, folder: Path) -> None:
    """Write half-precision weights, configuration and tokenizer into `folder`.

    Read back by `open_clip.create_model_and_transforms("local-dir:FOLDER")` and
    `open_clip.get_tokenizer("local-dir:FOLDER")`.
    """
    folder = Path(folder)
    tokenizer.save_pretrained(folder)
    half = {k: _half(v) for k, v in model.state_dict().items()}
    weights = folder / "open_clip_model.safetensors"
    save_file(half, weights, {"format": "pt"})
    weights.chmod(0o644)  # safetensors writes files that only their owner may read
    made = configuration(len(tokenizer), tokenizer.model_max_length)
    text = json.dumps(made, indent=1)
    (folder / "open_clip_config.json").write_text(text + "\n")


def _half(value: torch.Tensor) -> torch.Tensor:
    return value.half().contiguous() if value.is_floating_point() else value


def load(folder: Path) -> CLIP:
    """The saved model, in float32."""
    return open_clip.create_model(f"local-dir:{folder}")
