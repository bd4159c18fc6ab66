"""Make `import torchvision` work beside a CPU-only torch, as two libraries need it."""

import importlib
import sys

# PyPI's torchvision is built for CUDA: its operators do not load, and the import fails,
# although open_clip and transformers need none of them. Once the missing schemas are
# declared it passes; `torchvision.ops` and `torchvision.io` stay unusable.
_MISSING = "operator torchvision::nms does not exist"
_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_library = None  # the declarations live only as long as this object


def import_torchvision() -> None:
    """Import torchvision, repaired once if need be; a no-op where it is healthy."""
    global _library
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if _MISSING not in str(error):
            raise
        for name in [n for n in sys.modules if n.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        import torch  # here, so that reading the table of retrievers stays quick

        _library = torch.library.Library("torchvision", "DEF")
        for schema in _SCHEMAS:
            _library.define(schema)
        importlib.import_module("torchvision")
