"""The only module that deletes or replaces files, and only files that this program can prove it made.

Every folder it makes holds `done.json`, written last: the list of its files, each with a hash of its content. Files
that are not in this list, or have another hash, belong to somebody else and stay. A new folder is made beside the one
it replaces, under a name nobody can guess, and the two are swapped atomically if the system can.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from builder.errors import BuildError
from builder.files.atomic_swap import swap_folders
from builder.files.lock import locked_beside
from builder.files.regular import read_text
from builder.progress import console

DONE = "done.json"
KEPT = ".gitignore"  # may lie in any folder and is carried over: by it, git leaves out what is built
UNFINISHED = ".unfinished"  # ends the name of the file beside a folder that is still being made
PROOF = "lesionlens is making the folder {name}, and deletes it with all that is in it\n"
TOKEN_BYTES = 8
HASHED_AT_ONCE_BYTES = 1 << 20
Files = dict[str, str]  # by name, with forward slashes, a hash of the content


@contextmanager
def replacing(folder: Path, about: Mapping[str, Any] | None = None) -> Iterator[Path]:
    """Yield a new folder that replaces `folder` at the end; if writing fails, nothing changes.

    about: further keys for `done.json`. The old content is deleted last, as far as this program made it; the rest is
    kept beside the folder, and reported. Call `refuse_foreign` first if there must be no rest.
    """
    _refuse_link_or_file(folder)
    with locked_beside(folder):
        _restore(folder)
        _remove_leftovers(folder)
        fresh = _name_beside(folder)
        _mark_of(fresh).write_text(PROOF.format(name=fresh.name), encoding="utf-8")
        fresh.mkdir()
        try:
            yield fresh
            if (folder / KEPT).is_file():
                shutil.copy2(folder / KEPT, fresh)
            _finish(fresh, about or {})
            _put(fresh, folder)
        except BaseException:
            _remove_leftover(fresh, folder)
            raise
        _discard(fresh, folder)


def refuse_foreign(folder: Path) -> None:
    """Raise a BuildError if `folder` holds anything this program did not make; it may be missing or empty."""
    _refuse_link_or_file(folder)
    if foreign := foreign_in(folder):
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise BuildError(
            f"{folder} holds {foreign[0]}{more}, which no build has put there and none will delete",
            remedy="move it to a safe place and run the same command again, or name a folder that is not there yet",
        )


def foreign_in(folder: Path) -> list[str]:
    """Entries of `folder` that are not in its list: files, links, and folders without any listed file."""
    while True:
        listed = files_of(folder)
        found = _not_listed(folder, listed)
        if not found or files_of(folder) == listed:  # else another build has just replaced the folder
            return found


def _not_listed(folder: Path, listed: Files) -> list[str]:
    folders = {parent.as_posix() for name in listed for parent in Path(name).parents}
    found = []
    for file in sorted(folder.rglob("*")) if folder.is_dir() else []:
        name = file.relative_to(folder).as_posix()
        is_link_or_other = file.is_symlink() or not (file.is_file() or file.is_dir())
        known = name in folders if file.is_dir() else name in listed or name in (DONE, KEPT)
        if is_link_or_other or not known:
            found.append(name)
    return found


def files_of(folder: Path) -> Files:
    """The list in the folder's `done.json`; empty if it cannot be read."""
    try:
        return files_listed(read_text(folder / DONE))
    except (OSError, ValueError):
        return {}


def files_listed(text: str) -> Files:
    """The list in the text of a `done.json`; empty if there is none. No name in it points outside its folder."""
    try:
        listed = json.loads(text)["result"].items()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    inside = [(PurePosixPath(str(name)), str(digest)) for name, digest in listed]
    return {name.as_posix(): digest for name, digest in inside if not name.is_absolute() and ".." not in name.parts}


def changed_in(folder: Path) -> list[str]:
    """The listed files of the folder that are missing or changed."""
    return [name for name, digest in files_of(folder).items() if not _is_as_made(folder, name, digest)]


def is_whole(folder: Path) -> bool:
    """Whether the folder was finished and all of its files are unchanged."""
    return bool(files_of(folder)) and not changed_in(folder)


def restore(folder: Path) -> None:
    """Restore a folder that is missing because a build was killed while it replaced the folder."""
    if not os.path.lexists(folder) and _leftovers(folder):
        with locked_beside(folder):
            _restore(folder)


def _restore(folder: Path) -> None:
    if os.path.lexists(folder):
        return
    for leftover in _leftovers(folder):
        if not _is_unfinished(leftover) and is_whole(leftover):
            leftover.rename(folder)
            return


def remove_leftovers(folder: Path) -> None:
    """Delete what a killed build left beside `folder`, as far as this program made it."""
    if _leftovers(folder):
        with locked_beside(folder):
            _remove_leftovers(folder)


def replace_file(written: Path, file: Path) -> None:
    """Move a new file to `file`, whose name only this program uses."""
    _refuse_unless_file(file)
    written.replace(file)


def delete_files(files: Iterable[Path]) -> None:
    """Delete files with names that only this program uses, if they exist."""
    for file in files:
        _refuse_unless_file(file)
        file.unlink(missing_ok=True)


def remove_if_empty(folder: Path) -> None:
    """Remove a temporary folder of this program, unless somebody has put something there."""
    with suppress(OSError):
        folder.rmdir()


def copy_files(files: Iterable[Path], folder: Path, into: Path) -> None:
    """Copy files of `folder` to the same paths in `into`; an error such as a full disk is passed on."""
    for file in files:
        target = into / file.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)


def content_hash(path: Path) -> str:
    """A hash of a file, or of all names and contents in a folder, without Python's compiled files."""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file() and file.suffix != ".pyc":
            digest.update(f"{file.relative_to(path).as_posix()}\0".encode())
            with open(file, "rb") as content:
                while block := content.read(HASHED_AT_ONCE_BYTES):
                    digest.update(block)
    return digest.hexdigest()


def _finish(fresh: Path, about: Mapping[str, Any]) -> None:
    """List the files with their hashes, and flush everything to disk before anything else is deleted."""
    files = sorted(file for file in fresh.rglob("*") if file.is_file())
    result = {file.relative_to(fresh).as_posix(): content_hash(file) for file in files}
    (fresh / DONE).write_text(json.dumps({**about, "result": result}, indent=1), encoding="utf-8")
    for file in (*files, fresh / DONE):
        _sync(file)
    for path in (*fresh.rglob("*"), fresh):
        if path.is_dir():
            _sync(path)
    _mark_of(fresh).unlink()


def _put(fresh: Path, folder: Path) -> None:
    """Swap the folders, atomically if the system can; otherwise `restore` repairs an interrupted swap."""
    try:
        if not folder.exists():
            fresh.rename(folder)
        elif not swap_folders(fresh, folder):
            aside = _name_beside(folder)
            folder.rename(aside)
            try:
                fresh.rename(folder)
            except OSError:
                aside.rename(folder)
                raise
            aside.rename(fresh)
    except OSError as error:
        raise BuildError(
            f"{folder} cannot be replaced: {error.strerror}",
            remedy="close what has it open, or name a folder that is not there yet",
        ) from error
    _sync(folder.parent)


def _remove_leftovers(folder: Path) -> None:
    for leftover in _leftovers(folder):
        _remove_leftover(leftover, folder)


def _remove_leftover(leftover: Path, folder: Path) -> None:
    if _is_unfinished(leftover):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover)
        _mark_of(leftover).unlink()
    elif leftover.exists():
        _discard(leftover, folder)


def _discard(old: Path, folder: Path) -> None:
    """Delete a folder that `folder` has replaced, except files that somebody changed: those are kept and reported."""
    if not old.exists():
        return
    _remove_made(old, files_of(folder))
    if not old.exists():
        return
    kept = folder.with_name(f"{folder.name}-changed-{secrets.token_hex(TOKEN_BYTES)}")
    old.rename(kept)
    names = [file.relative_to(kept).as_posix() for file in sorted(kept.rglob("*")) if not file.is_dir()]
    names = [name for name in names if name != DONE]
    console.print(f"{folder} was not as a build had left it; what was changed is kept in {kept}: {', '.join(names)}")


def _remove_made(old: Path, elsewhere: Files) -> None:
    """Delete the files that match the folder's list or exist in another folder too, then empty folders."""
    listed = files_of(old)
    for name, digest in (*listed.items(), *elsewhere.items()):
        if _is_as_made(old, name, digest):
            (old / name).unlink()
    folders = sorted((path for path in old.rglob("*") if path.is_dir() and not path.is_symlink()), reverse=True)
    for folder in folders:
        remove_if_empty(folder)
    if [file.name for file in old.iterdir()] == [DONE] and listed:
        (old / DONE).unlink()
    remove_if_empty(old)


def _name_beside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}-{secrets.token_hex(TOKEN_BYTES)}")


def _leftovers(folder: Path) -> list[Path]:
    """Leftovers of a killed build, recognised by a name from `_name_beside` and by a mark or a list of files."""
    if not folder.parent.is_dir():
        return []
    name = re.compile(rf"(\.{re.escape(folder.name)}-[0-9a-f]{{{2 * TOKEN_BYTES}}})(?:{re.escape(UNFINISHED)})?")
    found = {match[1] for path in folder.parent.iterdir() if (match := name.fullmatch(path.name))}
    paths = [folder.with_name(each) for each in sorted(found)]
    return [path for path in paths if _is_unfinished(path) or files_of(path) or _is_empty(path)]


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir())


def _mark_of(fresh: Path) -> Path:
    return fresh.with_name(fresh.name + UNFINISHED)


def _is_unfinished(folder: Path) -> bool:
    try:
        mark, proof = _mark_of(folder).read_text(encoding="utf-8"), PROOF.format(name=folder.name)
        # A kill while the mark is written leaves the beginning of one; the folder is made after it.
        return mark == proof or (proof.startswith(mark) and not folder.exists())
    except (OSError, ValueError):
        return False


def _is_as_made(folder: Path, name: str, digest: str) -> bool:
    """Whether the file exists, is not behind a link, and has that content."""
    file = folder / name
    return file.is_file() and file.resolve() == folder.resolve() / name and content_hash(file) == digest


def _refuse_link_or_file(folder: Path) -> None:
    if folder.is_symlink():
        raise BuildError(
            f"{folder} is a link, and a link is not replaced", remedy=f"name the folder itself: {folder.resolve()}"
        )
    if folder.exists() and not folder.is_dir():
        raise BuildError(f"{folder} is no folder", remedy="move it away, or name a folder that is not there yet")


def _refuse_unless_file(file: Path) -> None:
    if file.is_symlink() or (file.exists() and not file.is_file()):
        raise BuildError(f"{file} is no plain file, so no build has made it", remedy="move it away")


def _sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to disk; Windows cannot do it for folders."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDWR if path.is_file() and os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network drives
            raise
    finally:
        os.close(handle)
