"""Choosing the prompt with an instruction model on this machine, by transformers."""

from pathlib import Path

from cocofacet.retrievers._torchvision import import_torchvision

import_torchvision()  # before transformers imports it

import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors import SafetensorError  # noqa: E402

from cocofacet.io import InputError  # noqa: E402
from cocofacet.retrieval import choosing  # noqa: E402
from cocofacet.retrievers.fitting import check_vocabulary  # noqa: E402

# As of the retrievers' weights, whose module a notebook may not have loaded.
transformers.utils.logging.disable_progress_bar()


class LocalModel:
    """See `choosing.Chooser`: a causal language model answers with a letter.

    The question goes through the model's own chat template; decoding is greedy.
    """

    def __init__(self, checkpoint: str, device: str = "cpu"):
        """checkpoint: a folder, or a name on the Hugging Face Hub. Weights are read
        from safetensors only, and no code of the checkpoint's is run. InputError where
        it cannot be loaded or has no chat template."""
        if not checkpoint:
            raise InputError(
                "local_model: is empty. Name a folder with an instruction model, or "
                "one on the Hugging Face Hub, or leave out the chooser local."
            )
        self.device = device
        try:
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(
                checkpoint, trust_remote_code=False
            )
            self.model = transformers.AutoModelForCausalLM.from_pretrained(
                checkpoint, dtype="auto", use_safetensors=True, trust_remote_code=False
            )
            check_vocabulary(self.tokenizer, self.model.get_input_embeddings())
        # What the libraries raise for what is absent, damaged or of another kind.
        except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
            reason = str(error).strip().split("\n")[0]
            raise InputError(
                f"{checkpoint}: local_model: cannot be loaded ({reason}). Name a "
                "folder or a hub name of a causal language model in safetensors."
            ) from error
        if not self.tokenizer.chat_template:
            raise InputError(
                f"{checkpoint}: chat_template: there is none, so this model does not "
                "chat. Choose one that was trained to follow instructions."
            )
        self.model.eval().to(device)
        # Its own settings may sample or penalise repetition; only where it stops is
        # taken over.
        own, pad = self.model.generation_config, self.tokenizer.pad_token_id
        self.model.generation_config = transformers.GenerationConfig(
            do_sample=False,
            max_new_tokens=choosing.MOST_TOKENS,
            eos_token_id=own.eos_token_id,
            pad_token_id=pad if own.pad_token_id is None else own.pad_token_id,
        )
        commit = getattr(self.model.config, "_commit_hash", None)
        name = Path(checkpoint).name if Path(checkpoint).is_dir() else checkpoint
        self.maker = f"{name} at {commit[:12]}" if commit else name

    @torch.inference_mode()
    def __call__(self, text: str) -> choosing.Choice:
        inputs = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": choosing.question_about(text)}],
            add_generation_prompt=True,
            enable_thinking=False,  # read by templates that know it
            return_dict=True,
            return_tensors="pt",
        ).to(self.device)
        tokens = self.model.generate(**inputs)  # (1, question and answer)
        new = tokens[0, inputs["input_ids"].shape[1] :]
        answer = self.tokenizer.decode(new, skip_special_tokens=True)
        return choosing.choice_of(answer)
