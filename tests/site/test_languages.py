"""Every sentence in every language: complete, translated, with numbers as the language writes them; and its choice."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from builder.errors import BuildError
from builder.site.languages import ENGLISH, LANGUAGES, Language
from builder.site.messages import PLACEHOLDER, check_uses, load_messages
from builder.site.words import Words, plural_form
from tests.conftest import REPOSITORY, Build
from tests.in_node import in_node

TEMPLATES = REPOSITORY / "web_template"
MESSAGES = load_messages(TEMPLATES / "messages")
OTHERS = LANGUAGES[1:]
BY_CODE = {language.code: language for language in LANGUAGES}
IDS = [language.code for language in LANGUAGES]

# Texts that are right as they are in English too.
SAME = {
    "de": {"answer.aloud", "answer.name", "answer.group", "number.percent", "number.megabytes"},
    "es": {"answer.aloud", "answer.name", "answer.group", "number.percent", "number.megabytes"}
    | {f"kind.{code}.{form}" for code in ("df", "mel") for form in ("name", "inline")},
    "fr": {"answer.aloud", "answer.name", "nav.pages", "number.percent", "number.word.6"},
    "zh": {"number.megabytes"},
    "ar": {"answer.aloud", "answer.group"},
}
# Keys that are put together when the page is built or shown.
PUT_TOGETHER = re.compile(
    r"kind\.\w+\.(name|inline|plain|group|what|looks|when)|kinds\.\w+\.drawing|kinds\.any-\w+|urgency\.\w+"
    r"|number\.(word\.\d|under|over)|how\.source-\w+|privacy\.kept-\w+|nav\.(how|kinds|privacy|start)"
    r"|framing\.(left|right|up|down|smaller|larger|turn-left|turn-right)|(photo|quality|sure|camera|notice)\.[\w-]+"
)
NUMBERS = (0, 7, 100, 999, 1000, 3090, 12_345, 1_234_567)
SHARES = (0, 1e-30, 0.0004, 0.0123, 0.05, 0.0996, 0.285, 0.785, 0.991, 0.9996, 1)
WAIT_MS = 120_000


@pytest.fixture
def messages_folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TEMPLATES / "messages", tmp_path / "messages"))


def change(file: Path, **changes: str | None) -> None:
    messages = json.loads(file.read_text(encoding="utf-8"))
    for name, text in changes.items():
        key = name.replace("__", ".").replace("_", "-")
        messages = {**messages, key: text} if text is not None else {k: v for k, v in messages.items() if k != key}
    file.write_text(json.dumps(messages), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "changes", "said"),
    [
        ("de.json", {"photo__broken": None}, "de.json lacks 'photo.broken'"),
        ("ar.json", {"loading__left_seconds__few": None}, "ar.json lacks 'loading.left-seconds.few'"),
        ("fr.json", {"photo__lost": "Perdue"}, "fr.json has 'photo.lost', which en.json has not"),
        ("en.json", {"photo__lost": "It is lost."}, "de.json lacks 'photo.lost'"),
        ("es.json", {"number__percent": "{numero} %"}, "fills in {numero}, and in English {number}"),
        ("zh.json", {"kind__mel__name": None}, "zh.json lacks 'kind.mel.name'"),
    ],
)
def test_a_language_that_is_not_as_english_is_refused(
    messages_folder: Path, file: str, changes: dict[str, str | None], said: str
) -> None:
    change(messages_folder / file, **changes)
    with pytest.raises(BuildError, match=re.escape(said)):
        load_messages(messages_folder)


def test_a_key_that_is_there_twice_is_refused(messages_folder: Path) -> None:
    file = messages_folder / "en.json"
    file.write_text(file.read_text(encoding="utf-8").replace("{", '{"nav.skip": "Skip",', 1), encoding="utf-8")
    with pytest.raises(BuildError, match="is there twice"):
        load_messages(messages_folder)


@pytest.mark.parametrize("call", ['Words.say("no.such")', 'Words.say(bad ? "photo.broken" : "no.such", {})',
                                  'Words.plural("no.such", 2)'])  # fmt: skip
def test_a_script_that_says_a_message_which_is_not_there_is_refused(tmp_path: Path, call: str) -> None:
    (tmp_path / "one.js").write_text(f"const text = {call};", encoding="utf-8")
    with pytest.raises(BuildError, match=r"one\.js: there is no message 'no\.such'"):
        check_uses(tmp_path, MESSAGES["en"])


def test_a_template_that_says_a_message_wrongly_is_refused() -> None:
    words = Words(ENGLISH, {"known": "Hello {name}"})
    with pytest.raises(BuildError, match=r"no 'unknown'"):
        words.t("unknown")
    with pytest.raises(BuildError, match="without name"):
        words.t("known")
    assert words.t("known", name="<b>") == "Hello &lt;b&gt;"


@pytest.mark.parametrize("language", OTHERS, ids=IDS[1:])
def test_every_text_is_translated(language: Language) -> None:
    own, english = MESSAGES[language.code], MESSAGES["en"]
    left = {
        key
        for key, text in own.items()
        if text == english.get(key) and re.search(r"[A-Za-z]{2}", PLACEHOLDER.sub("", text))
    }
    assert left <= SAME[language.code]


def test_no_text_is_left_over() -> None:
    sources = "".join(
        file.read_text(encoding="utf-8")
        for file in [*TEMPLATES.rglob("*.html"), *TEMPLATES.rglob("*.js"), *(REPOSITORY / "builder").rglob("*.py")]
    )
    keys = {re.sub(r"\.(one|other)$", "", key) for key in MESSAGES["en"]}
    unused = {key for key in keys if f'"{key}"' not in sources and not PUT_TOGETHER.fullmatch(key)}
    assert unused == set()


@pytest.mark.parametrize("language", LANGUAGES, ids=IDS)
def test_no_text_promises_a_diagnosis(language: Language) -> None:
    """ "Looks most like" and never "you have": the sentences about the kinds do not speak of the visitor's own."""
    for key in (f"answer.{name}" for name in ("lead", "aloud")):
        assert not re.search(r"you have|Sie haben|usted tiene|vous avez|您患|أنت مصاب", MESSAGES[language.code][key])


@pytest.fixture(scope="module")
def anywhere(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.parametrize("language", LANGUAGES, ids=IDS)
def test_plural_forms_are_those_of_the_browser(anywhere: Page, language: Language) -> None:
    counts = list(range(205))
    script = "([tag, counts]) => counts.map((count) => new Intl.PluralRules(tag).select(count))"
    assert [plural_form(language, count) for count in counts] == anywhere.evaluate(script, [language.tag, counts])


@pytest.mark.parametrize("language", LANGUAGES, ids=IDS)
def test_the_build_and_the_page_write_numbers_alike(language: Language) -> None:
    words = Words(language, MESSAGES[language.code])
    said = """([tag, messages, numbers, shares]) => {
      const { number, percent } = Language.inLanguage(tag, messages);
      return { numbers: numbers.map(number), shares: shares.map(percent) };
    }"""
    in_page = in_node(["page/language"], said, [language.tag, MESSAGES[language.code], NUMBERS, SHARES])
    assert in_page["numbers"] == [words.number(each) for each in NUMBERS]
    assert in_page["shares"] == [words.percent(each) for each in SHARES]


@pytest.mark.parametrize("language", LANGUAGES, ids=IDS)
def test_the_build_and_the_page_count_alike(language: Language) -> None:
    words = Words(language, MESSAGES[language.code])
    said = "([tag, messages, counts]) => counts.map((count) => Language.inLanguage(tag, messages).plural(KEY, count))"
    counts = list(range(1, 205))
    in_page = in_node(
        ["page/language"], said.replace("KEY", '"table.done"'), [language.tag, MESSAGES[language.code], counts]
    )
    assert in_page == [str(words.plural("table.done", count)) for count in counts]


def folder_of(language: Language) -> str:
    return "/" if language is ENGLISH else f"/{language.code}/"


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A browser as a visitor has it: `visitor("de-AT")`."""
    contexts: list[BrowserContext] = []

    def come(locale: str, **options: Any) -> BrowserContext:
        contexts.append(browser.new_context(locale=locale, **options))
        return contexts[-1]

    yield come
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("locale", "folder"),
    [("en-US", "/"), ("de-AT", "/de/"), ("es-MX", "/es/"), ("fr-CA", "/fr/"), ("zh-TW", "/zh/"), ("ar-EG", "/ar/"),
     ("it-IT", "/")],
)  # fmt: skip
def test_the_start_page_leads_to_the_language_of_the_browser(
    visitor: Callable[..., BrowserContext], serve: Callable[[Path], str], demo_build: Build, locale: str, folder: str
) -> None:
    page = visitor(locale).new_page()
    page.goto(f"{serve(demo_build.site)}/index.html?backend=wasm#main")
    expect(page).to_have_url(re.compile(rf":\d+{folder}index\.html\?backend=wasm#main$"))
    code = folder.strip("/") or "en"
    assert page.get_attribute("html", "lang") == BY_CODE[code].tag
    assert page.get_attribute("html", "dir") == BY_CODE[code].direction
    assert page.inner_text("h1") == MESSAGES[code]["intro.title"]


def test_only_the_start_page_leads_elsewhere(
    visitor: Callable[..., BrowserContext], serve: Callable[[Path], str], demo_build: Build
) -> None:
    page = visitor("de-DE").new_page()
    for path in ("/kinds.html", "/report.html", "/fr/index.html"):
        page.goto(serve(demo_build.site) + path)
        assert page.url.endswith(path)


@pytest.mark.parametrize("remembers", [True, False], ids=["remembers", "remembers nothing"])
def test_the_language_that_a_visitor_chooses_goes_before_the_browsers(
    visitor: Callable[..., BrowserContext], serve: Callable[[Path], str], demo_build: Build, remembers: bool
) -> None:
    context = visitor("de-DE")
    if not remembers:
        context.add_init_script(
            "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no'); } })"
        )
    page = context.new_page()
    start = f"{serve(demo_build.site)}/index.html"
    page.goto(start)
    expect(page).to_have_url(re.compile("/de/index.html$"))
    page.get_by_role("link", name="English").click()
    expect(page).to_have_url(re.compile(r":\d+/index\.html#en$"))
    page.goto("about:blank")
    page.goto(start)
    expect(page).to_have_url(re.compile(r":\d+/index\.html$" if remembers else r"/de/index\.html$"))


def test_who_reads_an_english_page_stays_with_english(
    visitor: Callable[..., BrowserContext], serve: Callable[[Path], str], demo_build: Build
) -> None:
    page = visitor("de-DE").new_page()
    page.goto(f"{serve(demo_build.site)}/kinds.html")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=MESSAGES["en"]["nav.start"]).click()
    assert page.get_attribute("html", "lang") == "en"
    page.goto(f"{serve(demo_build.site)}/report.html")
    page.get_by_role("link", name="English").click()
    assert page.get_attribute("html", "lang") == "en"


def test_languages_can_be_chosen_without_scripts(
    visitor: Callable[..., BrowserContext], serve: Callable[[Path], str], demo_build: Build
) -> None:
    page = visitor("en-US", java_script_enabled=False).new_page()
    page.goto(f"{serve(demo_build.site)}/kinds.html")
    for language in (*OTHERS, ENGLISH):
        page.get_by_role("link", name=language.name, exact=True).click()
        assert page.url.endswith(f"{folder_of(language)}kinds.html")
        assert page.get_attribute("html", "lang") == language.tag
        assert page.inner_text("h1") == MESSAGES[language.code]["kinds.title"]


def test_the_top_of_a_page_names_its_language_and_leads_to_the_others(
    visitor: Callable[..., BrowserContext], serve: Callable[[Path], str], demo_build: Build
) -> None:
    page = visitor("en-US").new_page()
    page.goto(f"{serve(demo_build.site)}/fr/kinds.html")
    page.get_by_role("link", name=f"{MESSAGES['fr']['languages.title']}: Français").click()
    assert page.evaluate("document.activeElement.id") == "languages-title"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "English"


@pytest.mark.parametrize("how", ["http", "disk"])
@pytest.mark.parametrize("language", [BY_CODE["de"], BY_CODE["ar"]], ids=["de", "ar"])
def test_a_photo_is_answered_in_the_language_of_the_page(
    visitor: Callable[..., BrowserContext],
    serve: Callable[[Path], str],
    demo_build: Build,
    language: Language,
    how: str,
) -> None:
    address = serve(demo_build.site) if how == "http" else demo_build.site.as_uri()
    page = visitor(language.tag).new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{address}{folder_of(language)}index.html")
    page.wait_for_selector("main[data-state=ready]")
    page.set_input_files("#photo", demo_build.site / "samples" / "nv.png")
    page.wait_for_selector("main[data-state=result]")
    best = str(page.get_attribute("[data-code]", "data-code"))
    own = MESSAGES[language.code]
    assert own[f"kind.{best}.inline"] in page.inner_text("#answer-name")
    assert own["warnings.delay"] in page.inner_text("main")
    page.set_input_files("#photo", {"name": "text.png", "mimeType": "image/png", "buffer": b"no photo"})
    page.wait_for_selector("main[data-state=error]")
    assert own["photo.not-an-image"] in page.inner_text("[role=alert]")
