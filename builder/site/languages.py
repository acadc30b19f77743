"""The languages of the site, English first. Their texts are in `web_template/messages/<code>.json`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the site: its folder, its own name, and its number format (from Unicode's CLDR)."""

    code: str  # the folder of its pages, and the name of its message file
    tag: str  # as `lang` and `hreflang` want it
    name: str
    direction: str = "ltr"
    group: str = ","  # between thousands
    decimal: str = "."
    ungrouped_digits: int = 3  # numbers of so many digits, and fewer, are written without `group`
    plurals: tuple[str, ...] = ("one", "other")


ENGLISH = Language("en", "en", "English")
LANGUAGES = (
    ENGLISH,
    Language("de", "de", "Deutsch", group=".", decimal=","),
    Language("es", "es", "Español", group=".", decimal=",", ungrouped_digits=4),
    Language("fr", "fr", "Français", group="\u202f", decimal=","),
    Language("zh", "zh-Hans", "简体中文", plurals=("other",)),
    # Western digits, as most Arabic pages about medicine have them; js/page/language.js asks for the same.
    Language("ar", "ar", "العربية", "rtl", plurals=("zero", "one", "two", "few", "many", "other")),
)  # fmt: skip
