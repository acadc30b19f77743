"""`python build.py data SOURCE`: prints what a data set holds, and writes a page with pictures of it.

The page and its small pictures are for developers: they are in `work/`, and never become part of `site/`.
"""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from PIL import Image

from builder.data.near_identical import likeness_of, near_identical_pairs
from builder.data.store import Photos, load_named_photos
from builder.files.ownership import replacing
from builder.folders import TEMPLATES
from builder.formatting import counted, percent
from builder.photo.size import HEIGHT_PX, WIDTH_PX
from builder.progress import console, steps
from builder.site.messages import classes_in_english
from builder.site.render import template_environment
from builder.studies.survey.measure import Size, Survey, blocks, survey_photos
from builder.studies.survey.plots import Bars, brightness_strip, level_lines, share_width, size_bars
from builder.terminal import visible

EXAMPLES = 12  # of each class on the contact sheet
ODDITIES = 6  # of each kind
PAIRS_SHOWN = 12  # pairs
SIZES_SHOWN = 6
REASONS_SHOWN = 10  # in the terminal
NAMES_SHOWN = 20  # of files left out for one reason
JPEG_QUALITY = 90
STYLES = ("tokens.css", "base.css", "shell.css", "controls.css", "print.css", "report.css", "tables.css", "plots.css")


def write_survey(data: Path, into: Path, refusal: str | None) -> None:
    """Print what the data stage saved in `data`, and write `into`/index.html about it.

    refusal: the reason why a build refuses these data, if it does.
    """
    photos = load_named_photos(data)
    likenesses = _likenesses(photos)
    survey = survey_photos(
        photos,
        sizes=_sizes(photos),
        near_identical=near_identical_pairs(likenesses),
        examples=EXAMPLES,
        oddities=ODDITIES,
    )
    with replacing(into) as fresh:
        _write_page(survey, photos, refusal, fresh)
    refused = [f"A build refuses these data. {refusal}"] if refusal else []
    lines = [*_lines(survey), *refused, f"The page with pictures, for your eyes: {into / 'index.html'}"]
    console.print("\n".join(map(visible, lines)))  # a source may be called so that it holds the end of a line


def _likenesses(photos: Photos) -> list[str]:
    likenesses: list[str] = []
    with steps("comparing photos", len(photos.labels)) as advance:
        for block in blocks(len(photos.labels)):
            for photo in photos.pixels[block]:
                likenesses.append(likeness_of(photo))
                advance()
    return likenesses


def _sizes(photos: Photos) -> Counter[Size] | None:
    """The original sizes of the photos; None for arrays and drawings, which have none."""
    counts = Counter(size for size in photos.details["size"].tolist() if size)
    return Counter({_size(size): count for size, count in counts.items()}) or None


def _texts() -> dict[str, dict[str, Any]]:
    """The names of the classes, by code."""
    return {str(each["code"]): each for each in classes_in_english()}


def _size(text: str) -> Size:
    width, height = text.split("x")
    return int(width), int(height)


def _lines(survey: Survey) -> list[str]:
    lesions = f" of {counted(survey.lesions, 'lesion', 'lesions')}, at most {survey.most_of_one_lesion} of one lesion"
    across = f", {survey.near_identical_across_lesions:,} of different lesions"
    if not survey.lesions_are_known:
        lesions, across = "; which of them show the same lesion it does not say", ""
    lines = [
        f"{survey.about['title']}: {counted(survey.photos, 'photo', 'photos')}{lesions}",
        f"  {'kind':<26}{'photos':>8}{'':>9}{'lesions':>9}",
    ]
    texts = _texts()
    for kind in survey.kinds:
        name = f"{kind.lesion_class.code:<6}{texts[kind.lesion_class.code]['name']}"
        lines.append(f"  {name:<26}{kind.photos:>8,}{percent(kind.share):>9}{kind.lesions:>9,}")
    if survey.sizes is not None:
        sizes = [f"{width} x {height} ({count:,})" for (width, height), count in survey.sizes[:SIZES_SHOWN]]
        more = len(survey.sizes) - SIZES_SHOWN
        lines.append(f"sizes: {', '.join(sizes)}{f' and {more} more sizes' if more > 0 else ''}")
    if survey.parts:
        parts = ", ".join(f"{count:,} {part or 'in none'}" for part, count in survey.parts.items())
        lines.append(
            f"parts of its own: {parts}; near-identical pairs across parts: {survey.near_identical_across_parts:,}"
        )
    pairs = counted(len(survey.near_identical), "pair", "pairs")
    lines.append(
        f"near-identical: {pairs} of photos{across}, {survey.near_identical_of_two_labels:,} of different labels"
    )
    lines += survey.about["notes"]
    left_out = sum(len(names) for _, names in survey.left_out)
    lines.append(f"left out: {counted(left_out, 'file', 'files')}")
    for reason, names in survey.left_out[:REASONS_SHOWN]:
        lines.append(f"  {len(names):,}: {reason} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})")
    if len(survey.left_out) > REASONS_SHOWN:
        lines.append(f"  and {len(survey.left_out) - REASONS_SHOWN} more reasons, all of them on the page")
    return lines


def _write_page(survey: Survey, photos: Photos, refusal: str | None, into: Path) -> None:
    for folder in ("css", "photos"):
        (into / folder).mkdir(parents=True)
    for style in STYLES:
        shutil.copy(TEMPLATES / "css" / style, into / "css")
    shutil.copy(TEMPLATES / "css" / "_survey.css", into / "css" / "survey.css")
    shutil.copy(TEMPLATES / "icon.svg", into)
    shown = {position for kind in survey.kinds for position in kind.examples}
    shown |= {position for pair in survey.near_identical[:PAIRS_SHOWN] for position in pair}
    shown |= {position for positions in survey.odd.values() for position in positions}
    for position in sorted(shown):
        picture = Image.fromarray(photos.pixels[position])
        picture.save(into / _picture(position), quality=JPEG_QUALITY, subsampling=0)
    template = template_environment().get_template("_survey.html")
    page = template.render(
        survey=survey,
        refusal=refusal,
        report={"data": survey.about},  # the frame of every page asks whether the data are the demo's
        classes=classes_in_english(),
        texts=_texts(),
        image_ids=list(map(visible, photos.image_ids)),
        lesion_ids=photos.lesion_ids,
        codes=[kind.lesion_class.code for kind in survey.kinds],
        labels=photos.labels,
        picture=_picture,
        near_identical=survey.near_identical[:PAIRS_SHOWN],
        sizes=None if survey.sizes is None else survey.sizes[:SIZES_SHOWN],
        framed=_framed(survey.sizes),
        names_shown=NAMES_SHOWN,
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        level_lines=level_lines(survey.levels),
        megapixels=_megapixels(survey.sizes),
        brightness_strip=brightness_strip,
        share_width=share_width,
    )
    (into / "index.html").write_text(page, encoding="utf-8", newline="\n")


def _picture(position: int) -> str:
    """The address of a small picture. Not the photo's id: ids may be in any script, and name people."""
    return f"photos/{position}.jpg"


def _framed(sizes: list[tuple[Size, int]] | None) -> int:
    """The photos whose edges are outside the network's frame."""
    return sum(count for (width, height), count in sizes or [] if width * HEIGHT_PX != height * WIDTH_PX)


def _megapixels(sizes: list[tuple[Size, int]] | None) -> Bars | None:
    """A histogram, if a table of the commonest sizes does not show everything."""
    if sizes is None or len(sizes) <= SIZES_SHOWN:
        return None
    return size_bars([width * height / 1e6 for (width, height), _ in sizes], [count for _, count in sizes])
