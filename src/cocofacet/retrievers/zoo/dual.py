"""Rows of the zoo: retrievers that see a picture without a question.

CLIP and its kin come in open_clip's own format. Which repository holds which weights is
open_clip's table of pretrained models (``open_clip.pretrained``, release 3.3.0).
"""

from cocofacet.retrievers.zoo.row import COLLATORS, Row

_CODE = "https://github.com/mlfoundations/open_clip"
_OPEN_CLIP = {
    "family": "dual",
    "interpolation": "bicubic",
    "pooling": "the towers' own",
    "files": ("*.json", "*.txt", "open_clip_model.safetensors"),
}
_VIT_L_336 = _OPEN_CLIP | {
    "licence": "MIT",
    "parameters": "428 M",
    "dim": 768,
    "memory": 2.5,
    "image_tokens": 577,
    "image_size": "336 x 336, shortest side resized, centre crop",
}
_SIGLIP = _OPEN_CLIP | {
    "revision": "main",
    "licence": "Apache-2.0",
    "dim": 1152,
    "image_tokens": 729,
    "image_size": "384 x 384, squeezed to a square",
    "max_text": 64,
    "padding": "max_length",
    "architecture": "SigLIP2",
}

DUAL = (
    Row(
        name="clip-vit-l-14-336",
        checkpoint="hub:timm/vit_large_patch14_clip_336.openai",
        revision="main",
        source=f"https://github.com/openai/CLIP {_CODE} "
        "https://github.com/lst627/COCO-Facet/blob/main/VLM2Vec/eval_b.py",
        download=1.7,
        architecture="CLIP",
        note="COCO-Facet loads openai/clip-vit-large-patch14-336 through transformers "
        "and hides the end token of each text from the text tower; here it is seen.",
        **_VIT_L_336,
    ),
    Row(
        name="eva02-clip-l-14-336",
        checkpoint="hub:timm/eva02_large_patch14_clip_336.merged2b_s6b_b61k",
        revision="4f62907359c8506be7021582f360564693b22c15",
        source="https://huggingface.co/timm/"
        f"eva02_large_patch14_clip_336.merged2b_s6b_b61k {_CODE} {COLLATORS}",
        download=0.9,
        architecture="EVA02-CLIP",
        unconfirmed=("checkpoint",),
        note="The paper's EVA-CLIP: its size is not in the released code.",
        **_VIT_L_336,
    ),
    Row(
        name="siglip-so400m-384",
        checkpoint="hub:timm/ViT-SO400M-14-SigLIP-384",
        source="https://huggingface.co/timm/ViT-SO400M-14-SigLIP-384 "
        f"{_CODE} {COLLATORS}",
        parameters="878 M",
        memory=4.5,
        download=3.5,
        note="COCO-Facet's collator pads a text to the script's length, which is not "
        "released; the model was trained at 64 tokens, which is used here.",
        **_SIGLIP,
    ),
    Row(
        name="siglip2-so400m-384",
        checkpoint="hub:timm/ViT-SO400M-16-SigLIP2-384",
        source="https://huggingface.co/timm/ViT-SO400M-16-SigLIP2-384 "
        f"{_CODE} {COLLATORS}",
        parameters="1.14 B",
        memory=6,
        download=4.5,
        unconfirmed=("checkpoint",),
        note="The paper's SigLIP2 is so400m at 384 pixels; patches of 16 are the only "
        "such size there is in open_clip, patches of 14 come at 378.",
        **_SIGLIP,
    ),
    Row(
        name="blip2-itm",
        family="blip2",
        checkpoint="hub:Salesforce/blip2-itm-vit-g",
        revision="main",
        licence="MIT",
        source="https://huggingface.co/Salesforce/blip2-itm-vit-g "
        "https://github.com/salesforce/LAVIS/blob/main/lavis/models/blip2_models/"
        "blip2_image_text_matching.py "
        f"{COLLATORS}",
        parameters="1.17 B",
        dim=256,
        memory=6,
        download=4.7,
        image_tokens=257,
        image_size="224 x 224, squeezed to a square",
        interpolation="bicubic",
        max_text=32,
        pooling="first of 32 query tokens; the reference takes the one nearest to the "
        "text",
        architecture="BLIP-2",
        unconfirmed=("checkpoint", "licence", "download"),
        note="BLIP-2 scores a pair by the largest of 32 products, one a query token. "
        "One vector an image cannot do that: the first token's is kept, and ranks "
        "differ from the reference's. Which of BLIP-2's retrieval weights COCO-Facet "
        "used is not in the released code.",
    ),
)
