"""One's own photographs: pictures that come and go, indexed and searched."""

from cocofacet.io import InputError

try:
    import filelock  # noqa: F401
    import platformdirs  # noqa: F401
    import pyarrow  # noqa: F401
except ImportError as error:
    raise InputError(
        f"photos: {error.name} is not installed. `pip install {error.name}`."
    ) from None
