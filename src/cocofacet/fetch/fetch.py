"""Fetch what ``catalog`` lists into one folder, in the layout that ``build`` reads."""

import errno
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cocofacet.benchmark.facets import FACETS
from cocofacet.benchmark.sources import locate
from cocofacet.escape import plain, without_password
from cocofacet.fetch.catalog import ORIGINS, File
from cocofacet.fetch.download import download, part_of
from cocofacet.fetch.mirror import origins
from cocofacet.fetch.unpack import fixed_folders, move, unpack
from cocofacet.io import (
    InputError,
    check_space,
    read_json,
    readable,
    sha256_of,
    write_json,
)

RECORDS = "fetched.json"  # what was fetched
FAILED = "failed.json"  # what could not be had, and why
DOWNLOADS = "downloads"  # what is being downloaded, or was saved there by hand
BY_HAND = "saved by hand"
# What the benchmark's pictures and labels come from.
BUILT_FROM = ("coco-val2017", "annotations", "visual7w", "visdial")


def fetch(
    names: Sequence[str], folder: Path, tell: Callable[[str], None] = print
) -> None:
    """Fetch files, or all files of an origin, that are not in ``folder`` yet.

    ``tell`` is given a line for every file, before and after. Sizes and free disk are
    checked before the first byte is downloaded. A file that cannot be had is passed
    over; what was done stays and is not done again.

    Raises:
        InputError: an unknown name, no space, no right to write, or a file that changed
            since it was fetched; or, at the end, the list of the files that could not
            be had, with what each costs and how to get it by hand.
    """
    folder, files = Path(folder), _named(names)
    with _writing(folder):
        missing = [file for file in files if not _is_done(file, folder)]
        for file in files:
            state = readable(file.size) if file in missing else "there already"
            tell(f"{file.name}: {state}")
        failed = _fetch_all(missing, folder, tell)
    if failed:
        blocks = [
            f"  {file.name}: {failed[file.name]}\n"
            f"    costs: {file.lost}\n"
            f"    by hand: save {without_password(file.urls[0])} as "
            f"{folder / DOWNLOADS / file.name}"
            for file in missing
            if file.name in failed
        ]
        count = f"{len(failed)} of {len(files)} files"
        what = f"{folder}: {count} could not be fetched:"
        again = f"Later, or with a file saved by hand: `{command(failed, folder)}`"
        raise InputError("\n".join([what, *blocks, again]))


def fetch_for_run(
    names: Sequence[str],
    facets: Sequence[str],
    folder: Path,
    tell: Callable[[str], None] = print,
) -> str:
    """Fetch what a run of these facets (none: of all) needs; the run goes on without
    what cannot be had -> a line that says what is left out, "" where nothing is.

    What could not be had before is not tried again, as every notebook would: that is
    what ``fetch`` is for. Raises as it, but for the list.
    """
    folder, files = Path(folder), needed_for_run(names, facets)
    with _writing(folder):
        failed = _failures(folder)
        missing = [file for file in files if not _is_done(file, folder)]
        tried = [
            file
            for file in missing
            if file.name not in failed or (folder / DOWNLOADS / file.name).is_file()
        ]
        _fetch_all(tried, folder, tell)
        failed = _failures(folder)
    lost = [file for file in missing if file.name in failed]
    if not lost:
        return ""
    reasons = "; ".join(f"{f.lost} ({f.name}: {failed[f.name]})" for f in lost)
    again = command([file.name for file in lost], folder)
    return f"left out: {reasons}. To try again: `{again}`"


def needed_for_run(names: Sequence[str], facets: Sequence[str]) -> list[File]:
    """Of these names' files, those that the facets (none: all) are built from."""
    wanted = set()
    for name in facets or FACETS:
        wanted |= {*FACETS[name].sources, *FACETS[name].helpers}
    return [f for f in _named(names) if not f.serves or wanted & set(f.serves)]


def command(names: Iterable[str], folder: Path) -> str:
    """The command that fetches these names into the folder."""
    return shlex.join(["cocofacet", "fetch", *names, "--out", str(folder)])


def _named(names: Sequence[str]) -> list[File]:
    """The files that names of origins or of files stand for, each once."""
    there = origins()
    known = {name: origin.files for name, origin in there.items()}
    for files in list(known.values()):
        known |= {file.name: (file,) for file in files}
    for name in names:
        if name not in known:
            raise InputError(
                f"name: {name!r} is none of {', '.join(there)}, nor a file's name, as "
                "`cocofacet fetch --list` shows them."
            )
    return list({file.name: file for name in names for file in known[name]}.values())


def _fetch_all(
    missing: Sequence[File], folder: Path, tell: Callable[[str], None]
) -> dict[str, str]:
    """Fetch these files -> file -> why it could not be had; that is recorded, too."""
    before, failed = _failures(folder), {}
    silent: set[str] = set()
    check_space(folder, sum(_needed(file, folder) for file in missing))
    for file in missing:
        if file.unconfirmed:
            tell(f"{file.name}: unconfirmed: {file.unconfirmed}")
        try:
            url = _fetch_file(file, folder, silent)
        except InputError as error:
            failed[file.name] = plain(error)
            tell(f"{file.name}: failed: {failed[file.name]}")
        else:
            tell(f"{file.name}: done, {url} -> {', '.join(file.places.values())}")
    tried = {file.name for file in missing}
    now = {name: why for name, why in before.items() if name not in tried} | failed
    if now != before and now:
        write_json(folder / FAILED, now)
    elif now != before:
        (folder / FAILED).unlink()
    return failed


def _failures(folder: Path) -> dict[str, str]:
    """File -> why it could not be had when it was last tried."""
    path = folder / FAILED
    found = read_json(path, dict, "Delete it.") if path.is_file() else {}
    if not all(isinstance(why, str) for why in found.values()):
        raise InputError(f"{path}: file: a reason is no text. Delete it.")
    return found


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """One clear line where the folder cannot be written."""
    try:
        yield
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
    words = ["cocofacet", "build", "--annotations", str(folder)]
    if (folder / "images").is_dir():
        words += ["--images", str(folder / "images")]
    needed = {file.name for name in BUILT_FROM for file in ORIGINS[name].files}
    if needed - set(records(folder)):
        words.append("--allow-missing")
    return f"all there. Next: {shlex.join([*words, '--out', 'benchmark'])}"


def _fetch_file(file: File, folder: Path, silent: set[str]) -> str:
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
    url = BY_HAND if by_hand else download(file.urls, saved, silent)
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
        was = record["placed"].get(place)
        if was is None or now["files"] < was["files"]:
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
    remedy = "Delete it, and what it lists is fetched again."
    found = read_json(path, dict, remedy) if path.is_file() else {}
    for name, record in found.items():
        if not _is_record(record):
            raise InputError(
                f"{path}: {name}: sha256 or placed is missing, or is something else. "
                "Delete the entry."
            )
    return found


def _is_record(record: object) -> bool:
    placed = record.get("placed") if isinstance(record, dict) else None
    return (
        isinstance(placed, dict)
        and isinstance(record.get("sha256"), str)
        and all(
            isinstance(there, dict) and type(there.get("files")) is int
            for there in placed.values()
        )
    )
