"""The identity ladder: by what a post of a source is known again.

native id → canonical address → hash of author and text. A step is left for a whole page when more than 5 % of the page
is blank or repeated at it (feeds whose every item has the same link or guid are common). The identities below the
deciding one are remembered too: a post whose id changed but whose address and words did not is no new post.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import blake2s
from typing import TYPE_CHECKING, Final

from monitor.text import canonical_url

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from monitor.models import Post

TOLERANCE: Final = 0.05  # share of a page that may be blank or repeated at a step


@dataclass(frozen=True, slots=True)
class Identified:
    """A post and what it is known by: `identities` holds the deciding one first, the others after it."""

    post: Post
    identities: tuple[str, ...]

    @property
    def key(self) -> str:
        """The identity that decides whether the post is new."""
        return self.identities[0]


def identify(posts: Sequence[Post]) -> list[Identified]:
    """The posts of one page, each with its identities; exact repetitions on the page are dropped."""
    ladders = list({ladder: (ladder, post) for post in posts for ladder in (_ladder(post),)}.values())
    if not ladders:
        return []
    first = next(step for step in range(3) if step == 2 or _usable([ladder[step] for ladder, _ in ladders]))
    taken: set[str] = set()
    identified: list[Identified] = []
    for ladder, post in ladders:
        # A single repetition within the tolerance falls one step down instead of hiding a post.
        steps = [identity for identity in ladder[first:] if identity is not None]
        deciding = next((identity for identity in steps if identity not in taken), steps[-1])
        taken.add(deciding)
        others = tuple(identity for identity in steps if identity != deciding and identity not in taken)
        identified.append(Identified(post, (deciding, *others)))
    return identified


def is_new(identified: Identified, unseen: Collection[str]) -> bool:
    """Whether the source shows this post for the first time; `unseen` are the identities it never showed."""
    if identified.key not in unseen:
        return False
    moved = [identity for identity in identified.identities[1:] if identity not in unseen]
    return not {"url", "text"} <= {identity.partition(":")[0] for identity in moved}


def _usable(identities: Sequence[str | None]) -> bool:
    blank = sum(identity is None for identity in identities)
    repeated = sum(count - 1 for identity, count in Counter(identities).items() if identity is not None)
    return (blank + repeated) / len(identities) <= TOLERANCE


def _ladder(post: Post) -> tuple[str | None, str | None, str]:
    address = canonical_url(post.url) if post.url else None
    # White space is all that a site may change without changing the words.
    content = "\0".join((post.author.name or "", " ".join(post.title.split()), " ".join(post.text.split())))
    return (
        f"id:{post.native_id}" if post.native_id else None,
        f"url:{address}" if address else None,
        f"text:{blake2s(content.encode(errors='surrogatepass'), digest_size=16).hexdigest()}",
    )
