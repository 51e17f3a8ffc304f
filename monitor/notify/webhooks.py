"""Our own webhook: the message's JSON, signed, by one POST.

The signature is `sha256=` and the hexadecimal HMAC-SHA256 of `timestamp.body` under the shared secret: who knows the
secret can tell that we sent these very bytes, and by the timestamp that it is not an old message played again.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

import requests

from monitor import __version__
from monitor.notify import failures
from monitor.notify.listening import listening

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.models import Target

TIMEOUT: Final = 10.0  # seconds, from dialling to the answer's last header
USER_AGENT: Final = f"brand-mention-monitor/{__version__}"


def post(target: Target, body: str, *, message_id: str, at: datetime) -> None:
    """POST `body` to the target; any 2xx is taken for yes, redirects are not followed, the answer is not read.

    Raises DeliveryError where it is not taken.
    """
    sent = body.encode("utf-8", "replace")
    headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "Idempotency-Key": message_id,
        **signature(sent, target.secret, at=at),
    }
    with listening(TIMEOUT) as heard, requests.Session() as session:
        try:
            with session.post(
                target.url, data=sent, headers=headers, timeout=TIMEOUT, allow_redirects=False, stream=True
            ) as answer:
                status, retry_after = answer.status_code, answer.headers.get("Retry-After")
        except requests.RequestException as error:
            raise failures.late() if heard.is_late else failures.by_error(error) from error
    if heard.is_late:  # an answer that we broke off looks whole
        raise failures.late()
    if not 200 <= status < 300:
        raise failures.by_status(status, retry_after, now=at)


def signature(body: bytes, secret: str | None, *, at: datetime) -> dict[str, str]:
    """The headers by which a receiver knows that `body` is ours and new; none where there is no secret."""
    if not secret:
        return {}
    stamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Monitor-Timestamp": stamp, "X-Monitor-Signature": f"sha256={digest}"}
