"""Code comes from the site's own addresses alone: one set of rules decides, and raw text in their place is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.small_site import is_right, worker_of, write_small_site
from tests.visiting import NOTE_VIOLATIONS

# As in a browser that has never heard of them. (The policy's own words are then unknown to it, too.)
WITHOUT = "Object.defineProperty(globalThis, 'trustedTypes', { value: undefined });"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def http(site: Path, serve: Callable[[Path], str]) -> str:
    return serve(site)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    context.add_init_script(NOTE_VIOLATIONS)
    yield context
    context.close()


@pytest.fixture(params=["http", "disk"])
def page(request: pytest.FixtureRequest, context: BrowserContext, http: str, site: Path) -> Page:
    page = context.new_page()
    page.goto(f"{http if request.param == 'http' else site.as_uri()}/index.html")
    return page


RAW = {
    "markup": "document.body.innerHTML = '<b>x</b>'",
    "markup beside": "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')",
    "written markup": "document.write('<b>x</b>')",
    "a script's address": "document.createElement('script').src = 'js/test.js'",
    "a script's address as an attribute": "document.createElement('script').setAttribute('src', 'js/test.js')",
    "a script's text": "document.createElement('script').textContent = 'x = 1'",
    "a handler": "document.body.setAttribute('onclick', 'x = 1')",
    "a worker": "new Worker('js/worker.js')",
    "a shared worker": "new SharedWorker('js/worker.js')",
    "a worker from a foreign blob": "new Worker(URL.createObjectURL(new Blob([''])))",
    "a frame's text": "new DOMParser().parseFromString('<b>x</b>', 'text/html')",
    "a second policy": "trustedTypes.createPolicy('other', { createScriptURL: (address) => address })",
    "the same policy again": "trustedTypes.createPolicy('lesionlens', { createScriptURL: (address) => address })",
    "a default policy": "trustedTypes.createPolicy('default', { createScriptURL: (address) => address })",
}


@pytest.mark.parametrize("attempt", RAW.values(), ids=RAW)
def test_raw_text_is_refused_where_code_is_taken(context: BrowserContext, http: str, attempt: str) -> None:
    page = context.new_page()
    page.goto(f"{http}/index.html")
    refused = page.evaluate(
        f"() => {{ try {{ {attempt}; return null; }} catch (error) {{ return error.constructor.name; }} }}"
    )
    assert refused == "TypeError"
    assert any(name in page.evaluate("violations")[0] for name in ("require-trusted-types-for", "trusted-types"))


FOREIGN = {
    "another host": "https://example.org/x.js",
    "another host that begins alike": "${Site.root.slice(0, -1)}.example.org/x.js",
    "with a question": "${Site.root}js/test.js?photo",
    "with a fragment": "${Site.root}js/test.js#photo",
    "no script": "${Site.root}index.html",
    "above the site": "${Site.root}../x.js",
    "above the site in disguise": "${Site.root}%2e%2e/x.js",
    "above the site by backslashes": "${Site.root}..\\\\x.js",
    "relative": "js/test.js",
    "code in an address": "data:text/javascript,x.js",
    "code as an address": "javascript:x.js",
    "a foreign blob": "${URL.createObjectURL(new Blob(['']))}",
}


@pytest.mark.parametrize("address", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("has_them", [True, False], ids=["trusted types", "without them"])
def test_the_rules_take_no_address_but_the_sites_own_scripts(
    context: BrowserContext, http: str, address: str, has_them: bool
) -> None:
    if not has_them:
        context.add_init_script(WITHOUT)
    page = context.new_page()
    page.goto(f"{http}/index.html")
    assert page.evaluate("String(Trusted.script(`${Site.root}js/test.js`)) === `${Site.root}js/test.js`")
    refused = page.evaluate(
        f"() => {{ try {{ Trusted.script(`{address}`); return null; }} catch (error) {{ return error.message; }} }}"
    )
    assert refused and refused.startswith("This is no script of the site")


@pytest.mark.parametrize("backend", ["wasm", "webgl", "cpu"])
def test_every_backend_runs_under_the_rules(page: Page, backend: str) -> None:
    page.goto(f"{page.url}?backend={backend}")
    assert page.evaluate("load()") == {"backend": backend, "card": "cnn"}
    assert is_right(page, 1)
    assert page.evaluate("violations") == []


def test_the_worker_goes_by_the_rules_too(context: BrowserContext, http: str) -> None:
    page = context.new_page()
    page.goto(f"{http}/index.html")
    page.evaluate("load()")
    attempt = "() => { try { importScripts(`${siteRoot}js/test.js`); return null; } catch ({ name }) { return name; } }"
    assert worker_of(page).evaluate(attempt) == "TypeError"
