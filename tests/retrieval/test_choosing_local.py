"""A local instruction model as chooser: loaded like a real one, asked plainly."""

import json
import shutil

import pytest
import torch

from cocofacet.io import InputError
from cocofacet.retrieval import choosing
from cocofacet.retrieval.choosing import (
    PROMPTS,
    Choice,
    choose,
    chooser_named,
    question_about,
)
from cocofacet.retrieval.choosing_local import LocalModel
from rehearsal.tiny_instruct import save_instruct

TEXT = "Find me an image that contains any dog.\n"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_instruct(tmp_path_factory.mktemp("tiny-instruct"))


@pytest.fixture
def model(checkpoint):
    return LocalModel(str(checkpoint))


def answering(model, answer):
    """Put known words in the model's mouth; gives back what it was asked."""
    heard = []

    def generate(input_ids, attention_mask):
        heard.append(model.tokenizer.decode(input_ids[0]))
        said = model.tokenizer(f"{answer}<end>", return_tensors="pt").input_ids
        return torch.cat([input_ids, said], dim=1)

    model.model.generate = generate
    return heard


@pytest.mark.parametrize(
    ("answer", "choice"),
    [
        ("B", Choice("animals")),
        ("The answer is G.", Choice("weathers")),
        ("J", Choice(None)),
        ("Z", Choice(None, readable=False)),
        ("A dog, I think", Choice(None, readable=False)),
        ("", Choice(None, readable=False)),
    ],
)
def test_its_answer_is_read(model, answer, choice):
    heard = answering(model, answer)
    assert model(TEXT) == choice
    assert heard == [f"<user>{question_about(TEXT)}<end><assistant>"]


def test_other_options_get_other_letters(model, monkeypatch):
    monkeypatch.setattr(choosing, "PROMPTS", dict(reversed(PROMPTS.items())))
    heard = answering(model, "B")
    assert model(TEXT) == Choice("country")
    assert "A. Represent the given image.\n" in heard[0]


def test_it_decodes_greedily_and_briefly_whatever_the_checkpoint_would(model):
    inputs = model.tokenizer("a dog", return_tensors="pt")
    tokens = model.model.generate(**inputs)
    expected = inputs.input_ids
    for _ in range(8):
        with torch.inference_mode():
            best = model.model(expected).logits[:, -1].argmax(dim=-1)
        expected = torch.cat([expected, best[:, None]], dim=1)
        if int(best) == model.tokenizer.eos_token_id:
            break
    assert torch.equal(tokens, expected)


def test_random_weights_give_choices_that_do_not_change(checkpoint, model):
    texts = [TEXT, "Find me an everyday image with 2 people in the picture."]
    found, again = (
        {text: (c.prompt, c.readable) for text, c in choose(texts, each).items()}
        for each in (model, LocalModel(str(checkpoint)))
    )
    assert found == again
    assert model.maker == checkpoint.name


def test_it_is_a_chooser_by_name(checkpoint, tmp_path):
    class Retriever:
        device = "cpu"

    made = chooser_named("local", (), Retriever(), None, str(checkpoint), tmp_path)
    assert isinstance(made, LocalModel)


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "local_model: is empty"), ("/no/such", "/no/such: local_model: cannot")],
)
def test_what_cannot_be_had_is_said(name, said):
    with pytest.raises(InputError, match=said):
        LocalModel(name)


def test_a_model_that_does_not_chat_is_refused(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "plain")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(InputError, match="chat_template: there is none"):
        LocalModel(str(folder))


def test_pickled_weights_and_code_are_not_loaded(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "pickled")
    weights = folder / "model.safetensors"
    torch.save({}, folder / "pytorch_model.bin")
    weights.unlink()
    with pytest.raises(InputError, match="cannot be loaded"):
        LocalModel(str(folder))
    folder = shutil.copytree(checkpoint, tmp_path / "code")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoModelForCausalLM": "mine.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "mine.py").write_text("raise SystemExit('code of the checkpoint ran')")
    with pytest.raises(InputError, match="cannot be loaded"):
        LocalModel(str(folder))


def test_damaged_weights_are_named(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "damaged")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(InputError, match="cannot be loaded") as error:
        LocalModel(str(folder))
    assert str(error.value).startswith(str(folder))


def test_a_tokenizer_larger_than_the_table_is_another_models(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "other")
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    tokenizer["model"]["vocab"]["one more"] = 10**6
    path.write_text(json.dumps(tokenizer))
    with pytest.raises(InputError, match="the id 1000000, and its table"):
        LocalModel(str(folder))
