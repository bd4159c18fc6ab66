"""Make `import torchvision` work beside a CPU-only torch.

PyPI's torchvision is built for CUDA. Beside a CPU-only torch its compiled operators do
not load, and the import dies with "operator torchvision::nms does not exist"; open_clip
and the image processors of transformers die with it, although they need no such
operator. Declaring the two missing schemas lets the import pass; `torchvision.ops` and
`torchvision.io` stay unusable, and images are read with PIL.
"""

import importlib
import sys

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
