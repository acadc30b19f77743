"""The only place where anything is deleted or replaced: nothing goes but what this program can prove it made.

Every folder that it makes holds `done.json`, written last: the files it wrote there, each with a hash of its content.
Whatever is not in that list, or is not as it says, is somebody's, and stays. A folder is made beside the one whose
place it takes, under a name that nobody can guess, and both change places in one step where the system can do that.
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
from builder.files.exchange import exchange
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
    """A new folder to write to, which at the end takes the place of `folder`; if writing breaks off, all is as it was.

    about: what `done.json` is to say beside the list of files. What was in `folder` is deleted last, as far as this
    program made it; the rest is kept beside it, and named. Call `refuse_foreign` where there should be no rest.
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
    """Raise a BuildError if anything in `folder` was not made by this program; a missing or empty one is fine."""
    _refuse_link_or_file(folder)
    if foreign := foreign_in(folder):
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise BuildError(
            f"{folder} holds {foreign[0]}{more}, which no build has put there and none will delete",
            remedy="move it to a safe place and run the same command again, or name a folder that is not there yet",
        )


def foreign_in(folder: Path) -> list[str]:
    """What is in `folder` and not in its list: files, links, folders without any file of the list."""
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
    """The list in the folder's `done.json`; empty where there is none that can be read."""
    try:
        return files_listed(read_text(folder / DONE))
    except (OSError, ValueError):
        return {}


def files_listed(text: str) -> Files:
    """The list in the text of a `done.json`; empty where it has none. No name in it leads out of its folder."""
    try:
        listed = json.loads(text)["result"].items()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    inside = [(PurePosixPath(str(name)), str(digest)) for name, digest in listed]
    return {name.as_posix(): digest for name, digest in inside if not name.is_absolute() and ".." not in name.parts}


def changed_in(folder: Path) -> list[str]:
    """The files of the folder's list that are missing, or are not as they were when it was made."""
    return [name for name, digest in files_of(folder).items() if not _is_as_made(folder, name, digest)]


def is_whole(folder: Path) -> bool:
    """Whether the folder was finished, and all of its files are as they were then."""
    return bool(files_of(folder)) and not changed_in(folder)


def restore(folder: Path) -> None:
    """Put a folder back that lost its place, or was about to take it, when a build was killed; if it is missing."""
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
    """Delete what a killed build has left beside `folder`, as far as it made it."""
    if _leftovers(folder):
        with locked_beside(folder):
            _remove_leftovers(folder)


def replace_file(written: Path, file: Path) -> None:
    """Put a file that was just written in the place of `file`, which has a name that only this program gives."""
    _refuse_unless_file(file)
    written.replace(file)


def delete_files(files: Iterable[Path]) -> None:
    """Delete files that have names which only this program gives, as far as they are there."""
    for file in files:
        _refuse_unless_file(file)
        file.unlink(missing_ok=True)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder that this program made to work in, unless somebody has put something there."""
    with suppress(OSError):
        folder.rmdir()


def copy_files(files: Iterable[Path], folder: Path, into: Path) -> None:
    """Copy files of `folder` to the same places in `into`; what a full disk says comes through as it is."""
    for file in files:
        target = into / file.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)


def content_hash(path: Path) -> str:
    """A hash of a file, or of the names and contents of all files in a folder; not of what Python compiled there."""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file() and file.suffix != ".pyc":
            digest.update(f"{file.relative_to(path).as_posix()}\0".encode())
            with open(file, "rb") as content:
                while block := content.read(HASHED_AT_ONCE_BYTES):
                    digest.update(block)
    return digest.hexdigest()


def _finish(fresh: Path, about: Mapping[str, Any]) -> None:
    """List the files with their hashes, and let the disk have everything before anything else is deleted."""
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
    """Change places, in one step where the system can; without that, `restore` mends what a kill leaves half done."""
    try:
        if not folder.exists():
            fresh.rename(folder)
        elif not exchange(fresh, folder):
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
    """Delete a folder that lost its place to `folder`, but for what somebody has changed: that is kept, and named."""
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
    """Delete the files that are as the folder's list says, or stand in another folder too, and what is then empty."""
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
    """What a killed build has left: by a name that `_name_beside` gives, and by a mark or a list of its files."""
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
    """Whether a file is there, without a link on the way to it, and has that content."""
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
    """Have the system write a file or the names in a folder to the disk; Windows does not know it for folders."""
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
