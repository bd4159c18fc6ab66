"""Adapters change the model they are laid on, wholly or not at all; and weights are
found under the names that they had in older files.

That an adapter's sum is right is tested with the other architectures, by hand.
"""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from cocofacet.io import InputError
from cocofacet.retrievers import load as loading
from rehearsal.tiny_checkpoints import (
    save_adapter,
    save_llava_next_mistral,
    save_qwen2vl,
    save_qwen3vl,
    transformers,
)

NAME = "adapter_model.safetensors"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_qwen2vl(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def saved(base, tmp_path_factory):
    return save_adapter(base, tmp_path_factory.mktemp("adapter"), dora=True)


@pytest.fixture
def adapter(saved, tmp_path):
    """A copy to damage."""
    return shutil.copytree(saved, tmp_path / "adapter")


@pytest.fixture(scope="module")
def image():
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (60, 90, 3), dtype=np.uint8))


def load(adapter, base):
    return loading.load("tiny-qwen2vl", checkpoint=adapter, base_checkpoint=base)


def vectors(retriever, image):
    found = retriever.embed_images([image], (None, "How many?"))[:, 0]
    return np.concatenate([found, retriever.embed_texts(["a dog"])])


def rewrite(adapter, change):
    weights = load_file(adapter / NAME)
    save_file(change(weights), adapter / NAME)


def test_an_adapter_is_not_its_base(saved, base, image):
    adapted = load(saved, base)
    plain = loading.load("tiny-qwen2vl", checkpoint=base)
    differences = np.abs(vectors(adapted, image) - vectors(plain, image)).max(axis=1)
    assert (differences > 0.01).all()
    assert not any("lora" in name for name, _ in adapted.model.named_parameters())


def widened(adapter):
    rewrite(
        adapter,
        lambda weights: {
            key: value.repeat(1, 2) if "lora_A" in key else value
            for key, value in weights.items()
        },
    )
    return adapter


@pytest.mark.parametrize("fault", ["another size", "another architecture"])
def test_a_base_that_does_not_fit_its_adapter(adapter, base, tmp_path, fault):
    if fault == "another size":
        adapter, said = widened(adapter), "tensors have other sizes than"
    else:
        base = save_llava_next_mistral(tmp_path / "llava")
        said = "do not fit an adapter of LlavaNextModel"
    with pytest.raises(InputError, match=said) as caught:
        load(adapter, base)
    assert str(caught.value).startswith(f"{adapter}: ")
    assert "\n" not in str(caught.value)


def test_half_precision_is_near(saved, base, image):
    half = loading.load(
        "tiny-qwen2vl", precision="bf16", checkpoint=saved, base_checkpoint=base
    )
    a, b = vectors(load(saved, base), image), vectors(half, image)
    assert (a * b).sum(axis=-1).min() > 0.98


def test_keys_of_both_layouts(saved, adapter, base, image):
    assert any(".model.model.layers." in key for key in load_file(saved / NAME))
    now = "base_model.model.model.language_model.layers."
    rewrite(
        adapter,
        lambda weights: {
            key.replace("base_model.model.model.layers.", now): value
            for key, value in weights.items()
        },
    )
    np.testing.assert_array_equal(
        vectors(load(saved, base), image), vectors(load(adapter, base), image)
    )


@pytest.mark.parametrize(
    ("row", "save"),
    [
        ("tiny-qwen2vl", save_qwen2vl),
        ("qwen3-vl-embedding-2b", save_qwen3vl),
        ("vlm2vec-llava-next", save_llava_next_mistral),
    ],
)
@pytest.mark.parametrize("part", ["visual|vision_tower", ""])
def test_what_peft_saves_today_is_what_peft_merges(row, save, part, image, tmp_path):
    """Of the vision tower alone, and of the whole model."""
    import peft  # after torchvision's repair

    base, adapter, merged = (tmp_path / name for name in ("base", "adapter", "merged"))
    model = transformers.AutoModelForImageTextToText.from_pretrained(save(base))
    layers = rf".*({part}).*\.(qkv|q_proj|fc1|linear_fc1)"
    torch.manual_seed(0)
    adapted = peft.get_peft_model(
        model, peft.LoraConfig(r=2, target_modules=layers, init_lora_weights=False)
    )
    adapted.save_pretrained(adapter)
    shutil.copytree(base, merged)
    adapted.merge_and_unload().save_pretrained(merged)
    found, plain, expected = (
        vectors(loading.load(row, "cpu", "fp32", first, base_checkpoint=base), image)
        for first in (adapter, base, merged)
    )
    np.testing.assert_allclose(found, expected, atol=1e-5)
    changed = np.abs(found - plain).max(axis=1) > 1e-3
    assert changed.tolist() == [True, True, not part], "picture, with a question, text"


def test_tensors_of_a_pickle(saved, adapter, base, image):
    torch.save(load_file(adapter / NAME), adapter / "adapter_model.bin")
    (adapter / NAME).unlink()
    np.testing.assert_array_equal(
        vectors(load(saved, base), image), vectors(load(adapter, base), image)
    )


class Malice:
    def __reduce__(self):
        return exec, ("raise SystemExit('code of a checkpoint was run')",)


def test_code_of_a_pickle_is_not_run(adapter, base):
    (adapter / NAME).unlink()
    torch.save({"weights": Malice()}, adapter / "adapter_model.bin")
    with pytest.raises(InputError, match="more than tensors"):
        load(adapter, base)


def without_one(weights):
    weights.pop(sorted(weights)[0])
    return weights


def with_one_more(weights):
    name = "base_model.model.model.layers.7.self_attn.q_proj.lora_A.weight"
    return {**weights, name: torch.zeros(2, 32)}


def under_other_names(weights):
    """peft itself would warn, and the base model would be measured."""
    return {
        key.replace(".layers.", ".blocks."): value for key, value in weights.items()
    }


def of_another_shape(weights):
    return {key: torch.cat([value, value]) for key, value in weights.items()}


@pytest.mark.parametrize("kind", [torch.int8, torch.bool, torch.complex64])
def test_weights_that_are_no_floating_point(adapter, base, kind):
    rewrite(adapter, lambda weights: {k: v.to(kind) for k, v in weights.items()})
    with pytest.raises(InputError, match=f"type {kind}: no floating point"):
        load(adapter, base)


@pytest.mark.parametrize(
    "change", [without_one, with_one_more, under_other_names, of_another_shape]
)
def test_keys_that_do_not_fit(adapter, base, change):
    rewrite(adapter, change)
    with pytest.raises(InputError, match=r"adapter.*do not fit|cannot be loaded"):
        load(adapter, base)


def test_an_adapter_that_changes_nothing(base, tmp_path):
    adapter = save_adapter(base, tmp_path)

    def untrained(weights):
        return {k: v * 0 if "lora_B" in k else v for k, v in weights.items()}

    rewrite(adapter, untrained)
    with pytest.raises(InputError, match="changes nothing"):
        load(adapter, base)


def test_another_kind_of_adapter(base, tmp_path):
    import peft  # after torchvision's repair

    model = transformers.AutoModelForImageTextToText.from_pretrained(base)
    settings = peft.IA3Config(target_modules=["q_proj"], feedforward_modules=[])
    peft.get_peft_model(model, settings).save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"adapter_config\.json: peft_type"):
        load(tmp_path, base)


def test_an_adapter_without_its_base(saved):
    with pytest.raises(InputError, match="base_checkpoint"):
        loading.load("tiny-qwen2vl", checkpoint=saved)


@pytest.mark.parametrize("name", [NAME, "adapter_config.json"])
def test_a_damaged_adapter(adapter, base, name):
    file = adapter / name
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot be loaded"):
        load(adapter, base)


def test_base_and_adapter_belong_to_the_fingerprint(saved, adapter, base, tmp_path):
    known = load(saved, base).fingerprint
    assert load(adapter, base).fingerprint == known  # a copy is the same
    other_base = save_qwen2vl(tmp_path / "base", seed=1)
    assert load(saved, other_base).fingerprint != known
    config = json.loads((adapter / "adapter_config.json").read_text())
    config["lora_alpha"] *= 2
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    assert load(adapter, base).fingerprint != known
    plain = loading.load("tiny-qwen2vl", checkpoint=base).fingerprint
    assert plain["weights"] != known["weights"]


def test_the_tiny_checkpoints_are_named_as_the_published_ones(base, tmp_path):
    """Or loading them would say nothing about those: transformers 5 has other names."""
    names = load_file(base / "model.safetensors")
    assert all(name.startswith(("model.layers.", "visual.", "model.embed_tokens.",
                                "model.norm.")) for name in names)  # fmt: skip
    names = load_file(save_llava_next_mistral(tmp_path) / "model.safetensors")
    assert all(name.startswith(tuple(SINCE)) for name in names)


# What a part of LLaVA-NeXT is called in published files, and since transformers 4.52.
SINCE = {
    "language_model.model.": "model.language_model.",
    "language_model.lm_head.": "lm_head.",
    "vision_tower.": "model.vision_tower.",
    "multi_modal_projector.": "model.multi_modal_projector.",
    "image_newline": "model.image_newline",
}


@pytest.mark.parametrize(
    "names",
    [SINCE, {"vision_tower.": "vision_tower.vision_model."}],
    ids=["as in memory today", "as before 5.0"],
)
def test_other_layouts_of_a_full_checkpoint(names, tmp_path, image):
    directory = save_llava_next_mistral(tmp_path)
    name, file = "vlm2vec-llava-next", directory / "model.safetensors"
    expected = vectors(loading.load(name, "cpu", "fp32", directory), image)

    def renamed(key):
        start = next((start for start in names if key.startswith(start)), "")
        return names.get(start, "") + key.removeprefix(start)

    weights = load_file(file)
    changed = {renamed(key): value for key, value in weights.items()}
    assert changed.keys() != weights.keys()
    save_file(changed, file, metadata={"format": "pt"})
    found = vectors(loading.load(name, "cpu", "fp32", directory), image)
    np.testing.assert_array_equal(expected, found)
