"""What may become of the files of a site: missing, cut, emptied, swapped, of other types, out of range. In two lists:

`FILES`, one file of a host at a time; `CARDS`, a card with one thing in it changed, whose hash fits all the same.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Card = dict[str, Any]

MODEL = "model/compact"
OTHER = "model/cnn"
CARD = f"{MODEL}/card.json"
SHARD = f"{MODEL}/group1-shard1of1.bin"
WASM = "vendor/tfjs-backend-wasm-simd.wasm"
VENDOR = tuple(f"vendor/tf-{part}.es2017.min.js" for part in ("core", "layers", "backend-wasm"))
PAGE_SCRIPT, WORKER_SCRIPT, WATCH = "js/app.js", "js/worker.js", "js/watch.js"
NOT_FOUND = b"<!doctype html><title>404</title><p>There is no such page.</p>"  # with status 200, as some hosts do


@dataclass(frozen=True)
class Tampering:
    """One file of a site, and what stands in its place; nothing: it is missing."""

    name: str
    file: str
    content: Callable[[Path], bytes | None]  # from the untouched site

    def __str__(self) -> str:
        return f"{self.file.rpartition('/')[2]} {self.name}"


def missing(_: Path) -> None:
    return None


def ways(file: str, instead: str) -> list[Tampering]:
    """The four that can become of any file; instead: another file of the site, which takes its place."""
    return [
        Tampering("missing", file, missing),
        Tampering("cut", file, lambda site: (site / file).read_bytes()[: (site / file).stat().st_size * 2 // 3]),
        Tampering("emptied", file, lambda _: b""),
        Tampering("replaced", file, lambda site: (site / instead).read_bytes()),
        Tampering("not found, status 200", file, lambda _: NOT_FOUND),
    ]


def changed(name: str, file: str, before: str, after: str) -> Tampering:
    def content(site: Path) -> bytes:
        text = (site / file).read_text(encoding="utf-8")
        assert text.count(before) >= 1, (file, before)
        return text.replace(before, after).encode()

    return Tampering(name, file, content)


def flipped(file: str) -> Tampering:
    def content(site: Path) -> bytes:
        whole = bytearray((site / file).read_bytes())
        whole[len(whole) // 2] ^= 64
        return bytes(whole)

    return Tampering("with a bit flipped", file, content)


def cut_after(file: str, share: float) -> Tampering:
    def content(site: Path) -> bytes:
        whole = (site / file).read_bytes()
        return whole[: int(len(whole) * share)]

    return Tampering(f"cut after {share:.1%}", file, content)


def carded(name: str, change: Callable[[Card], Any]) -> Tampering:
    def content(site: Path) -> bytes:
        card = json.loads((site / CARD).read_text(encoding="utf-8"))
        change(card)
        return json.dumps(card).encode()

    return Tampering(name, CARD, content)


def put(*path: str | int, value: Any) -> Callable[[Card], None]:
    """A change that puts a value somewhere into a card."""

    def change(card: Card) -> None:
        *way, last = path
        place: Any = card
        for step in way:
            place = place[step]
        place[last] = value

    return change


def take(*path: str | int) -> Callable[[Card], None]:
    """A change that takes a key out of a card."""

    def change(card: Card) -> None:
        *way, last = path
        place: Any = card
        for step in way:
            place = place[step]
        del place[last]

    return change


def swap_classes(card: Card) -> None:
    first, second = card["classes"][4], card["classes"][5]
    first["code"], second["code"] = second["code"], first["code"]


def swap_whole_classes(card: Card) -> None:
    classes = card["classes"]
    classes[4], classes[5] = {**classes[5], "index": 4}, {**classes[4], "index": 5}


def same_vectors(card: Card) -> None:
    card["self_test"]["vectors"] = [card["self_test"]["vectors"][0]] * 3


POINT, LEVELS = ("judgement", "operating_point"), ("judgement", "sureness")
SCOPE, QUALITY = ("judgement", "scope"), ("judgement", "quality")
TEST = "self_test"

FILES: list[Tampering] = [
    *ways(CARD, f"{OTHER}/card.json"),
    *ways(f"{MODEL}/model.json", f"{OTHER}/model.json"),
    *ways(SHARD, f"{OTHER}/group1-shard1of25.bin"),
    *ways(WASM, "vendor/tfjs-backend-wasm.wasm"),
    *(tampering for file in VENDOR for tampering in ways(file, "vendor/tf-backend-cpu.es2017.min.js")),
    *ways(WORKER_SCRIPT, PAGE_SCRIPT),
    flipped(WORKER_SCRIPT),
    flipped(SHARD),
    flipped(WASM),
    flipped(CARD),
    carded("without a threshold", take(*POINT, "threshold")),
    carded("without is_malignant", lambda card: [kind.pop("is_malignant") for kind in card["classes"]]),
    carded("with two classes swapped", swap_classes),
    carded("without self-test", put(TEST, "vectors", value=[])),
    carded("with a self-test that proves anything", put(TEST, "tolerance", value=1e9)),
    carded("with no level of sureness", put(*LEVELS, value=[])),
    carded("that takes anything for a lesion", put(*SCOPE, "distance_limit", value=1e9)),
    changed("of a later version", CARD, '"version": "', '"version": "0'),
    changed("that judges otherwise", PAGE_SCRIPT, "sum >= ", "sum > 2 + "),
    changed("that adds otherwise", PAGE_SCRIPT, "is_malignant ?", "!is_malignant ?"),
    changed("that shows otherwise", PAGE_SCRIPT, "isAbove ?", "!isAbove ?"),
    changed("that sees otherwise", PAGE_SCRIPT, "Math.floor(mean", "Math.sqrt(mean"),
    changed("that doubts otherwise", WORKER_SCRIPT, "Math.sqrt(product", "0 * Math.sqrt(product"),
    *(Tampering("missing", f"css/{name}.css", missing) for name in ("tokens", "base", "app", "answer")),
    Tampering("missing", "js/language.js", missing),
]

# What the page itself loads; none of them takes long, as no network is loaded.
SCRIPTS: list[Tampering] = [
    *ways(PAGE_SCRIPT, WATCH),
    Tampering("replaced by the worker's", PAGE_SCRIPT, lambda site: (site / WORKER_SCRIPT).read_bytes()),
    *(cut_after(PAGE_SCRIPT, share) for share in (0.01, 0.1, 0.5, 0.9, 0.999)),
    *ways(WATCH, PAGE_SCRIPT),
]


def bad_cards(card: Card) -> Iterator[tuple[str, Any]]:
    """Cards that must be refused, by what was changed in them; the hash of each is that of the page."""
    whole: dict[str, Any] = {"null": None, "a list": [], "a number": 1, "nothing": {}}
    yield from whole.items()
    for path in _paths(card):
        where = ".".join(map(str, path))
        for name, change in (("missing", take(*path)), *_other_types(card, path)):
            if isinstance(path[-1], int) and name == "missing":
                continue  # lists may be of several lengths; those that may not stand below
            yield f"{where} {name}", _with(card, change)
    for name, change in CHANGES.items():
        yield name, _with(card, change)


def _with(card: Card, change: Callable[[Card], Any]) -> Card:
    changed = copy.deepcopy(card)
    change(changed)
    return changed


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where there is anything in a card; of the members of a list the first stands for all."""
    if path:
        yield path
    if isinstance(value, dict):
        for key in value:
            yield from _paths(value[key], (*path, key))
    elif isinstance(value, list) and value:
        yield from _paths(value[0], (*path, 0))


def _other_types(card: Card, path: tuple[str | int, ...]) -> Iterator[tuple[str, Callable[[Card], Any]]]:
    value: Any = card
    for step in path:
        value = value[step]
    may_be_null = path[-1] in ("sensitivity", "specificity", "right_of_100")
    others: dict[str, Any] = {
        "null": None,
        "true": True,
        "a text": "?!",
        "a number": -1e300,
        "a list": [],
        "an object": {},
    }
    for name, other in others.items():
        is_same_type = type(other) is type(value) and not isinstance(value, (str, dict, list))
        if not is_same_type and not (other is None and may_be_null):
            yield name, put(*path, value=other)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield "as a text", put(*path, value=str(value))


CHANGES: dict[str, Callable[[Card], Any]] = {
    "another key": put("more", value=1),
    "another key within": put(*POINT, "more", value=1),
    "another network's name": put("name", value="cnn"),
    "a name that is a path": put("name", value="../compact"),
    "version of another length": put("version", value="12ab"),
    "input not 4 : 3": put("input", "width_px", value=104),
    "input of nothing": put("input", value={"width_px": 0, "height_px": 0}),
    "input of half pixels": put("input", value={"width_px": 100.5, "height_px": 75.375}),
    "two codes swapped": swap_classes,
    "two classes swapped": swap_whole_classes,
    "a class fewer": lambda card: card["classes"].pop(),
    "a class twice": lambda card: card["classes"].append(card["classes"][0]),
    "no class": put("classes", value=[]),
    "nothing malignant": lambda card: [kind.update(is_malignant=False) for kind in card["classes"]],
    "melanoma harmless": put("classes", 4, "is_malignant", value=False),
    "no files": put("files", value=[]),
    "a file fewer": lambda card: card["files"].pop(),
    "a file twice": lambda card: card["files"].append(card["files"][1]),
    "files in another order": lambda card: card["files"].reverse(),
    "a file elsewhere": put("files", 1, "path", value="../cnn/group1-shard1of25.bin"),
    "a file from another site": put("files", 1, "path", value="https://example.org/group1-shard1of1.bin"),
    "another sum of bytes": put("bytes", value=1),
    "a file of no bytes": put("files", 1, "bytes", value=0),
    "hash in capitals": lambda card: card["files"][1].update(sha256=card["files"][1]["sha256"].upper()),
    "threshold above 1": put(*POINT, "threshold", value=1.5),
    "threshold below 0": put(*POINT, "threshold", value=-0.1),
    "threshold in percent": put(*POINT, "threshold", value=51),
    "sensitivity above 1": put(*POINT, "sensitivity", value=1.01),
    "specificity in percent": put(*POINT, "specificity", value=94),
    "no level": put(*LEVELS, value=[]),
    "levels unordered": lambda card: card["judgement"]["sureness"].reverse(),
    "a level twice": lambda card: card["judgement"]["sureness"].insert(0, card["judgement"]["sureness"][0]),
    "no lowest level": lambda card: card["judgement"]["sureness"].pop(),
    "lowest level not from 0": put(*LEVELS, -1, "from", value=0.2),
    "all is sure": put(*LEVELS, value=[{"level": "sure", "from": 0, "right_of_100": 100}]),
    "level of another name": put(*LEVELS, 0, "level", value="certain"),
    "level above 1": put(*LEVELS, 0, "from", value=1.2),
    "101 of 100 right": put(*LEVELS, 0, "right_of_100", value=101),
    "half a photo right": put(*LEVELS, 0, "right_of_100", value=99.5),
    "scope of anything": put(*SCOPE, "threshold", value=1e9),
    "scope of nothing": put(*SCOPE, "threshold", value=0),
    "distance without limit": put(*SCOPE, "distance_limit", value=1e9),
    "emptiness without limit": put(*SCOPE, "emptiness_limit", value=1e9),
    "distance limit below 0": put(*SCOPE, "distance_limit", value=-1),
    "structure of no scale": put(*SCOPE, "structure", "scale", value=0),
    "one layer": put(*SCOPE, "layers", value=["conv2d"]),
    "cells of another number of layers": put(*SCOPE, "cell_px", value=[2, 1, 1]),
    "cells of no pixels": put(*SCOPE, "cell_px", value=[0, 1]),
    "mean cut": lambda card: card["judgement"]["scope"].update(mean=card["judgement"]["scope"]["mean"][:400]),
    "root cut": lambda card: card["judgement"]["scope"].update(root=card["judgement"]["scope"]["root"][:400]),
    "mean of no numbers": lambda card: card["judgement"]["scope"].update(
        mean="AADAfwAA" + card["judgement"]["scope"]["mean"][8:]  # the first is NaN
    ),
    "scale of zeros": lambda card: card["judgement"]["scope"].update(
        scale="AAAAAAAA" + card["judgement"]["scope"]["scale"][8:]
    ),
    "no base64": put(*SCOPE, "mean", value="*" * 768),
    "brightness above 255": put(*QUALITY, "highest_brightness", value=256),
    "dark above bright": put(*QUALITY, "lowest_brightness", value=250),
    "white share above 1": put(*QUALITY, "highest_white_share", value=2),
    "sharpness below 0": put(*QUALITY, "lowest_sharpness", value=-1),
    "steps of nothing": put("explanation", "step_px", value=0),
    "weights of another kind": put("weights", value="int4"),
    "no megapixels": put("photo_limits", "max_megapixels", value=0),
    "no vectors": put(TEST, "vectors", value=[]),
    "two vectors": lambda card: card[TEST]["vectors"].pop(),
    "vectors alike": same_vectors,
    "tolerance of everything": put(TEST, "tolerance", value=1e9),
    "tolerance of 1": put(TEST, "tolerance", value=1),
    "tolerance a little large": put(TEST, "tolerance", value=0.0011),
    "tolerance 0": put(TEST, "tolerance", value=0),
    "tolerance below 0": put(TEST, "tolerance", value=-0.001),
    "tolerance of scope of everything": put(TEST, "scope_tolerance", value=1e9),
    "expected of another sum": put(TEST, "vectors", 0, "probabilities", value=[0.5] * 7),
    "expected nothing": put(TEST, "vectors", 0, "probabilities", value=[0.0] * 7),
    "expected below 0": put(TEST, "vectors", 0, "probabilities", value=[-0.5, 1.5, 0, 0, 0, 0, 0]),
    "expected of six": put(TEST, "vectors", 0, "probabilities", value=[0.25, 0.25, 0.25, 0.25, 0, 0]),
    "expected a text": put(TEST, "vectors", 0, "probabilities", 0, value="0.1"),
    "pixels cut": lambda card: card[TEST]["vectors"][0].update(pixels=card[TEST]["vectors"][0]["pixels"][:400]),
    "no pixels": put(TEST, "vectors", 0, "pixels", value=""),
}
