"""Last stage: renders the site from the templates, the figures, the exported networks and TensorFlow.js."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from builder.files.ownership import copy_files
from builder.files.regular import read_json
from builder.folders import REPOSITORY, TEMPLATES, NetworkResults
from builder.formatting import FILTERS
from builder.site.citations import METHODS
from builder.site.class_facts import ABCDE, DRAWING_PX, FACTS, draw_classes
from builder.site.file_names import BOARD, PREDICTIONS, REPORT
from builder.site.icons import draw_icons
from builder.site.languages import ENGLISH, LANGUAGES, Language
from builder.site.leaderboard_page import PAGE as BOARD_PAGE
from builder.site.leaderboard_page import write_board_page
from builder.site.messages import Messages, check_uses, load_messages
from builder.site.offline import SERVICE_WORKER, write_service_worker
from builder.site.plots.template_globals import GLOBALS
from builder.site.public_settings import public_settings
from builder.site.report_pages import TEMPLATE as REPORT_PAGE
from builder.site.report_pages import report_address, report_context, write_report_pages
from builder.site.samples import SAMPLES as DRAWN_SAMPLES
from builder.site.samples import write_samples
from builder.site.scripts import SCRIPTS, bundle_scripts
from builder.site.search_engines import PREVIEW, address_of, draw_preview, write_sitemap
from builder.site.tensorflowjs_scripts import copy_tensorflowjs
from builder.site.words import Words

SCHEMA = REPOSITORY / "builder" / "evaluate" / "report.schema.json"

# English lies at the root, the other languages in folders of their own. All other pages are in English alone.
IN_ALL_LANGUAGES = ("index.html", "kinds.html", "how.html", "privacy.html")
# The groups of messages that only templates say: pages do not carry them for their scripts.
FOR_TEMPLATES = (
    "about",
    "footer",
    "how",
    "intro",
    "kinds",
    "languages",
    "missing",
    "nav",
    "noscript",
    "privacy",
    "record",
    "warnings",
)
# The files that decide an answer. Pages carry their hashes, and use no others: see js/site/bytes.js. The weights' own
# are in the cards.
DECISIVE = ("js/*.js", "vendor/tf-*.js", "vendor/*.wasm", "samples/*.png", "model/*/card.json")


def render_site(
    networks: Mapping[str, NetworkResults],
    leakage: Path | None,
    folds: Path | None,
    board: Path | None,
    *,
    settings: Mapping[str, Any],
    into: Path,
) -> None:
    """Stage entry: save the whole site in `into`.

    leakage, folds, board: the results of these studies, if they were requested. settings: from `Config.as_dict`.
    """
    has_board = board is not None
    report = assemble_report(networks, leakage, folds, settings)
    for network in networks.values():
        copy_files(sorted(network.exported.glob("model/*/*")), network.exported, into)
    _join_tables([network.evaluated / PREDICTIONS for network in networks.values()], into / PREDICTIONS)
    (into / REPORT).write_text(json.dumps(report, indent=1, allow_nan=False), encoding="utf-8")
    shutil.copy(SCHEMA, into)
    copy_tensorflowjs(into)
    write_samples(into)
    draw_classes(into / "pictures")
    draw_icons(into / "icons")
    address = _full_address(settings["site"]["address"])
    name = next(iter(report["networks"]))
    if address:
        reports = tuple(report_address(report, each) for each in report["networks"]) + ((BOARD_PAGE,) if board else ())
        write_sitemap(into, address, IN_ALL_LANGUAGES, reports)
        draw_preview(into, into / "pictures", load_messages(TEMPLATES / "messages")["en"])
    _render_templates(into, address, {
        **report_context(report, name, has_board=has_board),
        "model_bytes": report["networks"][name]["export"]["bytes"],
        "opinions": [_opinion(name, report["networks"][name]) for name in report["networks"]],
        "samples": DRAWN_SAMPLES,
        "input_px": report["networks"][name]["export"]["input"],
        "kind_facts": FACTS,
        "drawing_px": DRAWING_PX,
        "abcde": ABCDE,
        "method_sources": METHODS,
    })  # fmt: skip
    write_report_pages(template_environment(page=REPORT_PAGE, site_address=address), report, into, has_board=has_board)
    if board:
        write_board_page(
            template_environment(page=BOARD_PAGE, site_address=address), read_json(board / BOARD), report, into
        )
    write_service_worker(TEMPLATES / SERVICE_WORKER, into)


def assemble_report(
    networks: Mapping[str, NetworkResults], leakage: Path | None, folds: Path | None, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Every figure of the report page, as `report.schema.json` describes them."""
    figures = {name: read_json(network.evaluated / "figures.json") for name, network in networks.items()}
    data = next(iter(figures.values()))["data"]  # the same for all
    return {
        "$schema": SCHEMA.name,
        "data": data,
        "config": public_settings(settings, data),
        "networks": {
            name: {
                **figures[name]["network"],
                "scope": read_json(network.ood / "ood.json")["figures"],
                "export": read_json(network.exported / "export.json"),
            }
            for name, network in networks.items()
        },
        "leakage": read_json(leakage / "leakage.json") if leakage else None,
        "folds": {"shipped": settings["split"]["fold"], **read_json(folds / "folds.json")} if folds else None,
    }


def _opinion(name: str, network: Mapping[str, Any]) -> dict[str, Any]:
    """What the page says about a network before it loads it: see KnownNetwork in web_template/js/answer/opinions.js."""
    right, found = (network["test"][figure]["value"] for figure in ("accuracy", "melanoma_sensitivity"))
    return {
        "name": name,
        "address": f"model/{name}",
        "bytes": network["export"]["bytes"],
        "right_of_100": None if right is None else round(100 * right),
        "melanomas_of_100": None if found is None else round(100 * found),
    }


def _join_tables(tables: list[Path], into: Path) -> None:
    """Write the rows of all tables under the header of the first one."""
    header, _ = tables[0].read_bytes().split(b"\n", 1)
    bodies = [table.read_bytes().split(b"\n", 1)[1] for table in tables]
    into.write_bytes(b"\n".join([header, b"".join(bodies)]))


def _full_address(setting: str) -> str:
    """The site's address with a slash at its end; empty if none is set."""
    return f"{setting.rstrip('/')}/" if setting else ""


def template_environment(words: Words | None = None, page: str = "", site_address: str = "") -> Environment:
    """The environment of `web_template` to render `page` (the name of its file) in one language."""
    words = words or Words(ENGLISH, load_messages(TEMPLATES / "messages")["en"])
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "ensure_ascii": False}
    environment.filters.update(FILTERS)
    environment.globals.update(GLOBALS)
    if page in IN_ALL_LANGUAGES:
        environment.filters.update({
            "percent": words.percent, "out_of": words.out_of, "count": words.number,
            "in_words": words.in_words, "megabytes": words.megabytes,
        })  # fmt: skip
    environment.globals.update({
        "t": words.t,
        "plural": words.plural,
        "said_by_scripts": _said_by_scripts(words.messages),
        "language": words.language,
        "languages": LANGUAGES,
        "page": page,
        "site_address": site_address,  # or nothing, where it is not known
        "address_of": address_of,
        "preview": PREVIEW,
        "is_in_all_languages": page in IN_ALL_LANGUAGES,
        "start": _start(words.language, page),
        "root": "" if words.language is ENGLISH else "../",  # from the page to the site's folder
    })  # fmt: skip
    return environment


def _start(language: Language, page: str) -> str:
    """The address of the start page, as seen from a page: English pages keep to English, see js/language.js."""
    is_for_reading = page in IN_ALL_LANGUAGES and page != "index.html"
    return "index.html#en" if language is ENGLISH and is_for_reading else "index.html"


def _said_by_scripts(messages: Messages) -> Messages:
    return {key: text for key, text in messages.items() if key.partition(".")[0] not in FOR_TEMPLATES}


def _render_templates(into: Path, site_address: str, context: dict[str, Any]) -> None:
    """Render pages and copy all other files; a name that begins with `_` is part of a page, not a page."""
    messages = load_messages(TEMPLATES / "messages")
    check_uses(SCRIPTS, messages["en"])
    # For the one page that a host shows to all visitors.
    context["in_other_languages"] = lambda key: [(other, messages[other.code][key]) for other in LANGUAGES[1:]]
    pages = []
    for file in sorted(TEMPLATES.rglob("*")):
        path = file.relative_to(TEMPLATES)
        if file.is_dir() or path.parts[0] in ("js", "messages") or any(part.startswith("_") for part in path.parts):
            continue
        if path.name == REPORT_PAGE:  # has a page for each network
            continue
        if file.suffix == ".html":
            pages.append(path)
            continue
        (into / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, into / path)
    bundle_scripts(into)
    context["hashes"] = _hashes_of(into)
    for path in pages:
        for language in LANGUAGES if path.name in IN_ALL_LANGUAGES else (ENGLISH,):
            words = Words(language, messages[language.code])
            page = template_environment(words, path.name, site_address).get_template(path.as_posix()).render(context)
            folder = into if language is ENGLISH else into / language.code
            folder.mkdir(exist_ok=True)
            (folder / path).write_text(page, encoding="utf-8", newline="\n")


def _hashes_of(site: Path) -> dict[str, str]:
    """The SHA-256 of the files that decide an answer, by their addresses in the site."""
    files = sorted(file for pattern in DECISIVE for file in site.glob(pattern))
    return {file.relative_to(site).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
