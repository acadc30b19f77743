"""The report page of a report, and the words of each of its sections."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from builder.site.render import template_environment
from builder.site.report_pages import write_report_pages


class Sections(HTMLParser):
    """The text of each <section>, by the id of its heading, with single spaces."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.parts: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "section":
            self.open.append(str(dict(attrs)["aria-labelledby"]))
        elif self.open and tag not in ("strong", "code", "a"):
            self.parts.setdefault(self.open[-1], []).append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "section":
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.parts.setdefault(self.open[-1] if self.open else "opening", []).append(data)

    def __getitem__(self, name: str) -> str:
        return re.sub(r"\s+", " ", "".join(self.parts[name]))


def render(report: dict[str, Any], into: Path, name: str = "report.html") -> Sections:
    write_report_pages(template_environment(page="report.html"), report, into)
    return Sections((into / name).read_text(encoding="utf-8"))
