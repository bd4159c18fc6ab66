"""A tiny EmbeddingGemma 2 in the official file layout, its audio encoder included."""

from pathlib import Path

import torch
from tokenizers import processors

from rehearsal.tiny_parts import byte_pairs, save_model, transformers

# As the official tokenizer's settings name them.
_MARKS = {
    "image_token": "<|image|>",
    "boi_token": "<|image>",
    "eoi_token": "<image|>",
    "audio_token": "<|audio|>",
    "boa_token": "<|audio>",
    "eoa_token": "<audio|>",
}


def _tokenizer() -> transformers.PreTrainedTokenizerFast:
    """It sets <bos> before every text and <eos> after it."""
    ends = ["<pad>", "<eos>", "<bos>"]
    learnt = byte_pairs([*ends, *_MARKS.values(), "<|video|>"]).backend_tokenizer
    learnt.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>",
        special_tokens=[(end, learnt.token_to_id(end)) for end in ends[1:]],
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=learnt,
        pad_token="<pad>",
        eos_token="<eos>",
        bos_token="<bos>",
        extra_special_tokens=_MARKS,
    )


def save_embedding_gemma2(directory: Path, seed: int = 0) -> Path:
    """Two layers, one of which sees 8 tokens to each side; embeddings of 24 numbers."""
    tokenizer = _tokenizer()
    ids = {
        name.replace("token", "token_id"): tokenizer.convert_tokens_to_ids(token)
        for name, token in _MARKS.items()
    }
    ids["eoa_token_index"] = ids.pop("eoa_token_id")  # so named in the library
    text = {
        "vocab_size": len(tokenizer) + 1,  # <|video|>
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 16,
        "global_head_dim": 32,
        "sliding_window_pattern": 2,
        "sliding_window": 8,
        "hidden_size_per_layer_input": 8,
        "embedding_dim": 24,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": tokenizer.bos_token_id,
    }
    vision = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "position_embedding_size": 256,
    }
    audio = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "subsampling_conv_channels": [8, 4],
        "output_proj_dims": 32,
    }
    config = transformers.EmbeddingGemma2Config(
        text_config=text,
        vision_config={"model_type": "gemma4_vision", **vision},
        audio_config={"model_type": "gemma4_audio", **audio},
        video_token_id=tokenizer.convert_tokens_to_ids("<|video|>"),
        **ids,
    )
    torch.manual_seed(seed)
    save_model(transformers.EmbeddingGemma2Model(config), directory)
    transformers.EmbeddingGemma2Processor(
        feature_extractor=transformers.Gemma4AudioFeatureExtractor(),
        image_processor=transformers.Gemma4ImageProcessor(max_soft_tokens=70),
        tokenizer=tokenizer,
        video_processor=transformers.EmbeddingGemma2VideoProcessor(),
        image_seq_length=70,
    ).save_pretrained(directory)
    return directory
