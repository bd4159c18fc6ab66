"""A mirror of the data: the catalogue's files at other addresses.

COCOFACET_CATALOG names a JSON file, {"val2017.zip": {"urls": ["http://…"], "size": 1,
"unpacked": 1, "sha256": "…"}, …}. What it says of a file takes the place of what the
catalogue says; a field or a file that it leaves out stays as it is.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from cocofacet.escape import without_password
from cocofacet.fetch.catalog import ORIGINS, Origin
from cocofacet.io import InputError, read_json

VARIABLE = "COCOFACET_CATALOG"
_REMEDY = 'Write {"val2017.zip": {"urls": ["http://..."]}}.'


def _is_size(value: object) -> bool:
    return value is None or (type(value) is int and value >= 0)


def _are_addresses(value: object) -> bool:
    return isinstance(value, list) and value != [] and all(map(_is_address, value))


def _is_address(url: object) -> bool:
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


FIELDS = {
    "urls": (_are_addresses, "a list of addresses that start with http"),
    "size": (_is_size, "a number of bytes"),
    "unpacked": (_is_size, "a number of bytes"),
    "sha256": (_is_digest, "64 hexadecimal digits"),
}


def origins() -> dict[str, Origin]:
    """What can be fetched, from where the user's mirror says.

    Raises:
        InputError: the mirror's file is missing, or a field of it is no use.
    """
    path = os.environ.get(VARIABLE)
    if not path:
        return ORIGINS
    stated = read_json(Path(path), dict, _REMEDY)
    known = {file.name for origin in ORIGINS.values() for file in origin.files}
    for name, fields in stated.items():
        if name not in known:
            raise InputError(
                f"{path}: {name!r} is no file of the catalogue. `cocofacet fetch "
                "--list` names them."
            )
        _check(path, name, fields)
    return {
        name: replace(
            origin,
            files=tuple(
                replace(file, **_typed(stated.get(file.name, {})))
                for file in origin.files
            ),
        )
        for name, origin in ORIGINS.items()
    }


def _check(path: str, name: str, fields: object) -> None:
    if not isinstance(fields, dict):
        raise InputError(f"{path}: {name}: is not a JSON object. {_REMEDY}")
    for field, value in fields.items():
        if field not in FIELDS:
            raise InputError(
                f"{path}: {name}: {field!r} is no field of a file. There are: "
                f"{', '.join(FIELDS)}."
            )
        fits, what = FIELDS[field]
        if not fits(value):
            shown = without_password(repr(value))
            raise InputError(f"{path}: {name}: {field}: {shown} is not {what}.")


def _typed(fields: Mapping[str, object]) -> dict[str, object]:
    return {
        field: tuple(value) if field == "urls" else value
        for field, value in fields.items()
    }
