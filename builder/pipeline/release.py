"""Releases the networks of the last build, and builds a site from released networks without training."""

from __future__ import annotations

import time
from dataclasses import fields
from pathlib import Path
from typing import Any

from builder.errors import BuildError
from builder.files.ownership import refuse_foreign
from builder.files.regular import read_json
from builder.files.result import Damaged, read_result
from builder.folders import Folders, NetworkResults
from builder.pipeline.chain import Chain
from builder.pipeline.record import photos_learned_from, refuse_if_outdated, request_in, write_record
from builder.pipeline.request import Request
from builder.pipeline.safe_folders import at_work
from builder.pipeline.stages import RENDER, UNPACK
from builder.pipeline.summary import summary_of
from builder.progress import console
from builder.release.file_names import PHOTOS
from builder.release.read import networks_in, settings_of
from builder.release.write import refuse_unfit, write_release
from builder.site.messages import classes_in_english
from builder.site.replace_site import replace_site

BUILD_AGAIN = "run python build.py, with the same options as before: it makes anew what is missing"


def release_networks(folders: Folders, trained: Path) -> None:
    """Write each network of the last build into a folder of its own in `trained`."""
    with at_work(folders):
        record = refuse_if_outdated(folders, then="release")
        if "results" not in record:
            raise BuildError(f"the networks of {folders.site} were not trained here", remedy=BUILD_AGAIN)
        networks = {name: _results_in(noted, folders.work) for name, noted in record["results"].items()}
        for name, results in networks.items():
            refuse_unfit(name, results)
            refuse_foreign(trained / name)
        photos, config = photos_learned_from(folders), request_in(record).config()
        if missing := [name for name in networks if name not in photos]:
            raise BuildError(f"the photos that '{missing[0]}' learned from are not there any more", remedy=BUILD_AGAIN)
        for name, results in networks.items():
            write_release(name, results, photos[name], config, record["made_by"], trained / name)
            console.print(f"released: {trained / name}")


def _results_in(noted: dict[str, str], work: Path) -> NetworkResults:
    results = NetworkResults(**{name: work / folder for name, folder in noted.items()})
    for each in fields(results):
        try:
            read_result(getattr(results, each.name))
        except Damaged as damaged:
            raise BuildError(f"{getattr(results, each.name)} is damaged ({damaged})", remedy=BUILD_AGAIN) from damaged
    return results


def build_from_release(request: Request, folders: Folders, trained: Path) -> Path:
    """Render the site from the released networks in `trained`, and replace the old one; returns the rendered site."""
    started = time.monotonic()
    config = request.config()
    wanted, are_named = config.site.networks, ("site", "networks") in request.changes()
    names = networks_in(trained, wanted, are_all_needed=are_named)
    with at_work(folders):
        chain = Chain(config, folders.work)
        networks = {name: _unpack(chain, trained / name) for name in names}
        _refuse_different_data(networks, trained)
        shown = {"networks": networks, "leakage": None, "folds": None, "board": None}
        own = {name: settings_of(trained / name) for name in names}
        settings = {
            **own[names[0]],
            "site": {**config.as_dict()["site"], "networks": names},
            "networks": {name: own[name]["networks"][name] for name in names},
        }
        rendered = chain.run(RENDER, shown, {"settings": settings})
        replace_site(rendered, folders.site)
        learned_from = {name: {"list": str(trained / name / PHOTOS)} for name in names}
        write_record(request, config, folders, rendered=rendered, learned_from=learned_from)
    console.print(summary_of(rendered, folders.site, time.monotonic() - started))
    return rendered


def _unpack(chain: Chain, folder: Path) -> NetworkResults:
    classes: list[dict[str, Any]] = classes_in_english()
    key = {"release": read_result(folder), "classes": classes, "name": folder.name}
    unpacked = chain.run(UNPACK, {}, {"release": folder, "classes": classes}, key=key)
    return NetworkResults(*[unpacked] * len(fields(NetworkResults)))


def _refuse_different_data(networks: dict[str, NetworkResults], trained: Path) -> None:
    """Raise a BuildError unless the networks have the same data and parts: the report has one section about them."""
    (first, data), *others = [(name, read_json(of.evaluated / "figures.json")["data"]) for name, of in networks.items()]
    for name, other in others:
        if other != data:
            raise BuildError(
                f"the networks {first} and {name} in {trained} did not learn from the same photos",
                remedy=f"name one of them: --set site.networks={first}",
            )
