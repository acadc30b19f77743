"""Downloads HAM10000 from Harvard Dataverse, by its DOI, into the user's cache folder.

pooch keeps the list of files, checks them, and never gives an incomplete file its final name. The downloader is this
project's: pooch's own starts again after every interruption, and these are two files of 1.4 GB. The list of files is
also read here: pooch's reader gives up at the first "503, try again", knows no sizes, and downloads tables in a form
whose checksum Dataverse does not publish (IQSS/dataverse#9501).
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pooch
import requests
from requests.adapters import HTTPAdapter
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from builder.data.sources.ham10000 import CITATION
from builder.errors import BuildError
from builder.files.atomic_write import write_atomically, write_json
from builder.files.lock import locked
from builder.files.ownership import content_hash, delete_files, replace_file
from builder.files.regular import read_json
from builder.progress import Advance, console, steps

DOI = "10.7910/DVN/DBW86T"
DATAVERSE = "https://dataverse.harvard.edu"
# Saved as -> what Dataverse may call it: a table it has understood is listed as .tab, whatever it was uploaded as.
NEEDED = {
    "HAM10000_metadata.csv": ("HAM10000_metadata.tab", "HAM10000_metadata.csv", "HAM10000_metadata"),
    "HAM10000_images_part_1.zip": ("HAM10000_images_part_1.zip",),
    "HAM10000_images_part_2.zip": ("HAM10000_images_part_2.zip",),
}
TABLE = "HAM10000_metadata"
TERMS = f"""HAM10000 is under the licence CC BY-NC 4.0: use, share and change it, not for money, and name its authors.
The licence in full: https://creativecommons.org/licenses/by-nc/4.0/
Cite it as: {CITATION}"""
BY_HAND = f"fetch its files by hand from https://doi.org/{DOI} and name their folder with --data"
GO_ON = "run the same command again later: it goes on from where it stopped"

RECORD = "fetched.json"  # written last: with it and files of these sizes, nothing is asked of any server
ACCEPTED = "licence-accepted.txt"

CONNECT_S, SILENCE_S = 20, 60  # without a connection, and without a byte, until it counts as cut
TRIES = 5  # of one request that the server answers with "busy", and of one file without a new byte
LONGEST_WAIT_S = 120  # a server that asks for more gets no answer from a waiting program, but a person told so
LONGEST_PAUSE_S = 30  # between tries that brought nothing
CHUNK_BYTES = 1 << 15  # a cut loses what is begun of one
BUSY = (429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class _File:
    name: str  # in the cache folder
    url: str
    md5: str | None  # None where Dataverse publishes none of what it hands out
    size_bytes: int | None


def cache_folder() -> Path:
    """The folder of the downloaded HAM10000, shared by all builds of this user."""
    return Path(pooch.os_cache("lesionlens")) / "ham10000"


def fetch_ham10000(*, accept_licence: bool = False, folder: Path | None = None, address: str = DATAVERSE) -> Path:
    """Download what is missing; returns the folder with the metadata and both zip files of photos.

    accept_licence: do not ask. address: a Dataverse. Raises BuildError; finished downloads are kept.
    """
    folder = folder or cache_folder()
    if _is_complete(folder):
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            _agree(folder, accept_licence)
            if not _is_complete(folder):  # somebody else may have fetched it meanwhile
                _fetch_into(folder, address)
    except requests.exceptions.SSLError as error:
        raise _not_trusted(address) from error
    except requests.RequestException as error:
        raise BuildError(f"{address} cannot be reached ({type(error).__name__})", remedy=GO_ON) from error
    except OSError as error:
        raise BuildError(
            f"{folder} cannot be written: {error.strerror}", remedy="make room or mend its rights"
        ) from error
    return folder


def _not_trusted(url: str) -> BuildError:
    return BuildError(
        f"the certificate of {url} cannot be trusted",
        remedy=f"check this machine's clock and whatever stands between it and the network, or {BY_HAND}",
    )


def _fetch_into(folder: Path, address: str) -> None:
    with _session() as session:
        files = _list_files(session, address)
        _refuse_if_disk_is_too_small(folder, files)
        _fetch_files(session, folder, files)
    sizes = {file.name: (folder / file.name).stat().st_size for file in files}
    hashes = {file.name: content_hash(folder / file.name) for file in files if file.name.startswith(TABLE)}
    write_json(folder / RECORD, {"doi": DOI, "bytes": sizes, "content": hashes})


def _is_complete(folder: Path) -> bool:
    """Whether everything is downloaded; reports and deletes a damaged table, so that it is downloaded again.

    The zip files contain checksums of each photo.
    """
    try:
        record = read_json(folder / RECORD)
        sizes, hashes = dict(record["bytes"]), dict(record["content"])
    except (ValueError, KeyError, TypeError):
        return False  # never written, or not to its end
    for name, digest in hashes.items():
        if (folder / name).is_file() and content_hash(folder / name) != digest:
            console.print(f"{folder / name} is damaged: fetched again")
            delete_files([folder / name])
    return bool(sizes) and all(_size_of(folder / name) == size for name, size in sizes.items())


def _agree(folder: Path, accept: bool) -> None:
    """Show licence and citation and ask for agreement, once per folder."""
    if (folder / ACCEPTED).is_file():
        return
    console.print(TERMS)
    if not accept and not sys.stdin.isatty():
        raise BuildError(
            "the licence of HAM10000 has not been accepted", remedy="if you accept it, add --accept-licence"
        )
    if not accept and console.input("Do you accept it? [y/N] ", markup=False).strip().lower() not in ("y", "yes"):
        raise BuildError(
            "HAM10000 is not fetched without its licence accepted", remedy="name data of your own with --data"
        )
    write_atomically(folder / ACCEPTED, TERMS + "\n")


class _Patience(Retry):
    """Waits as long as a busy server asks for, and says so; raises a BuildError if that is more than two minutes."""

    def sleep_for_retry(self, response: BaseHTTPResponse) -> bool:
        wait_s = self.get_retry_after(response) or 0
        if wait_s > LONGEST_WAIT_S:
            raise BuildError(f"the server is busy and asks to come back in {wait_s / 60:.0f} minutes", remedy=GO_ON)
        if wait_s > 1:
            console.print(f"the server is busy and asks to wait {wait_s:.0f} s")
        return super().sleep_for_retry(response)


class _Session(requests.Session):
    """Refuses redirects from https to anything else: anyone on the way could have changed the content."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target and resp.url.startswith("https:") and not urljoin(resp.url, target).startswith("https:"):
            raise BuildError(f"{resp.url} redirects to an address without https", remedy=BY_HAND)
        return target


def _session() -> requests.Session:
    session = _Session()
    # Harvard's firewall answers 403 to the library's own name (IQSS/dataverse.harvard.edu#479). A compressed answer
    # could not be resumed by bytes.
    session.headers.update({"User-Agent": "lesionlens", "Accept-Encoding": "identity"})
    patience = _Patience(
        total=TRIES, status_forcelist=BUSY, allowed_methods=["GET"], backoff_factor=0.5, raise_on_status=False
    )
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=patience))
    return session


def _list_files(session: requests.Session, address: str) -> list[_File]:
    listing = f"{address}/api/datasets/:persistentId/"
    response = session.get(listing, params={"persistentId": f"doi:{DOI}"}, timeout=(CONNECT_S, SILENCE_S))
    _refuse_bad_answer(response)
    try:
        entries = [entry["dataFile"] for entry in response.json()["data"]["latestVersion"]["files"]]
        listed = {entry["filename"]: entry for entry in entries}
    except (ValueError, KeyError, TypeError) as error:
        raise BuildError(f"{address} does not answer as a Dataverse does", remedy=BY_HAND) from error
    found = {saved_as: next((name for name in names if name in listed), None) for saved_as, names in NEEDED.items()}
    if missing := [names[0] for saved_as, names in NEEDED.items() if found[saved_as] is None]:
        raise BuildError(f"HAM10000 at {address} has no {' and no '.join(missing)} any more", remedy=BY_HAND)
    return [_describe(saved_as, listed[name], address) for saved_as, name in found.items() if name]


def _describe(saved_as: str, entry: dict[str, Any], address: str) -> _File:
    url = f"{address}/api/access/datafile/{entry['id']}"
    if entry.get("originalFileFormat"):  # a table: what was uploaded, and not Dataverse's own form of it
        return _File(saved_as, f"{url}?format=original", None, entry.get("originalFileSize"))
    if entry["filename"].endswith(".tab"):
        saved_as = entry["filename"]
    return _File(saved_as, url, entry.get("md5"), entry.get("filesize"))


def _refuse_if_disk_is_too_small(folder: Path, files: Iterable[_File]) -> None:
    needed = sum((file.size_bytes or 0) - _fetched_bytes(folder, file) for file in files)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise BuildError(
            f"HAM10000 needs {needed / 1e9:.1f} GB more in {folder}, and {free / 1e9:.1f} GB are free",
            remedy=f"make room there, or {BY_HAND}",
        )


def _fetch_files(session: requests.Session, folder: Path, files: list[_File]) -> None:
    pooch.get_logger().setLevel("WARNING")
    shelf = pooch.create(
        path=folder,
        base_url=f"doi:{DOI}/",
        registry={file.name: file.md5 and f"md5:{file.md5}" for file in files},
        urls={file.name: file.url for file in files},
        retry_if_failed=1,  # once more from the start, when size or checksum is wrong
    )
    total, done = sum(file.size_bytes or 0 for file in files), sum(_fetched_bytes(folder, file) for file in files)
    with steps("fetching HAM10000", total, done=done, in_bytes=True) as advance:
        for file in files:
            if file.md5 is None and file.size_bytes != _size_of(folder / file.name):
                delete_files([folder / file.name])  # without a checksum, pooch takes what is there
            try:
                shelf.fetch(file.name, downloader=_Resuming(session, folder, file, advance))
            except ValueError as error:
                raise BuildError(
                    f"{file.name} was fetched twice, and neither time was it what {file.url} promises",
                    remedy=f"try again later, or {BY_HAND}",
                ) from error


class _Resuming:
    """A downloader for pooch that resumes after an interruption, in this run or a later one, by HTTP's Range."""

    def __init__(self, session: requests.Session, folder: Path, file: _File, advance: Advance) -> None:
        self.session = session
        self.file = file
        self.part = _part(folder, file)
        self.advance = advance
        self.counted = _fetched_bytes(folder, file)

    def __call__(self, url: str, output_file: str, pooch: object, check_only: bool = False) -> None:
        """Write the complete file to `output_file`. Raises BuildError, or ValueError if it has another size."""
        if self.file.size_bytes is None or _size_of(self.part) > self.file.size_bytes:
            delete_files([self.part])
        fruitless = 0
        while _size_of(self.part) != self.file.size_bytes:
            before = _size_of(self.part)
            try:
                self._receive(url)
                break
            except requests.exceptions.SSLError as error:
                raise _not_trusted(url) from error
            except requests.RequestException as error:
                fruitless = 0 if _size_of(self.part) > before else fruitless + 1
                if fruitless == TRIES:
                    raise BuildError(f"{self.file.name}: the connection keeps breaking off", remedy=GO_ON) from error
                time.sleep(min(2**fruitless - 1, LONGEST_PAUSE_S))  # at once, as long as something comes
        size = _size_of(self.part)
        replace_file(self.part, Path(output_file))
        if self.file.size_bytes not in (None, size):
            raise ValueError(f"{self.file.name} has {size} bytes instead of {self.file.size_bytes}")

    def _receive(self, url: str) -> None:
        start = _size_of(self.part)
        headers = {"Range": f"bytes={start}-"} if start else {}
        with self.session.get(url, headers=headers, stream=True, timeout=(CONNECT_S, SILENCE_S)) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                delete_files([self.part])
                raise ValueError(f"{self.file.name} is shorter than it was")
            _refuse_bad_answer(response)
            goes_on = response.status_code == requests.codes.partial_content
            self._count(start if goes_on else 0)
            with open(self.part, "ab" if goes_on else "wb") as file:
                for chunk in response.iter_content(CHUNK_BYTES):
                    file.write(chunk)
                    self._count(self.counted + len(chunk))

    def _count(self, size_bytes: int) -> None:
        self.advance(size_bytes - self.counted, self.file.name)
        self.counted = size_bytes


def _refuse_bad_answer(response: requests.Response) -> None:
    if response.ok:
        return
    code = response.status_code
    if code in BUSY:
        raise BuildError(f"{response.url} is busy ({code})", remedy=GO_ON)
    try:
        said = str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        said = response.reason
    raise BuildError(f"{response.url} answers {code}: {said}", remedy=BY_HAND)


def _part(folder: Path, file: _File) -> Path:
    return folder / f"{file.name}.part"


def _fetched_bytes(folder: Path, file: _File) -> int:
    """How many bytes of a file are already on this disk, complete or partial."""
    whole = _size_of(folder / file.name)
    if whole and file.size_bytes in (None, whole):
        return file.size_bytes or 0
    begun = _size_of(_part(folder, file))
    return begun if begun <= (file.size_bytes or 0) else 0


def _size_of(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0
