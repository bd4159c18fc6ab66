"""Fetch what ``catalog`` lists into one folder, in the layout that ``build`` reads."""

import errno
from collections.abc import Callable, Sequence
from pathlib import Path

from cocofacet.benchmark.sources import locate
from cocofacet.fetch.catalog import ORIGINS, File, readable
from cocofacet.fetch.download import download, part_of
from cocofacet.fetch.mirror import origins
from cocofacet.fetch.unpack import check_space, fixed_folders, move, unpack
from cocofacet.io import InputError, read_json, sha256_of, write_json

RECORDS = "fetched.json"  # what was fetched
DOWNLOADS = "downloads"  # what is being downloaded, or was saved there by hand
BY_HAND = "saved by hand"
# What the benchmark's pictures and labels come from.
BUILT_FROM = ("coco-val2017", "annotations", "visual7w", "visdial")


def fetch(
    names: Sequence[str], folder: Path, tell: Callable[[str], None] = print
) -> None:
    """Fetch all files of these origins that are not in ``folder`` yet.

    ``tell`` is given a line for every file, before and after. Sizes and free disk are
    checked before the first byte is downloaded. The first failure ends it; what was
    done before stays and is not done again.

    Raises:
        InputError: an unknown name, no space, no connection, no right to write, a
            wrong or unsafe file, or a file that changed since it was fetched; each
            message says what to do by hand.
    """
    folder = Path(folder)
    unknown = [name for name in names if name not in ORIGINS]
    if unknown:
        raise InputError(f"name: {unknown[0]!r} is none of {', '.join(ORIGINS)}.")
    there = origins()
    files = [file for name in dict.fromkeys(names) for file in there[name].files]
    try:
        missing = [file for file in files if not _is_done(file, folder)]
        for file in files:
            state = readable(file.size) if file in missing else "there already"
            tell(f"{file.name}: {state}")
        check_space(folder, sum(_needed(file, folder) for file in missing))
        for file in missing:
            if file.unconfirmed:
                tell(f"{file.name}: unconfirmed: {file.unconfirmed}")
            url = _fetch_file(file, folder)
            tell(f"{file.name}: done, {url} -> {', '.join(file.places.values())}")
    except OSError as error:
        remedy = f"Make {folder} writable, or choose another folder."
        if error.errno == errno.ENOSPC:
            remedy = "Free some space and run the command again; it goes on from there."
        raise InputError(
            f"{error.filename or folder}: file: cannot be written ({error.strerror}). "
            + remedy
        ) from None


def next_step(folder: Path) -> str:
    """The last line of a fetch: which command to run on the folder next."""
    try:
        locate(folder)
    except InputError:
        return f"all there, in {folder}"
    command = f"cocofacet build --annotations {folder}"
    if (folder / "images").is_dir():
        command += f" --images {folder / 'images'}"
    needed = {file.name for name in BUILT_FROM for file in ORIGINS[name].files}
    if needed - set(records(folder)):
        command += " --allow-missing"
    return f"all there. Next: {command} --out benchmark"


def _fetch_file(file: File, folder: Path) -> str:
    """Download, verify, put into its places, record -> where it came from.

    The download is removed last: a run that is killed before does not need it again.
    """
    saved = folder / DOWNLOADS / file.name
    expected, whose = file.sha256, "published"
    earlier = records(folder).get(file.name)
    if expected is None and earlier:
        expected = earlier["sha256"]
        whose = (
            "recorded when it was first fetched (delete its entry in "
            f"{folder / RECORDS} to accept another)"
        )
    by_hand = saved.is_file()
    url = BY_HAND if by_hand else download(file.urls, saved)
    size, digest = saved.stat().st_size, sha256_of(saved)
    if expected not in (None, digest):
        remedy = "Remove the file, or save the right one there."
        if not by_hand:
            saved.unlink()
            remedy = (
                "It was removed. Save the right one there and run the command again."
            )
        raise InputError(
            f"{saved}: sha256: is {digest}, not {expected} as {whose}. {remedy}"
        )
    if file.name in file.places:
        move({saved: folder / file.places[file.name]})
    else:
        unpack(saved, file.places, folder)
    placed = _placed(file, folder)
    record = {"url": url, "bytes": size, "sha256": digest, "placed": placed}
    write_json(folder / RECORDS, records(folder) | {file.name: record})
    saved.unlink(missing_ok=True)
    if not any(saved.parent.iterdir()):
        saved.parent.rmdir()
    return url


def _is_done(file: File, folder: Path) -> bool:
    """Whether a file's contents are in place; an error where they have changed."""
    record = records(folder).get(file.name)
    if record is None:
        # A single file may have been put there by hand. Not so if its download waits to
        # be unpacked; and no one knows whether a folder of pictures is complete.
        return not (folder / DOWNLOADS / file.name).is_file() and all(
            not place.endswith("/") and (folder / place).is_file()
            for place in file.places.values()
        )
    for place, now in _placed(file, folder).items():
        was = record["placed"].get(place, now)
        if now["files"] < was["files"]:
            return False  # some were removed: fetched again, the rest is kept
        if now != was:
            raise InputError(
                f"{folder / place}: contents: have changed since they were fetched "
                f"({now} instead of {was}). Move them away to fetch them again, or "
                f"delete the entry {file.name!r} of {folder / RECORDS} to keep them."
            )
    return True


def _placed(file: File, folder: Path) -> dict[str, dict[str, object]]:
    """Place -> what lies there: number of files, bytes; of a single file its sha256."""
    found = {}
    for pattern, place in file.places.items():
        there = folder / place
        paths = [there]
        if place.endswith("/"):
            paths = there.rglob(pattern.removeprefix(fixed_folders(pattern)))
        sizes = [path.stat().st_size for path in paths if path.is_file()]
        found[place] = {"files": len(sizes), "bytes": sum(sizes)}
        if there.is_file():
            found[place]["sha256"] = sha256_of(there)
    return found


def _needed(file: File, folder: Path) -> int:
    """Bytes still to be written for a file, as far as they are known beforehand."""
    saved = folder / DOWNLOADS / file.name
    begun = (saved, part_of(saved))
    have = sum(path.stat().st_size for path in begun if path.is_file())
    return max(0, (file.size or 0) - have) + (file.unpacked or 0)


def records(folder: Path) -> dict[str, dict]:
    """What ``fetched.json`` says: file -> URL, bytes, sha256, and what was placed.

    Raises:
        InputError: the file was changed into something else.
    """
    path = folder / RECORDS
    found = read_json(path, dict) if path.is_file() else {}
    for name, record in found.items():
        if not isinstance(record, dict) or not {"sha256", "placed"} <= set(record):
            raise InputError(
                f"{path}: {name}: sha256 or placed is missing. Delete the entry."
            )
    return found
