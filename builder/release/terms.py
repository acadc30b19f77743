"""What a released network's folder says about licence and citation: those of the data it learned from."""

from __future__ import annotations

from typing import Any

IN_SHORT = {
    "CC BY 4.0": (
        "Creative Commons Attribution 4.0 International",
        "https://creativecommons.org/licenses/by/4.0/legalcode",
        "You may use, share and change what is in this folder",
    ),
    "CC BY-NC 4.0": (
        "Creative Commons Attribution-NonCommercial 4.0 International",
        "https://creativecommons.org/licenses/by-nc/4.0/legalcode",
        "You may use, share and change what is in this folder, but not for commercial purposes",
    ),
}

LICENCE = """The network in this folder learned from {title}, and is passed on under the licence of these data:

{name} ({licence})
{address}

In short; what counts is the text at that address:
{permission},
if you name the authors of the data (CITATION.md) and the licence, and say what you have changed.
There is no warranty of any kind.

The program that made it has a licence of its own: see LICENSE in the root of the repository.
"""

NOT_KNOWN = """The network in this folder learned from {title}. The licence of these data: {licence}.

Ask the publishers of the data before you pass the network on.

The program that made it has a licence of its own: see LICENSE in the root of the repository.
"""

CITATION = """# Citation

Whoever uses this network cites the data it learned from, {title}:

> {citation}

How it was made: `provenance.json`.
"""


def licence_text(data: dict[str, Any]) -> str:
    """The text of LICENSE; data: that part of the report."""
    licence = data["licence"]
    if licence not in IN_SHORT:
        return NOT_KNOWN.format(title=data["title"], licence=licence or "not stated")
    name, address, permission = IN_SHORT[licence]
    return LICENCE.format(title=data["title"], licence=licence, name=name, address=address, permission=permission)


def citation_text(data: dict[str, Any]) -> str:
    return CITATION.format(title=data["title"], citation=data["citation"] or "They name no publication.")
