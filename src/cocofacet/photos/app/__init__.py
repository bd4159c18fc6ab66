"""The live page: search a folder in a browser, on this machine."""

from cocofacet.io import InputError

try:
    import starlette  # noqa: F401
    import uvicorn  # noqa: F401
except ImportError as error:
    raise InputError(
        f"app: {error.name} is not installed. `pip install {error.name}`."
    ) from None
