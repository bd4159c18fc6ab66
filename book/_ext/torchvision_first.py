"""Let the page of modules import open_clip beside a CPU-only torch.

The helper's loading function repairs torchvision before anything needs it; a page that
lists modules imports them one by one, without that function.
"""

from sphinx.application import Sphinx

from cocofacet.retrievers._torchvision import import_torchvision


def setup(app: Sphinx) -> dict[str, bool]:
    """Import it once, before any page is read."""
    import_torchvision()
    return {"parallel_read_safe": True, "parallel_write_safe": True}
