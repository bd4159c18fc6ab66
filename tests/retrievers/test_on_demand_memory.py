"""Two retrievers of at least 300 MB each, one after the other, in the memory of one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.tiny_checkpoints import save_qwen2vl, transformers

LARGE = 300e6  # bytes of weights
# Embeds with each checkpoint in turn, twice, holding both retrievers all the time, and
# prints the most memory that it had.
PROGRAM = """
import sys
from pathlib import Path
from cocofacet.retrievers import on_demand
from cocofacet.retrievers.on_demand import OnDemand
folder, *checkpoints = map(Path, sys.argv[1:])
if folder.name == "kept":
    on_demand.close = lambda: None
held = [OnDemand("tiny-qwen2vl", folder, checkpoint=each) for each in checkpoints]
for _ in range(2):
    for retriever in held:
        retriever.embed_texts(["a cat"])
        # Every weight is read, so that none stays in its file.
        sum(float(each.sum()) for each in retriever.model.parameters())
# Not ru_maxrss, which begins at what the parent had.
status = Path("/proc/self/status").read_text()
print(1024 * int(status.partition("VmHWM:")[2].split()[0]))
"""


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    made = []
    for seed in range(2):
        folder = save_qwen2vl(tmp_path_factory.mktemp("large"), seed)
        model = transformers.Qwen2VLForConditionalGeneration.from_pretrained(folder)
        width = model.config.get_text_config().hidden_size
        model.resize_token_embeddings(int(LARGE / 4 / width) + 1, mean_resizing=False)
        model.save_pretrained(folder)
        assert sum(f.stat().st_size for f in folder.glob("*.safetensors")) >= LARGE
        made.append(folder)
    return made


def peak(folder, *checkpoints):
    """Bytes of memory, at most, in a process of its own."""
    command = [sys.executable, "-c", PROGRAM, str(folder), *map(str, checkpoints)]
    found = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout.splitlines()[-1])


@pytest.mark.more
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here")
def test_memory_holds_one_retriever_at_a_time(checkpoints, tmp_path: Path):
    one = peak(tmp_path / "one", checkpoints[0])
    two = peak(tmp_path / "two", *checkpoints)
    assert two < one + LARGE / 3
    both = peak(tmp_path / "kept", *checkpoints)
    assert both > one + LARGE / 2, "what is not let go is seen"
