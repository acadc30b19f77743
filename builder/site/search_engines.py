"""Files for search engines and link previews, which need full addresses: made only if `site.address` is set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont

from builder.site.class_facts import FACTS
from builder.site.languages import ENGLISH, LANGUAGES, Language
from builder.site.messages import Messages


@dataclass(frozen=True, slots=True)
class Preview:
    """The preview picture for links to the site, in the size that Open Graph's readers show completely."""

    name: str = "preview.png"
    width_px: int = 1200
    height_px: int = 630


PREVIEW = Preview()
MARGIN_PX = 64
PAPER, INK, QUIET = "#fbfaf7", "#1e1c19", "#4b4741"  # as in tokens.css


def write_sitemap(into: Path, address: str, pages: tuple[str, ...], english_only: tuple[str, ...]) -> None:
    """Write sitemap.xml, with each page in all languages, and the robots.txt that names it."""
    entries = []
    for page in pages:
        alternates = "".join(
            f'<xhtml:link rel="alternate" hreflang="{other.tag}" href="{escape(address_of(address, page, other))}"/>'
            for other in LANGUAGES
        )
        entries += [_entry(address_of(address, page, language), alternates) for language in LANGUAGES]
    entries += [_entry(address_of(address, page, ENGLISH), "") for page in english_only]
    body = "\n".join(entries)
    (into / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
        f"{body}\n</urlset>\n",
        encoding="utf-8",
    )
    (into / "robots.txt").write_text(f"User-agent: *\nAllow: /\nSitemap: {address}sitemap.xml\n", encoding="utf-8")


def address_of(address: str, page: str, language: Language) -> str:
    """The full address of a page; for the start page, the address of its folder."""
    folder = "" if language is ENGLISH else f"{language.code}/"
    return f"{address}{folder}{'' if page == 'index.html' else page}"


def draw_preview(into: Path, drawings: Path, english: Messages) -> None:
    """Draw the preview picture for links to the site: name, question and the drawings of the classes."""
    width, height = PREVIEW.width_px, PREVIEW.height_px
    picture = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((MARGIN_PX, 70), "lesionlens", INK, ImageFont.load_default(40))
    draw.text((MARGIN_PX, 140), english["intro.title"], INK, ImageFont.load_default(68))
    draw.text((MARGIN_PX, 250), english["footer.short"], QUIET, ImageFont.load_default(34))
    across = (width - 2 * MARGIN_PX) // len(FACTS)
    for position, code in enumerate(FACTS):
        with Image.open(drawings / f"{code}.webp") as drawing:
            side = drawing.height
            left = (drawing.width - side) // 2
            tile = drawing.convert("RGB").crop((left, 0, left + side, side)).resize((across - 12, across - 12))
        picture.paste(tile, (MARGIN_PX + position * across, height - MARGIN_PX - across))
    picture.save(into / PREVIEW.name, optimize=True)


def _entry(address: str, alternates: str) -> str:
    return f"<url><loc>{escape(address)}</loc>{alternates}</url>"
