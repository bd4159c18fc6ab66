"""Rows of the zoo: VLM2Vec, the paper's main retriever, on four base models.

Templates are those of the released eval_d.py (general) and eval_f.py (prompted), with
each model's own placeholder, as the released dataset.py puts it in, and no chat header.
"""

from cocofacet.retrievers.zoo.row import ASKED, MTEB, Row

_CODE = "https://github.com/TIGER-AI-Lab/VLM2Vec"
_COCO_FACET = "https://github.com/lst627/COCO-Facet/tree/main/VLM2Vec"
_TEMPERATURE = 0.02  # --temperature of every training script of theirs
# The adapters are .bin files; the 7B repository also holds the merged model as .bin.
_ADAPTER_BIN = ("*.json", "*.txt", "adapter_model.bin")


def _templates(image: str) -> dict[str, str]:
    # A blank follows the image in one, a line feed in the other.
    return {
        "general": f"{image} Represent the given image.",
        "prompted": f"{image}\n{ASKED}\n",
    }


_ON_QWEN2_VL = {
    "family": "mllm",
    "base_revision": "main",
    "licence": "Apache-2.0",
    "interpolation": "bicubic",
    "temperature": _TEMPERATURE,
    "max_pixels": 1280 * 28 * 28,  # load_processor, and the default of arguments.py
    # Without <|vision_start|> the reference finds no image to lay out in rows and
    # columns, and counts image tokens like words.
    "plain_positions": True,
    "precision": "bf16",
    "architecture": "Qwen2-VL",
    **_templates("<|image_pad|>"),
}
_V1_ON_QWEN2_VL = _ON_QWEN2_VL | {
    "revision": "main",
    "image_tokens": 1225,  # 35 x 35: of a square, no 1280
    "image_size": "squeezed to 1344 x 1344, then to 1225 tokens (1280 at most)",
    "resize": (1344, 1344),  # --image_resolution high of eval_vlm2vecv1_8gpu.sh
    "files": _ADAPTER_BIN,
    "note": "The size of pictures is that of VLM2Vec's own evaluation; COCO-Facet "
    "released no script for this base. Pictures under 256 x 28 x 28 pixels are not "
    "enlarged as the reference does.",
}

VLM2VEC = (
    Row(
        name="vlm2vec-qwen2vl-2b",
        checkpoint="hub:TIGER-Lab/VLM2Vec-Qwen2VL-2B",
        base="hub:Qwen/Qwen2-VL-2B-Instruct",
        source="https://huggingface.co/TIGER-Lab/VLM2Vec-Qwen2VL-2B "
        f"{_CODE}/blob/main/experiments/public/eval/eval_vlm2vecv1_8gpu.sh "
        f"{_COCO_FACET}",
        parameters="2.2 B",
        dim=1536,
        memory=7,
        download=4.4,
        **_V1_ON_QWEN2_VL,
    ),
    Row(
        name="vlm2vec-qwen2vl-7b",
        checkpoint="hub:TIGER-Lab/VLM2Vec-Qwen2VL-7B",
        base="hub:Qwen/Qwen2-VL-7B-Instruct",
        source="https://huggingface.co/TIGER-Lab/VLM2Vec-Qwen2VL-7B "
        f"{_CODE}/blob/main/experiments/examples/qwen2vl/demo_v1_image.py "
        f"{_CODE}/blob/main/experiments/public/eval/eval_vlm2vecv1_8gpu.sh "
        f"{_COCO_FACET}",
        parameters="8.3 B",
        dim=3584,
        memory=21,
        download=16.6,
        **_V1_ON_QWEN2_VL,
    ),
    Row(
        name="vlm2vec-v2.0",
        checkpoint="hub:VLM2Vec/VLM2Vec-V2.0",
        revision="e39ff079b8275ef876d3656da8c0bddbff3c4dde",
        base="hub:Qwen/Qwen2-VL-2B-Instruct",
        source="https://huggingface.co/VLM2Vec/VLM2Vec-V2.0 "
        f"{_CODE}/blob/main/experiments/examples/qwen2vl/demo_v2_image.py "
        f"{_CODE}/blob/main/experiments/public/eval/eval_8gpu.sh "
        f"{_CODE}/blob/main/src/arguments.py {MTEB}/vlm2vec_models.py "
        f"https://github.com/embeddings-benchmark/mteb/pull/4673 {_COCO_FACET}",
        parameters="2.2 B",
        dim=1536,
        memory=7,
        download=4.4,
        image_tokens=391,
        image_size="native, 1280 tokens at most",
        padding_side="left",
        files=("*.json", "*.txt", "adapter_model.safetensors"),
        note="Nobody has reported it on COCO-Facet: the templates are those of its "
        "sisters. 1280 tokens are what the authors evaluate with; mteb sets 360 x 420 "
        "pixels, which in the authors' demos is the size of video frames. mteb finds "
        "that under transformers 5 peft drops this adapter with a warning.",
        **_ON_QWEN2_VL,
    ),
    Row(
        name="vlm2vec-llava-next",
        family="mllm",
        checkpoint="hub:TIGER-Lab/VLM2Vec-LLaVa-Next",  # merged already: no adapter
        revision="90f63c12a3740c338822c6ff34f86d3842dd0daa",
        licence="Apache-2.0",
        source="https://huggingface.co/TIGER-Lab/VLM2Vec-LLaVa-Next "
        f"{_CODE}/blob/main/experiments/examples/llava_next/demo.py {_COCO_FACET}",
        parameters="7.6 B",
        dim=4096,
        memory=20,
        download=15.1,
        image_tokens=2928,
        image_size="squeezed to 1344 x 1344, then 672 x 672 in tiles of 336",
        interpolation="bicubic",
        resize=(1344, 1344),
        temperature=_TEMPERATURE,
        precision="bf16",
        architecture="LLaVA-NeXT on Mistral",
        unconfirmed=("resize",),
        note="The card calls these the high-resolution weights; no released script "
        "says at which size COCO-Facet ran them.",
        **_templates("<image>"),
    ),
    Row(
        name="vlm2vec-phi-3.5-v",
        family="phi3-v",
        checkpoint="hub:TIGER-Lab/VLM2Vec-Full",
        revision="e9afa98002097ac2471827ba23ea1f2ddd229480",
        licence="Apache-2.0",
        source="https://huggingface.co/TIGER-Lab/VLM2Vec-Full "
        f"{_COCO_FACET}/src/vlm_backbone/phi3_v {_COCO_FACET}/eval_f.py "
        f"{_COCO_FACET}/eval_f.sh {MTEB}/vlm2vec_models.py",
        parameters="4.1 B",
        dim=3072,
        memory=12,
        download=8.3,
        image_tokens=757,
        image_size="4 tiles of 336 x 336 at most, and the whole",
        interpolation="bilinear; the whole bicubic",
        max_text=255,  # 256 with the <s>
        temperature=_TEMPERATURE,
        precision="bf16",
        architecture="Phi-3.5-V",
        unconfirmed=("download",),
        note="The paper's main base. Its own code is for an older transformers; here "
        "its weights run in the library's Phi-3 and CLIP. The evaluation scripts take "
        "4 tiles; the authors' demo takes 16. What the files hold beside the names "
        "that the code asks for was not seen.",
        **_templates("<|image_1|>"),
    ),
)
