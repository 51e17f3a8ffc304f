"""The identity ladder: by what a post of a source is known again.

native id → canonical address → hash of author and text. A step is left for a whole page when more than 5 % of the page
is blank or repeated at it (feeds whose every item has the same link or guid are common). Other identities are
remembered too: a post whose id changed but whose address and words did not, or address, author, headline and date, is
no new post.

Beyond one source a post is known by its link, its address with the fragment that names a comment; and since a link may
lead to a whole page, only if it also says the same.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import blake2s
from typing import TYPE_CHECKING, Final

from monitor.text import canonical_url, fold

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from monitor.models import Post

TOLERANCE: Final = 0.05  # share of a page that may be blank or repeated at a step
ALIKE: Final = 60  # folded code points by which two texts under one link are known to be the same

_NAMING: Final = re.compile(r"[\w-]*\d[\w-]*")  # a fragment that names a comment holds its number


@dataclass(frozen=True, slots=True)
class Identified:
    """A post and what it is known by: `identities` holds the deciding one first, the others after it."""

    post: Post
    identities: tuple[str, ...]

    @property
    def key(self) -> str:
        """The identity that decides whether the post is new."""
        return self.identities[0]

    @property
    def link(self) -> str | None:
        """What it is known by to other sources; None where its address is not its own."""
        return next((identity for identity in self.identities if identity.startswith("link:")), None)


def identify(posts: Sequence[Post]) -> list[Identified]:
    """The posts of one page, each with its identities; exact repetitions on the page are dropped."""
    ladders = list({ladder: (ladder, post) for post in posts for ladder in (_ladder(post),)}.values())
    if not ladders:
        return []
    first = next(step for step in range(3) if step == 2 or _usable([ladder[step] for ladder, _ in ladders]))
    taken: set[str] = set()
    links = Counter(_link(post) for _, post in ladders)
    identified: list[Identified] = []
    for ladder, post in ladders:
        # A single repetition within the tolerance falls one step down instead of hiding a post.
        steps = [identity for identity in ladder[first:] if identity is not None]
        deciding = next((identity for identity in steps if identity not in taken), steps[-1])
        taken.add(deciding)
        others = [ladder[2]] if ladder[2] not in taken else []
        others += [spelt for spelt in _earlier(post) if spelt.partition(":")[0] == deciding.partition(":")[0]]
        if (link := _link(post)) and links[link] == 1:
            others += [link, *([_headed(link, post)] if post.title else [])]
        identified.append(Identified(post, (deciding, *others)))
    return identified


def known_as(identified: Identified, unseen: Collection[str]) -> str | None:
    """By which identity the source showed this post before; None where it is new. `unseen` are those it never showed.

    A post whose id changed is known by its own address, if its words are the same as well, or its author, headline and
    date: a topic's address may be that of each post in turn.
    """
    if identified.key not in unseen:
        return identified.key
    seen = {identity.partition(":")[0]: identity for identity in identified.identities if identity not in unseen}
    if earlier := seen.get("id") or seen.get("url"):
        return earlier
    return seen.get("link") if "headed" in seen or "text" in seen else None


def known_by(identified: Identified, key: str) -> Identified:
    """The same post with the identity by which it is known in the first place."""
    if key == identified.key:
        return identified
    others = tuple(identity for identity in identified.identities if identity != key)
    return replace(identified, identities=(key, *others))


def is_same(post: Post, *, title: str, text: str, author: str | None) -> bool:
    """Whether a post of another source, under the same link, is this one.

    An alert service gives the same title and a part of the text, a review site's two feeds the same text; an article
    and the first comment below it share nothing.
    """
    mine, theirs = fold(post.text), fold(text)
    if mine and mine == theirs:
        return True
    if post.author.name and author and fold(post.author.name) != fold(author):
        return False
    if post.title and fold(post.title) == fold(title):
        return True
    shorter, longer = sorted((mine.rstrip(" .…"), theirs), key=len)
    return len(shorter) >= ALIKE and shorter[:ALIKE] in longer


def _usable(identities: Sequence[str | None]) -> bool:
    blank = sum(identity is None for identity in identities)
    repeated = sum(count - 1 for identity, count in Counter(identities).items() if identity is not None)
    return (blank + repeated) / len(identities) <= TOLERANCE


def _link(post: Post) -> str | None:
    """The address without its scheme, which some sites change from one answer to the next."""
    if not post.url or (address := canonical_url(post.url)) is None:
        return None
    fragment = post.url.partition("#")[2]
    return "link" + address[address.index(":") :] + (f"#{fragment}" if _NAMING.fullmatch(fragment) else "")


def _headed(link: str, post: Post) -> str:
    at = post.published.isoformat() if post.published else ""
    return f"headed:{_hash(link, ' '.join(post.title.split()), post.author.name or '', at)}"


def _ladder(post: Post) -> tuple[str | None, str | None, str]:
    address = canonical_url(post.url) if post.url else None
    # White space is all that a site may change without changing the words.
    words = (post.author.name or "", " ".join(post.title.split()), " ".join(post.text.split()))
    return (
        f"id:{_id(post.native_id)}" if post.native_id else None,
        f"url{address[address.index(':') :]}" if address else None,
        f"text:{_hash(*words)}",
    )


def _id(native_id: str) -> str:
    """An id that is an address loses its scheme and what belongs to a visit and not to the post."""
    address, mark, fragment = native_id.partition("#")
    if not address.startswith(("http://", "https://")):
        return native_id
    canonical = canonical_url(address) or address
    return canonical[canonical.index(":") + 1 :] + mark + fragment


def _earlier(post: Post) -> list[str]:
    """How earlier versions noted the deciding identities, where that was otherwise."""
    spelt = [f"id:{post.native_id}"] if post.native_id and _id(post.native_id) != post.native_id else []
    return spelt + ([f"url:{address}"] if post.url and (address := canonical_url(post.url)) else [])


def _hash(*parts: str) -> str:
    return blake2s("\0".join(parts).encode(errors="surrogatepass"), digest_size=16).hexdigest()
