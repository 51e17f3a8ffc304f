"""Whether the page of a single post still holds what the post said.

All that the page carries is searched, scripts too, because many a page keeps its posts as data in one of them. What is
a barrier, or hardly more than the frame that a script is to fill, tells nothing; a short page without scripts is what
some forums answer with, status 200, where a post is gone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lxml import etree

from monitor.errors import Malformed
from monitor.sources.webpage import read_webpage
from monitor.text import words

if TYPE_CHECKING:
    from monitor.models import Response

LEAST: Final = 200  # letters and digits that people can read on a page; fewer are a frame without its picture
_UNSEEN: Final = ("script", "style", "noscript", "template", "head")
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_SPELT: Final = re.compile(r"\\[nrt]")


def holds(response: Response, beginning: str) -> bool | None:
    """Whether a page holds `beginning` (folded letters and digits without gaps); None where that cannot be told."""
    try:
        page = read_webpage(response)
    except Malformed:
        return None
    if beginning in _letters("".join(map(str, page.root.itertext()))):
        return True
    scripts = list(page.root.iter("script"))
    data = (str(script.text) for script in scripts if script.text)
    if beginning in _letters(_SPELT.sub(" ", _ESCAPED.sub(lambda found: chr(int(found[1], 16)), " ".join(data)))):
        return True
    if page.barrier():
        return None
    etree.strip_elements(page.root, *_UNSEEN, with_tail=False)
    return None if scripts and len(_letters(" ".join(map(str, page.root.itertext())))) < LEAST else False


def _letters(text: str) -> str:
    return "".join(words(text))
