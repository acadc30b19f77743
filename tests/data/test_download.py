"""HAM10000 by its DOI, from a server of our own: on a good day, and on bad ones."""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.classes import CODES
from builder.data.sources.download import ACCEPTED, RECORD, cache_folder, fetch_ham10000
from builder.errors import BuildError
from builder.files.lock import locked
from tests.conftest import REPOSITORY, run_build_py
from tests.damage import WAYS
from tests.dataverse import Dataverse, running

PART_1, PART_2 = "HAM10000_images_part_1.zip", "HAM10000_images_part_2.zip"
METADATA = b"lesion_id,image_id,dx\nHAM_0000118,ISIC_0027419,bkl\n"
LISTING, FILE_1, FILE_2 = "/api/datasets/:persistentId/", "/api/access/datafile/100", "/api/access/datafile/101"


@pytest.fixture
def server() -> Iterator[Dataverse]:
    """The needed files, each some 400 kB or one table, and some that nobody needs."""
    noise = random.Random(7)
    files = {name: noise.randbytes(400_000 + index) for index, name in enumerate((PART_1, PART_2))}
    files["HAM10000_segmentations_lesion_tschandl.zip"] = b"not needed"
    with running(Dataverse(files, tables={"HAM10000_metadata": METADATA})) as dataverse:
        yield dataverse


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "ham10000"


def fetch(server: Dataverse, cache: Path) -> Path:
    return fetch_ham10000(accept_licence=True, folder=cache, address=server.address)


def is_whole(server: Dataverse, cache: Path) -> bool:
    wanted = {PART_1: server.files[PART_1], PART_2: server.files[PART_2], "HAM10000_metadata.csv": METADATA}
    return {name: (cache / name).read_bytes() for name in wanted} == wanted and not list(cache.glob("*.part"))


def asked_for(server: Dataverse, path: str) -> list[str | None]:
    return [wanted for asked, wanted in server.asked if asked == path]


def test_only_the_needed_files_are_fetched_and_the_table_as_it_was_uploaded(server: Dataverse, cache: Path) -> None:
    assert fetch(server, cache) == cache
    assert is_whole(server, cache)
    assert not list(cache.glob("*segmentations*"))
    assert [path for path, _ in server.asked] == [LISTING, "/api/access/datafile/200", FILE_1, FILE_2]


def test_what_was_fetched_asks_no_server_again(server: Dataverse, cache: Path) -> None:
    fetch(server, cache)
    asked = len(server.asked)
    fetch_ham10000(folder=cache, address=server.address)
    assert len(server.asked) == asked


def test_a_file_that_was_lost_or_changed_is_fetched_again_and_no_other(server: Dataverse, cache: Path) -> None:
    fetch(server, cache)
    (cache / PART_1).unlink()
    (cache / PART_2).write_bytes(b"short")
    (cache / "HAM10000_metadata.csv").write_bytes(b"shorter")
    fetch(server, cache)
    assert is_whole(server, cache)
    (cache / PART_1).unlink()
    server.asked.clear()
    fetch(server, cache)
    assert [path for path, _ in server.asked] == [LISTING, FILE_1]


def test_a_table_whose_bytes_have_changed_is_fetched_again(
    server: Dataverse, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch(server, cache)
    WAYS["flipped"](cache / "HAM10000_metadata.csv")
    fetch(server, cache)
    assert is_whole(server, cache) and "HAM10000_metadata.csv is damaged: fetched again" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "null", "[]", '{"bytes": {}, "content": {}}', '{"bytes": 3, "content": 4}'])
def test_a_record_of_what_was_fetched_that_is_damaged_is_written_anew(
    server: Dataverse, cache: Path, content: str
) -> None:
    fetch(server, cache)
    whole = (cache / RECORD).read_bytes()
    (cache / RECORD).write_text(content, encoding="utf-8")
    fetch(server, cache)
    assert is_whole(server, cache) and (cache / RECORD).read_bytes() == whole


def test_a_record_that_was_cut_short_costs_one_look_at_the_list(server: Dataverse, cache: Path) -> None:
    fetch(server, cache)
    (cache / RECORD).write_text('{"doi": ', encoding="utf-8")
    server.asked.clear()
    fetch(server, cache)
    assert [path for path, _ in server.asked] == [LISTING]


def test_two_builds_at_once_wait_for_each_other_and_fetch_every_file_once(server: Dataverse, cache: Path) -> None:
    cache.mkdir(parents=True)
    said = io.StringIO()  # not capsys: what is printed while it empties itself would be lost
    with redirect_stdout(said), ThreadPoolExecutor(3) as builds:
        with locked(cache):  # a build that is at it already
            waiting = [builds.submit(fetch, server, cache) for _ in range(3)]
            while said.getvalue().count("waiting until it has finished") < 3:
                time.sleep(0.01)
            assert server.asked == []
        assert [build.result() for build in waiting] == [cache] * 3
    assert is_whole(server, cache)
    assert [path for path, _ in server.asked] == [LISTING, "/api/access/datafile/200", FILE_1, FILE_2]


HOLD = """
import sys, time
from pathlib import Path
from builder.files.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_build_that_was_killed_leaves_no_lock_behind(server: Dataverse, cache: Path) -> None:
    cache.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", HOLD, cache], stdout=subprocess.PIPE, cwd=REPOSITORY) as killed:
        assert killed.stdout and killed.stdout.readline() == b"held\n"
        killed.kill()
    fetch(server, cache)
    assert is_whole(server, cache)


def test_the_server_learns_who_asks(server: Dataverse, cache: Path) -> None:
    fetch(server, cache)
    assert server.agents == {"lesionlens"}  # Harvard's firewall turns python-requests away


def test_after_a_cut_it_goes_on_where_it_stopped(server: Dataverse, cache: Path) -> None:
    server.bad_day.extend([None, None, "cut 327680", "cut 65536"])
    fetch(server, cache)
    assert is_whole(server, cache)
    assert asked_for(server, FILE_1) == [None, "bytes=327680-", "bytes=393216-"]


def test_a_later_run_goes_on_where_an_earlier_one_stopped(server: Dataverse, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / f"{PART_1}.part").write_bytes(server.files[PART_1][:123_456])
    fetch(server, cache)
    assert is_whole(server, cache)
    assert asked_for(server, FILE_1) == ["bytes=123456-"]


def test_a_begun_file_that_is_whole_is_not_asked_for(server: Dataverse, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / f"{PART_1}.part").write_bytes(server.files[PART_1])
    fetch(server, cache)
    assert is_whole(server, cache) and asked_for(server, FILE_1) == []


def test_a_begun_file_that_is_too_long_is_begun_anew(server: Dataverse, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / f"{PART_1}.part").write_bytes(bytes(500_000))
    fetch(server, cache)
    assert is_whole(server, cache) and asked_for(server, FILE_1) == [None]


def test_a_server_that_cannot_resume_is_asked_for_the_whole_file(server: Dataverse, cache: Path) -> None:
    server.knows_range = False
    server.bad_day.extend([None, None, "cut 327680"])
    fetch(server, cache)
    assert is_whole(server, cache)
    assert asked_for(server, FILE_1) == [None, "bytes=327680-"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_after_the_time_it_names(server: Dataverse, cache: Path, status: int) -> None:
    busy = (status, {"Retry-After": "1"})
    server.bad_day.extend([busy, None, None, (status, {"Retry-After": "0"})])
    fetch(server, cache)
    assert is_whole(server, cache)
    assert len(asked_for(server, LISTING)) == 2 and len(asked_for(server, FILE_1)) == 2


def test_a_server_that_asks_to_wait_long_is_left_alone(server: Dataverse, cache: Path) -> None:
    server.bad_day.append((503, {"Retry-After": "3600"}))
    with pytest.raises(BuildError, match="come back in 60 minutes"):
        fetch(server, cache)
    assert len(server.asked) == 1


def test_a_server_that_breaks_off_every_time_is_given_up_and_what_came_is_kept(
    server: Dataverse, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builder.data.sources.download.LONGEST_PAUSE_S", 0)
    server.bad_day.extend([None, None, "cut 32768", *["cut 0"] * 100])
    with pytest.raises(BuildError, match="keeps breaking off") as raised:
        fetch(server, cache)
    assert "goes on from where it stopped" in raised.value.remedy
    assert (cache / f"{PART_1}.part").read_bytes() == server.files[PART_1][:32768]
    server.bad_day.clear()
    fetch(server, cache)
    assert is_whole(server, cache)


def test_a_wrong_checksum_is_fetched_anew_once(server: Dataverse, cache: Path) -> None:
    server.bad_day.extend([None, None, "wrong"])
    fetch(server, cache)
    assert is_whole(server, cache)
    assert asked_for(server, FILE_1) == [None, None]


def test_bytes_of_another_file_in_front_are_found_by_the_checksum(server: Dataverse, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / f"{PART_1}.part").write_bytes(bytes(1000))
    fetch(server, cache)
    assert is_whole(server, cache)
    assert asked_for(server, FILE_1) == ["bytes=1000-", None]


def test_a_checksum_that_stays_wrong_is_a_problem_to_mend(server: Dataverse, cache: Path) -> None:
    server.md5_of[PART_1] = "f" * 32
    with pytest.raises(BuildError, match=rf"{PART_1} was fetched twice"):
        fetch(server, cache)
    assert not (cache / PART_1).exists()


def test_a_changed_file_list_names_what_is_missing(server: Dataverse, cache: Path) -> None:
    server.files["HAM10000_images.tar"] = server.files.pop(PART_2)
    with pytest.raises(BuildError, match=rf"has no {PART_2} any more") as raised:
        fetch(server, cache)
    assert "https://doi.org/10.7910/DVN/DBW86T" in raised.value.remedy
    assert [path for path, _ in server.asked] == [LISTING]


def test_the_table_may_be_listed_as_a_plain_file(server: Dataverse, cache: Path) -> None:
    server.tables.clear()
    server.files["HAM10000_metadata"] = METADATA
    fetch(server, cache)
    assert is_whole(server, cache)


def test_an_answer_that_is_no_listing_is_a_problem_to_mend(server: Dataverse, cache: Path) -> None:
    with pytest.raises(BuildError, match="answers 404: not found"):
        fetch_ham10000(accept_licence=True, folder=cache, address=f"{server.address}/elsewhere")
    server.bad_day.append((200, {}))
    with pytest.raises(BuildError, match="does not answer as a Dataverse does"):
        fetch(server, cache)


def test_a_file_that_is_refused_says_why(server: Dataverse, cache: Path) -> None:
    server.bad_day.extend([None, None, (403, {})])
    with pytest.raises(BuildError, match="answers 403: a bad day"):
        fetch(server, cache)


def test_a_disk_that_is_too_small_is_said_before_a_file_is_fetched(server: Dataverse, cache: Path) -> None:
    listing = server.listing()
    listing["data"]["latestVersion"]["files"][0]["dataFile"]["filesize"] = shutil.disk_usage("/").free * 10
    server.listing = lambda: listing  # type: ignore[method-assign]
    with pytest.raises(BuildError, match=r"needs \d+\.\d GB more in .*ham10000, and \d+\.\d GB are free"):
        fetch(server, cache)
    assert [path for path, _ in server.asked] == [LISTING]


def test_the_licence_is_shown_and_accepted_once(
    server: Dataverse, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BuildError, match="has not been accepted") as raised:
        fetch_ham10000(folder=cache, address=server.address)
    assert "--accept-licence" in raised.value.remedy
    assert server.asked == []
    shown = capsys.readouterr().out
    assert "CC BY-NC 4.0" in shown and "doi:10.1038/sdata.2018.161" in shown
    fetch(server, cache)
    assert "CC BY-NC 4.0" in (cache / ACCEPTED).read_text(encoding="utf-8")
    capsys.readouterr()
    (cache / PART_1).unlink()
    fetch_ham10000(folder=cache, address=server.address)
    assert "CC BY-NC" not in capsys.readouterr().out


def test_a_server_that_is_not_there_is_a_problem_to_mend(
    server: Dataverse, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builder.data.sources.download.TRIES", 1)
    with pytest.raises(BuildError, match="cannot be reached"):
        fetch_ham10000(accept_licence=True, folder=cache, address="http://127.0.0.1:9")


def test_a_folder_that_cannot_be_made_is_a_problem_to_mend(server: Dataverse, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BuildError, match="cannot be written"):
        fetch(server, tmp_path / "file" / "ham10000")


@pytest.fixture
def user_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of a user who has none yet."""
    for name in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):  # by which systems name it
        monkeypatch.setenv(name, str(tmp_path))
    assert cache_folder().is_relative_to(tmp_path)
    return cache_folder()


def test_what_was_fetched_is_a_source_like_any_other(server: Dataverse, user_cache: Path, tmp_path: Path) -> None:
    lines = ["lesion_id,image_id,dx"]
    for part, name in enumerate((PART_1, PART_2)):
        photos = io.BytesIO()
        with zipfile.ZipFile(photos, "w") as packed:
            for index in range(part * 10, part * 10 + 10):
                picture = io.BytesIO()
                noise = np.random.default_rng(index).integers(0, 255, (9, 12, 3), np.uint8)
                Image.fromarray(noise).resize((600, 450)).save(picture, "JPEG")
                packed.writestr(f"ISIC_{index:07d}.jpg", picture.getvalue())
                lines.append(f"HAM_{index:07d},ISIC_{index:07d},{CODES[index % 7]}")
        server.files[name] = photos.getvalue()
    server.tables["HAM10000_metadata"] = "\n".join(lines).encode()
    server.bad_day.extend([None, None, "cut 32768"])
    fetch(server, user_cache)
    looked = run_build_py("--work", tmp_path / "work", "data", "ham10000")
    assert looked.returncode == 0, looked.stderr
    assert "HAM10000: 20 photos of 20 lesions" in looked.stdout and "600 x 450 (20)" in looked.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals to type into")
@pytest.mark.parametrize(("typed", "said"), [("y", "fetched"), ("n", "is not fetched without"), ("", "is not fetched")])
def test_at_a_terminal_a_person_is_asked(server: Dataverse, cache: Path, typed: str, said: str) -> None:
    script = f"""
from pathlib import Path
from builder.data.sources.download import fetch_ham10000
from builder.errors import BuildError
try:
    print("fetched", fetch_ham10000(folder=Path({str(cache)!r}), address={server.address!r}))
except BuildError as error:
    print(error)
"""
    ours, theirs = os.openpty()
    os.write(ours, f"{typed}\n".encode())
    command = [sys.executable, "-c", script]
    asked = subprocess.run(command, cwd=REPOSITORY, stdin=theirs, capture_output=True, text=True, check=True)
    os.close(ours)
    os.close(theirs)
    assert "Do you accept it? [y/N]" in asked.stdout and said in asked.stdout
    assert (cache / ACCEPTED).exists() == (typed == "y")


def test_a_script_is_told_how_to_accept_the_licence(user_cache: Path, tmp_path: Path) -> None:
    told = run_build_py("--work", tmp_path / "work", "--data", "ham10000")
    assert told.returncode == 1
    assert len(told.stderr.splitlines()) == 2 and "--accept-licence" in told.stderr
    assert not (user_cache / ACCEPTED).exists()
