"""torchvision imports beside whichever torch is here, and stays what it is."""

import subprocess
import sys

import pytest


def test_imports_in_a_fresh_interpreter_and_twice():
    program = (
        "from cocofacet.retrievers._torchvision import import_torchvision as repair\n"
        "repair(); import torchvision; first = torchvision; repair()\n"
        "import sys; assert sys.modules['torchvision'] is first\n"
        "import torch\n"
        "from torchvision.transforms.v2.functional import resize\n"
        "print(tuple(resize(torch.ones(3, 4, 4), [2, 2]).shape))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "(3, 2, 2)"


@pytest.mark.parametrize(
    "module",
    [
        "dual",
        *(pytest.param(n, marks=pytest.mark.more) for n in ("answer", "adapters")),
    ],
)
def test_a_family_can_be_imported_first(module):
    """Their libraries import torchvision, which must be mended by then."""
    program = f"import cocofacet.retrievers.{module}"
    subprocess.run([sys.executable, "-c", program], check=True)
