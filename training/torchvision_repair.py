"""Make PyPI's torchvision importable beside a CPU-only torch.

PyPI's torchvision is a CUDA build; beside a CPU-only torch its import fails with
"operator torchvision::nms does not exist", and with it open_clip and the image models
of transformers. Declaring the two missing operator schemas is enough to import it.
Does nothing where torchvision is healthy. Import this before either library.
"""

import sys

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_library = None  # the declarations last as long as this object


def repair() -> None:
    """Import torchvision, declaring its missing operators first where needed."""
    global _library
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
        for name in [n for n in sys.modules if n.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        _library = torch.library.Library("torchvision", "DEF")
        for schema in _SCHEMAS:
            _library.define(schema)
        import torchvision  # noqa: F401


repair()
