"""The real size of each row of the zoo, as its published configuration states it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cocofacet.retrievers.zoo.row import Row
from rehearsal import tiny_llave, tiny_mm_embed, tiny_phi3_v
from rehearsal.tiny_parts import Tower


@dataclass(frozen=True)
class Size:
    """What a published configuration says beyond the tiny checkpoint's.

    source: where. config: of the model, or the name of one of open_clip's; images: of
    the image processor. shapes: of a row that reads its sizes off the tensors, a
    function of the configuration and of how many layers each part may have.
    """

    source: str
    config: dict | str
    images: dict = field(default_factory=dict)
    shapes: Callable[[dict, int | None], dict[str, tuple[int, ...]]] | None = None


def _decoder(width, inner, layers, heads, groups, words, **more) -> dict:
    """A language model: ``groups`` heads of keys and values, ``words`` tokens."""
    return {
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": groups,
        "head_dim": 128,
        "vocab_size": words,
        "layer_types": None,  # the tiny one's go, and the library fills them in
        "max_position_embeddings": 32768,
        **more,
    }


def _qwen2_vl(name: str, text: dict, tied: bool) -> Size:
    rope = {"mrope_section": [16, 24, 24], "rope_theta": 1e6, "rope_type": "default"}
    vision = {"depth": 32, "embed_dim": 1280, "num_heads": 16}
    return Size(
        f"https://huggingface.co/Qwen/{name}/blob/main/config.json",
        {
            "text_config": {**text, "rope_parameters": rope},
            "vision_config": {**vision, "hidden_size": text["hidden_size"]},
            "tie_word_embeddings": tied,
        },
        {"size": {"shortest_edge": 56 * 56, "longest_edge": 28 * 28 * 16384}},
    )


def _qwen3_vl(name: str, text: dict, vision: dict, tied: bool) -> Size:
    rope = {"mrope_section": [24, 20, 20], "rope_theta": 5e6, "rope_type": "default"}
    shared = {"num_heads": 16, "num_position_embeddings": 48 * 48}
    shared["out_hidden_size"] = text["hidden_size"]
    rope["mrope_interleaved"] = True
    return Size(
        f"https://huggingface.co/Qwen/{name}/blob/main/config.json",
        {
            "text_config": {**text, "rope_parameters": rope},
            "vision_config": {**vision, **shared},
            "tie_word_embeddings": tied,
        },
        {"size": {"shortest_edge": 256 * 256, "longest_edge": 4096 * 4096}},
    )


def _tower(width, inner, layers, heads, image) -> dict:
    return {
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "image_size": image,
        "patch_size": 14,
    }


_CLIP_L = _tower(1024, 4096, 24, 16, 336)
_336 = {"size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}}
_TILES = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]


def _llava_next(name: str, text: dict) -> Size:
    grids = {"image_grid_pinpoints": _TILES}
    return Size(
        f"https://huggingface.co/llava-hf/{name}/blob/main/config.json",
        {"text_config": text, "vision_config": _CLIP_L, **grids},
        {**_336, **grids},
    )


def _at_most(tower: Tower, layers: int | None) -> Tower:
    return tower if layers is None else replace(tower, layers=min(tower.layers, layers))


def _llave(base: str, text: dict) -> Size:
    """Its own config.json was not seen: the sizes are those of the Qwen that it was
    trained from, and its tower is the first 26 layers of the SigLIP's."""
    tower = Tower(width=1152, inner=4304, layers=26, patches=27 * 27)
    return Size(
        f"https://huggingface.co/{base}/blob/main/config.json",
        text,
        shapes=lambda config, layers: tiny_llave.shapes(
            config, _at_most(tower, layers)
        ),
    )


_CLIP_TOWER = Tower(width=1024, inner=4096, layers=24, patches=24 * 24)
_PHI_HALF_HEAD = 3072 // 32 // 2
_OPEN_CLIP = (
    "https://github.com/mlfoundations/open_clip/tree/main/src/open_clip/model_configs"
)
_LLAMA3_ROPE = {"rope_theta": 5e5, "rope_type": "default"}
_MISTRAL_ROPE = {"rope_theta": 1e6, "rope_type": "default"}
GRITLM = Size(
    "https://huggingface.co/GritLM/GritLM-7B/blob/main/config.json",
    _decoder(4096, 14336, 32, 32, 8, 32000, sliding_window=None),
)

FEW_WORDS = 1024  # of a model cut to a few layers; the tokenizers have fewer

# By a row's architecture and its number of parameters, as the zoo states them.
SIZES: dict[tuple[str, str], Size] = {
    ("CLIP", "428 M"): Size(_OPEN_CLIP, "ViT-L-14-336-quickgelu"),
    ("EVA02-CLIP", "428 M"): Size(_OPEN_CLIP, "EVA02-L-14-336"),
    ("SigLIP2", "878 M"): Size(_OPEN_CLIP, "ViT-SO400M-14-SigLIP-384"),
    ("SigLIP2", "1.14 B"): Size(_OPEN_CLIP, "ViT-SO400M-16-SigLIP2-384"),
    ("BLIP-2", "1.17 B"): Size(
        "https://huggingface.co/Salesforce/blip2-itm-vit-g/blob/main/config.json",
        {
            "vision_config": _tower(1408, 6144, 39, 16, 224),
            "qformer_config": {
                "hidden_size": 768,
                "intermediate_size": 3072,
                "num_hidden_layers": 12,
                "num_attention_heads": 12,
                "vocab_size": 30523,
                "max_position_embeddings": 512,
                "encoder_hidden_size": 1408,
            },
            "num_query_tokens": 32,
            "image_text_hidden_size": 256,
        },
        {"size": {"height": 224, "width": 224}},
    ),
    ("Qwen2-VL", "2.2 B"): _qwen2_vl(
        "Qwen2-VL-2B-Instruct", _decoder(1536, 8960, 28, 12, 2, 151936), tied=True
    ),
    ("Qwen2-VL", "8.3 B"): _qwen2_vl(
        "Qwen2-VL-7B-Instruct", _decoder(3584, 18944, 28, 28, 4, 152064), tied=False
    ),
    ("Qwen3-VL", "2.1 B"): _qwen3_vl(
        "Qwen3-VL-2B-Instruct",
        _decoder(2048, 6144, 28, 16, 8, 151936),
        {
            "depth": 24,
            "hidden_size": 1024,
            "intermediate_size": 4096,
            "deepstack_visual_indexes": [5, 11, 17],
        },
        tied=True,
    ),
    ("Qwen3-VL", "8.1 B"): _qwen3_vl(
        "Qwen3-VL-8B-Instruct",
        _decoder(4096, 12288, 36, 32, 8, 151936),
        {
            "depth": 27,
            "hidden_size": 1152,
            "intermediate_size": 4304,
            "deepstack_visual_indexes": [8, 16, 24],
        },
        tied=False,
    ),
    ("LLaVA-NeXT on Mistral", "7.6 B"): _llava_next(
        "llava-v1.6-mistral-7b-hf",
        _decoder(4096, 14336, 32, 32, 8, 32064, rope_parameters=_MISTRAL_ROPE),
    ),
    ("LLaVA-NeXT on Llama", "8.4 B"): _llava_next(
        "llama3-llava-next-8b-hf",
        _decoder(4096, 14336, 32, 32, 8, 128320, rope_parameters=_LLAMA3_ROPE),
    ),
    ("Phi-3.5-V", "4.1 B"): Size(
        "https://huggingface.co/TIGER-Lab/VLM2Vec-Full/blob/main/config.json",
        {
            **_decoder(3072, 8192, 32, 32, 32, 32064),
            "max_position_embeddings": 131072,
            "rope_scaling": {
                "short_factor": [1.0] * _PHI_HALF_HEAD,
                "long_factor": [1.0] * _PHI_HALF_HEAD,
            },
        },
        # One layer more than is computed: the tower's last is left out.
        shapes=lambda config, layers: tiny_phi3_v.shapes(
            config, _at_most(_CLIP_TOWER, None if layers is None else layers + 1)
        ),
    ),
    ("LLaVE", "0.9 B"): _llave(
        "Qwen/Qwen2-0.5B", _decoder(896, 4864, 24, 14, 2, 151936)
    ),
    ("LLaVE", "1.95 B"): _llave(
        "Qwen/Qwen2.5-1.5B", _decoder(1536, 8960, 28, 12, 2, 151936)
    ),
    ("LLaVE", "8.0 B"): _llave(
        "Qwen/Qwen2-7B", _decoder(3584, 18944, 28, 28, 4, 152064)
    ),
    ("MM-Embed", "8.2 B"): Size(
        "https://huggingface.co/nvidia/MM-Embed/blob/main/config.json",
        {
            "text_config": _decoder(4096, 14336, 32, 32, 8, 32064),
            "vision_config": _CLIP_L,
        },
        _336,
        # Latents and the width of their heads: of nvidia/NV-Embed-v1. The embedding
        # has a row for each token before that of the picture.
        shapes=lambda config, layers: tiny_mm_embed.shapes(
            config, 32000 if layers is None else FEW_WORDS, 512, 8 * 4096
        ),
    ),
    # The library's own defaults are the published sizes.
    ("EmbeddingGemma 2", "0.44 B"): Size(
        "https://huggingface.co/docs/transformers/model_doc/embedding_gemma2",
        {
            "text_config": {
                **_decoder(512, 2048, 24, 4, 2, 262144),
                "head_dim": 256,
                "per_layer_config": None,
                "sliding_window": 512,
                "hidden_size_per_layer_input": 512,
                "embedding_dim": 768,
            },
            "vision_config": {
                "hidden_size": 768,
                "intermediate_size": 3072,
                "num_hidden_layers": 16,
                "num_attention_heads": 12,
                "num_key_value_heads": 12,
                "head_dim": 64,
                "layer_types": None,
                "position_embedding_size": 10240,
            },
        },
        {"max_soft_tokens": 280},
    ),
    ("LLaVA", "7.1 + 7.2 B"): Size(
        "https://huggingface.co/llava-hf/llava-1.5-7b-hf/blob/main/config.json",
        {
            "text_config": _decoder(4096, 11008, 32, 32, 32, 32064),
            "vision_config": _CLIP_L,
        },
        _336,
    ),
}


def size_of(row: Row) -> Size:
    return SIZES[row.architecture, row.parameters]
