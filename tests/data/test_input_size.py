"""A network that sees more of a photo than others: the same photos, the same split, the same frame."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from builder.classes import CODES
from builder.config.config import Config
from builder.config.read import read_config
from builder.data.demo.draw import draw_demo_photo
from builder.data.gather import gather_at_width
from builder.data.store import load_named_photos, load_photos
from builder.errors import BuildError
from builder.evaluate.ood_photos import other_things
from builder.photo.frame import Frame, centred_frame, shrink
from builder.photo.preprocess import photo_to_pixels
from builder.photo.quality import measure_quality, quality_limits
from builder.pipeline.chain import Chain
from builder.pipeline.network_stages import gather as gather_for
from builder.pipeline.network_stages import seen_by
from builder.site.offline import write_service_worker
from builder.train.random_augmentation import random_augmentation
from tests.conftest import REPOSITORY, Build, run_command
from tests.mobilenet_site import export_mobilenet, some_mobilenet
from tests.photo_sets import arrays, class_folder_files, gather, lay, medmnist
from tests.visiting import answer, frame, png, visit
from tests.web_template.test_second_opinion import opinions

WIDTH_PX, HEIGHT_PX = 160, 120


def config_of(source: Path | str, *settings: str) -> Config:
    return read_config(REPOSITORY / "config.toml", source=str(source), settings=list(settings))


def gather_larger(source: Path, folder: Path) -> tuple[Path, Path]:
    """The folders of the photos as usual, and of the same ones as a network sees them that sees more."""
    usual, larger = folder / "usual", folder / "larger"
    gather(source, usual)
    larger.mkdir()
    gather_at_width(usual, config_of(source).data, larger, width_px=WIDTH_PX)
    return usual, larger


def test_the_same_photos_are_opened_once_more_for_a_network_that_sees_more(tmp_path: Path) -> None:
    source = lay(tmp_path / "set", {**class_folder_files(), "nv/broken.jpg": b"no photo"})
    usual, larger = gather_larger(source, tmp_path / "data")
    for table in ("photos.csv", "details.csv", "about.json"):
        assert (larger / table).read_bytes() == (usual / table).read_bytes()
    photos = load_photos(larger)
    assert photos.pixels.shape == (42, HEIGHT_PX, WIDTH_PX, 3)
    for row in (0, 20, 41):
        file = source / load_named_photos(usual).image_ids[row]
        assert (photos.pixels[row] == photo_to_pixels(file, WIDTH_PX)).all()
        assert (load_photos(usual).pixels[row] == photo_to_pixels(file)).all()


def test_what_another_size_has_left_is_not_taken_for_this_one(tmp_path: Path) -> None:
    source = lay(tmp_path / "set", class_folder_files())
    usual, larger = gather_larger(source, tmp_path / "data")
    gather(source, tmp_path / "data" / "again")
    assert (tmp_path / "data" / "again" / "pixels.npy").read_bytes() == (usual / "pixels.npy").read_bytes()
    once_more = tmp_path / "data" / "once more"
    once_more.mkdir()
    gather_at_width(usual, config_of(source).data, once_more, width_px=WIDTH_PX)
    assert (once_more / "pixels.npy").read_bytes() == (larger / "pixels.npy").read_bytes()


@pytest.mark.parametrize("kind", ["arrays", "medmnist"])
def test_arrays_are_enlarged_as_a_small_frame_is(tmp_path: Path, kind: str) -> None:
    source = arrays(tmp_path / "set") if kind == "arrays" else medmnist(tmp_path / "dermamnist.npz")
    usual, larger = gather_larger(source, tmp_path / "data")
    small, large = load_photos(usual), load_photos(larger)
    assert large.pixels.shape == (len(small.labels), HEIGHT_PX, WIDTH_PX, 3)
    assert np.abs(large.pixels.mean(axis=(1, 2)) - small.pixels.mean(axis=(1, 2))).max() < 3
    if kind == "arrays":
        whole = Frame(0, 0, 100, 75)
        assert (large.pixels[0] == shrink(small.pixels[0], whole, WIDTH_PX, HEIGHT_PX)).all()


def test_photos_that_changed_meanwhile_are_a_problem_to_mend(tmp_path: Path) -> None:
    source = lay(tmp_path / "set", class_folder_files())
    gather(source, tmp_path / "usual")
    (source / "nv" / "photo 05.jpg").unlink()
    (tmp_path / "larger").mkdir()
    with pytest.raises(BuildError, match="has changed while it was read"):
        gather_at_width(tmp_path / "usual", config_of(source).data, tmp_path / "larger", width_px=WIDTH_PX)


def test_each_size_is_gathered_once_and_all_networks_share_one_split(tmp_path: Path) -> None:
    settings = ["demo.photos=70", "mobilenet.width_px=160", "grayscale.width_px=160", "compact.width_px=120"]
    chain = Chain(config_of("demo", *settings), tmp_path)
    data = gather_for(chain)
    seen = {
        name: seen_by(chain, chain.config.network_of(name), data)
        for name in ("cnn", "mobilenet", "grayscale", "compact")
    }
    assert seen["cnn"] == data and seen["mobilenet"] == seen["grayscale"]
    widths = {name: load_photos(folder).pixels.shape[2] for name, folder in seen.items()}
    assert widths == {"cnn": 100, "mobilenet": 160, "grayscale": 160, "compact": 120}
    for folder in seen.values():  # what the split is made of
        assert (folder / "photos.csv").read_bytes() == (data / "photos.csv").read_bytes()
    drawn = draw_demo_photo(3, chain.config.demo.seed, width_px=WIDTH_PX, height_px=HEIGHT_PX)
    assert (load_photos(seen["mobilenet"]).pixels[3] == drawn.pixels).all()


def test_whatever_looks_at_pixels_takes_their_size_from_them(tmp_path: Path) -> None:
    photos = np.stack([draw_demo_photo(i, 5, width_px=WIDTH_PX, height_px=HEIGHT_PX).pixels for i in range(4)])
    assert random_augmentation(photos, np.random.default_rng(0)).shape == photos.shape
    others = other_things(3, WIDTH_PX)
    assert all(kind.pixels.shape[1:] == (HEIGHT_PX, WIDTH_PX, 3) for kind in others.values())
    measured = [measure_quality(photo, across) for photo, across in zip(photos, (900, 500, 400, 350), strict=True)]
    assert quality_limits(measured, WIDTH_PX)["lowest_across_px"] == 2 * WIDTH_PX
    assert quality_limits(measured, 100)["lowest_across_px"] == 200


@pytest.fixture(scope="module")
def page(browser: Browser, demo_build: Build, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, Path]]:
    """The demo's site, where a mobilenet that sees more has taken the second network's place."""
    site = tmp_path_factory.mktemp("two sizes") / "site"
    shutil.copytree(demo_build.site, site)
    file = site / "model" / "cnn" / "card.json"
    known = hashlib.sha256(file.read_bytes()).hexdigest()
    shutil.rmtree(file.parent)
    export_mobilenet(some_mobilenet(WIDTH_PX), site, "cnn", refuses=False)
    # The page and `predict` know a card by its hash.
    start = (site / "index.html").read_text(encoding="utf-8")
    start = start.replace(known, hashlib.sha256(file.read_bytes()).hexdigest())
    (site / "index.html").write_text(start, encoding="utf-8")
    write_service_worker(REPOSITORY / "web_template" / "sw.js", site)
    with visit(browser, site) as opened:
        yield opened, site


# From all of a photo as small as is let through, and from one that is larger than either network's input.
@pytest.mark.parametrize("size", [(100, 75), (400, 300)])
def test_the_second_network_sees_the_same_frame_at_its_own_size(
    page: tuple[Page, Path], tmp_path: Path, size: tuple[int, int]
) -> None:
    opened, site = page
    photo = tmp_path / "photo.png"
    photo.write_bytes(png(draw_demo_photo(2, 321, width_px=size[0], height_px=size[1]).pixels))
    first = answer(opened, photo.read_bytes())
    if opened.is_visible("#opinions-ask"):
        opened.click("#opinions-ask")
    own, other = opinions(opened).values()
    assert frame(opened) == {"x": 0, "y": 0, "width": size[0], "height": size[1]} == vars_of(centred_frame(*size))
    told = run_command("--site", site, "predict", "--json", "--network", "cnn", photo)
    expected = json.loads(told.stdout)["photos"][0]["probabilities"]
    shown = sorted(CODES, key=lambda code: -first[code])
    assert other == pytest.approx([expected[code] for code in shown], abs=1e-3)
    assert own == pytest.approx([first[code] for code in shown])


def vars_of(frame: Frame) -> dict[str, float]:
    return {"x": frame.x, "y": frame.y, "width": frame.width, "height": frame.height}
