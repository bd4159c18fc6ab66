"""Rows of the zoo: the other promptable embedders, and the one that answers in words.

Templates are those of COCO-Facet's released collator.py. It leaves the question's words
to a caller not released: then they are eval_f.py's, and ``prompted`` is unconfirmed.
"""

from cocofacet.retrievers.zoo.row import ASKED, COLLATORS, MTEB, Row

_COCO_FACET = "https://github.com/lst627/COCO-Facet/blob/main/VLM2Vec"
_WORDS = "The words of the question are eval_f.py's: the collator's are not released."


def _llama3(user: str) -> str:
    """E5-V's chat, as its card and the collator have it; the tokenizer adds the BOS."""
    return (
        f"<|start_header_id|>user<|end_header_id|>\n\n{user}<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n \n"
    )


def _llave(user: str) -> str:
    """LLaVE's chat: qwen_1_5, whose assistant says a line feed."""
    return (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        f"<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n\n<|im_end|>\n"
    )


_E5_V_IMAGE = _llama3("<image>\nSummary above image in one word")
_LLAVE_CODE = "https://github.com/DeepLearnXMU/LLaVE"
_LLAVE = {
    "family": "llave",
    "revision": "main",
    "licence": "Apache-2.0",
    "image_tokens": 2929,
    "image_size": "4 tiles of 384 x 384 at most, and the whole",
    "interpolation": "bicubic",
    "text": _llave("{text}"),
    "general": _llave("<image> Represent the given image."),
    "prompted": _llave(f"<image> {ASKED}"),
    "precision": "fp16",
    "architecture": "LLaVE",
    "note": "Templates are the card's; COCO-Facet released none for it. Pooled is the "
    "line feed after the assistant's turn. How many tiles there are at most is the "
    "authors' setting for training; what a checkpoint's own file says is used.",
}

MLLM = (
    Row(
        name="e5-v",
        family="mllm",
        checkpoint="hub:royokong/e5-v",
        revision="0c1f22679417b3ae925d779442221c40cd1861ab",
        licence="none stated; its base is under the Llama 3 Community License",
        source="https://huggingface.co/royokong/e5-v "
        f"https://github.com/kongds/E5-V {COLLATORS} {MTEB}/e5_v.py",
        parameters="8.4 B",
        dim=4096,
        memory=22,
        download=16.7,
        image_tokens=2340,
        image_size="672 x 672 in tiles of 336",
        interpolation="bicubic",
        text=_llama3("{text}\nSummary above sentence in one word: "),
        general=_E5_V_IMAGE,
        # The collator appends the prompt after the assistant's header.
        prompted=f"{_E5_V_IMAGE}{ASKED}",
        padding_side="left",
        temperature=0.05,  # ft_llm.py of its repository
        precision="fp16",
        architecture="LLaVA-NeXT on Llama",
        unconfirmed=("prompted", "licence"),
        note=f"COCO-Facet drops the ': ' that the card has after 'word'. {_WORDS}",
    ),
    Row(
        name="mmret",
        family="mllm",
        checkpoint="hub:BAAI/BGE-VL-MLLM-S1",
        revision="455ac20c111813fbb263dd0f22d47d173a971582",
        licence="MIT",
        source="https://huggingface.co/BAAI/BGE-VL-MLLM-S1 "
        f"https://github.com/VectorSpaceLab/MegaPairs {COLLATORS} "
        f"{MTEB}/bge_vl_models.py",
        parameters="7.6 B",
        dim=4096,
        memory=20,
        download=15.1,
        image_tokens=2928,
        image_size="squeezed to 512 x 512, then 672 x 672 in tiles of 336",
        interpolation="bicubic",
        resize=(512, 512),
        text="[INST] \n <instruct> Find me an image that matches the given caption. "
        "<query>  {text} \n [/INST]",
        general="[INST]  <image> [/INST]",
        prompted=f"[INST]  {ASKED} \n <image> [/INST]",
        padding_side="left",
        prompt_after_image=False,
        precision="bf16",
        architecture="LLaVA-NeXT on Mistral",
        unconfirmed=("prompted", "precision"),
        note=f"General is the card's candidate without a text. {_WORDS}",
    ),
    Row(
        name="llave-0.5b",
        checkpoint="hub:zhibinlan/LLaVE-0.5B",
        source=f"https://huggingface.co/zhibinlan/LLaVE-0.5B {_LLAVE_CODE}",
        parameters="0.9 B",
        dim=896,
        memory=3,
        download=1.8,
        unconfirmed=("prompted", "image_size", "licence", "download"),
        **_LLAVE,
    ),
    Row(
        name="llave-2b",
        checkpoint="hub:zhibinlan/LLaVE-2B",
        source=f"https://huggingface.co/zhibinlan/LLaVE-2B {_LLAVE_CODE}",
        parameters="1.95 B",
        dim=1536,
        memory=6,
        download=3.9,
        unconfirmed=("prompted", "image_size", "download"),
        **_LLAVE,
    ),
    Row(
        name="llave-7b",
        checkpoint="hub:zhibinlan/LLaVE-7B",
        source=f"https://huggingface.co/zhibinlan/LLaVE-7B {_LLAVE_CODE}",
        parameters="8.0 B",
        dim=3584,
        memory=20,
        download=16.1,
        unconfirmed=("prompted", "image_size"),
        **_LLAVE,
    ),
    Row(
        name="mm-embed",
        family="mm-embed",
        checkpoint="hub:nvidia/MM-Embed",
        revision="a2542c237b5b700ed01b829689756425441cef97",
        licence="CC-BY-NC-4.0",
        source="https://huggingface.co/nvidia/MM-Embed "
        f"https://huggingface.co/nvidia/NV-Embed-v1 {COLLATORS}",
        parameters="8.2 B",
        dim=4096,
        memory=20,
        download=16.4,
        image_tokens=577,
        image_size="336 x 336, the whole picture without tiles",
        interpolation="bicubic",
        text="Instruct: Find me an image that matches the given caption.\n"
        "Query: {text}",
        general="<image>\nRepresent the given image.",
        prompted=f"<image>\n{ASKED}",
        pooling="latent attention over all tokens after the instruction, mean",
        causal=False,
        precision="fp16",
        architecture="MM-Embed",
        unconfirmed=("text", "general", "prompted"),
        note="The form is its own encode(); the words that COCO-Facet gave it are not "
        "released. The library's LLaVA-NeXT and a latent attention written here take "
        "the place of its own code, which is not run; its files were not seen. "
        "That code builds the language model as NV-Embed-v1 has it, so rope_theta is "
        "10,000, as in Mistral-7B-v0.1.",
    ),
)

_ANSWER = {
    "family": "answer",
    "checkpoint": "hub:llava-hf/llava-1.5-7b-hf",
    "revision": "main",
    "answers": "hub:GritLM/GritLM-7B",
    "licence": "Llama 2 Community License; GritLM Apache-2.0",
    "source": f"{_COCO_FACET}/eval_t_detailed.py {_COCO_FACET}/eval_t_detailed.sh "
    "https://huggingface.co/llava-hf/llava-1.5-7b-hf "
    "https://huggingface.co/GritLM/GritLM-7B https://github.com/ContextualAI/gritlm "
    f"{MTEB}/gritlm_models.py",
    "parameters": "7.1 + 7.2 B",
    "dim": 4096,
    "memory": 32,
    "download": 28.6,
    "image_tokens": 676,
    "interpolation": "bicubic",
    "text": "<|user|>\nFind a caption that contains the given information\n<|embed|>\n"
    "{text}",
    # The question of Original_COCO_retrieval, the control without a facet.
    "general": "USER: <image>\nWhat is in the image? Please answer in detail. "
    "ASSISTANT:",
    "prompted": "USER: <image>\n{question} Please answer in detail. ASSISTANT:",
    "max_text": 512,
    "pooling": "mean of the tokens after <|embed|>",
    "causal": False,
    "precision": "bf16",
    "architecture": "LLaVA",
    "unconfirmed": ("answers",),
    "note": "The released script reads the answer in lower case, its 'assistant:' "
    "included; here it is read as it was said. GritLM attends both ways by its "
    "repository's own code, which is not run: transformers does so by a setting, tried "
    "on random weights only. Another text embedder can be passed as text_checkpoint.",
}
ANSWER = (
    Row(
        name="answer-llava-1.5-7b",
        image_size="336 x 336, shortest side resized, centre crop",
        **_ANSWER,
    ),
    # As released: --image_resolution low makes every picture 128 x 128 first.
    Row(
        name="answer-llava-1.5-7b-low",
        image_size="squeezed to 128 x 128, then enlarged to 336 x 336",
        resize=(128, 128),
        **_ANSWER,
    ),
)
