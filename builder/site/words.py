"""Formats messages and numbers in one language, for the templates; `js/page/language.js` does it for the scripts."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape

from builder.errors import BuildError
from builder.formatting import counted_out, megabytes, percent_parts
from builder.site.languages import Language
from builder.site.messages import PLACEHOLDER, Messages


class Words:
    """The messages of one language. Templates call its methods as functions and as filters."""

    def __init__(self, language: Language, messages: Messages) -> None:
        self.language = language
        self.messages = messages

    def t(self, key: str, **values: Any) -> Markup:
        """The message `key` with its placeholders filled in and escaped; a Markup value stays unchanged."""
        text = self.messages.get(key)
        if text is None:
            raise BuildError(
                f"messages/{self.language.code}.json: there is no {key!r}",
                remedy="a template asks for it: add it to the message files",
            )
        wanted = set(PLACEHOLDER.findall(text))
        if not wanted <= values.keys():
            raise BuildError(
                f"the message {key!r} is said without {', '.join(sorted(wanted - values.keys()))}",
                remedy="give it in the template",
            )
        filled = PLACEHOLDER.sub(lambda found: str(escape(self._spoken(values[found[1]]))), str(escape(text)))
        return Markup(filled)  # escaped above, text and values

    def plural(self, key: str, count: int, **values: Any) -> Markup:
        """The message `key` in the plural form for `count`, which fills in `{count}`."""
        return self.t(f"{key}.{plural_form(self.language, count)}", **{"count": count, **values})

    def number(self, number: int) -> str:
        """A whole number with separated thousands."""
        if len(str(abs(number))) <= self.language.ungrouped_digits:
            return str(number)
        return self._localized(f"{number:,}")

    def percent(self, share: float | None) -> str:
        """Like `percent` in formatting.py, in this language."""
        if share is None:
            return str(self.t("number.not-measured"))
        bound, number = percent_parts(share)
        spoken = self.t("number.percent", number=self._localized(number))
        return str(self.t(f"number.{bound}", percent=spoken) if bound else spoken)

    def out_of(self, share: float | None, whole: int = 100) -> str:
        """Like `out_of` in formatting.py, in this language."""
        if share is None:
            return str(self.t("number.not-measured"))
        part, whole = counted_out(share, whole)
        return str(self.t("number.out-of", part=part, whole=whole))

    def megabytes(self, size_bytes: int) -> str:
        return str(self.t("number.megabytes", number=self._localized(megabytes(size_bytes).removesuffix(" MB"))))

    def in_words(self, number: int) -> str:
        """Small numbers as words, larger ones as digits."""
        return str(self.messages.get(f"number.word.{number}") or self.number(number))

    def _spoken(self, value: Any) -> Any:
        return self.number(value) if isinstance(value, int) else value

    def _localized(self, english: str) -> str:
        return english.translate({ord(","): self.language.group, ord("."): self.language.decimal})


def plural_form(language: Language, count: int) -> str:
    """The plural form of a whole number from 0 on, by the rules of Unicode's CLDR, which browsers use too."""
    if language.code == "zh":
        return "other"
    if language.code == "fr":
        return "one" if count in (0, 1) else "other"
    if language.code != "ar":
        return "one" if count == 1 else "other"
    if count < 3:
        return ("zero", "one", "two")[count]
    within_hundred = count % 100
    if within_hundred < 3:
        return "other"
    return "few" if within_hundred <= 10 else "many"
