"""The texts for visitors, in every language: `web_template/messages/<code>.json`, checked against English.

A file holds flat keys, grouped by dots, such as "photo.broken". `{name}` in a text is a placeholder. If a text depends
on a count, each plural form has its own key: "photos.one", "photos.other".
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from builder.classes import CLASSES
from builder.errors import BuildError
from builder.folders import TEMPLATES
from builder.site.languages import LANGUAGES, Language

Messages = dict[str, str]

PLURAL_FORMS = ("zero", "one", "two", "few", "many", "other")
PLACEHOLDER = re.compile(r"\{(\w+)\}")
SAID = re.compile(r"Words\.(say|plural)\(([^,()]*)")  # the key, or what chooses between keys
SHOWN = 8  # problems in one message
REMEDY = "every text of web_template/messages/en.json has to be in the files of all languages, with the same {names}"


def load_messages(folder: Path) -> dict[str, Messages]:
    """The messages of all languages by code; refuses a language with missing or extra keys or other placeholders."""
    read = {language.code: _read(folder / f"{language.code}.json") for language in LANGUAGES}
    english = read["en"]
    problems = [
        problem
        for language in LANGUAGES[1:]
        for problem in problems_beside_english(read[language.code], english, language)
    ]
    if problems:
        more = f" and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise BuildError(f"messages: {'; '.join(problems[:SHOWN])}{more}", remedy=REMEDY)
    return read


def classes_in_english() -> list[dict[str, object]]:
    """The classes with their English texts, for model cards and the report."""
    english = load_messages(TEMPLATES / "messages")["en"]
    return [
        {
            "index": each.index,
            "code": each.code,
            **{text: english[f"kind.{each.code}.{text}"] for text in ("name", "plain", "group")},
            "is_malignant": each.is_malignant,
        }
        for each in CLASSES
    ]


def problems_beside_english(messages: Messages, english: Messages, language: Language) -> list[str]:
    """How `messages` differ from the keys and placeholders of `english`, in all plural forms of `language`."""
    expected: Messages = {}
    for key, text in english.items():
        stem, _, form = key.rpartition(".")
        if form == "one" and f"{stem}.other" in english:
            continue  # other languages have other forms; those of "other" stand for all
        if form == "other" and f"{stem}.one" in english:
            expected |= {f"{stem}.{each}": text for each in language.plurals}
        else:
            expected[key] = text
    file = f"{language.code}.json"
    problems = [
        f"{file} lacks {key!r}" if key in expected else f"{file} has {key!r}, which en.json has not"
        for key in sorted(expected.keys() ^ messages.keys())
    ]
    shared = sorted(expected.keys() & messages.keys())
    return problems + [problem for key in shared for problem in _placeholders(key, messages[key], expected[key], file)]


def _placeholders(key: str, text: str, english: str, file: str) -> list[str]:
    found, wanted = set(PLACEHOLDER.findall(text)), set(PLACEHOLDER.findall(english))
    # "One photo" may say its number in a word.
    if key.rpartition(".")[2] in PLURAL_FORMS and key.rpartition(".")[2] != "other":
        found, wanted = found - {"count"}, wanted - {"count"}
    if found == wanted:
        return []
    return [f"{key!r} of {file} fills in {_listed(found)}, and in English {_listed(wanted)}"]


def check_uses(folder: Path, english: Messages) -> None:
    """Refuse scripts in `folder` that use a message which does not exist.

    It finds only complete keys in the scripts, not keys put together at run time.
    """
    for script in sorted(folder.rglob("*.js")):
        for how, argument in SAID.findall(script.read_text(encoding="utf-8")):
            for key in re.findall(r'"([\w.-]+)"', argument):
                if (f"{key}.other" if how == "plural" else key) not in english:
                    raise BuildError(
                        f"js/{script.relative_to(folder).as_posix()}: there is no message {key!r}",
                        remedy="add it to messages/en.json",
                    )


def _read(file: Path) -> Messages:
    def refuse_twice(pairs: list[tuple[str, str]]) -> Messages:
        messages = dict(pairs)
        if len(messages) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise BuildError(f"messages/{file.name}: {twice!r} is there twice", remedy="keep one of them")
        return messages

    try:
        messages: Messages = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=refuse_twice)
    except (OSError, ValueError) as error:
        raise BuildError(f"messages/{file.name} cannot be read: {error}", remedy="mend that file") from error
    return messages


def _listed(names: set[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "nothing"
