"""Hands a rendered message to a target, by Apprise or as our webhook.

Apprise is imported when the first message is sent: it loads some 180 plugins. Its own log lines may hold addresses
with secrets at DEBUG, so its logger never goes below WARNING here.
"""

from __future__ import annotations

import logging
import re
from concurrent.futures import Future
from contextvars import copy_context
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from monitor.alerting.messages import RenderedMessage
    from monitor.errors import DeliveryError
    from monitor.models import Target
    from monitor.notify.listening import Heard

SERVICE_TIMEOUT: Final = 30.0  # seconds for one target, retries are ours
_HANG_UP: Final = 25.0  # seconds after which its connections are ended
_READ_TIMEOUT: Final = 10.0  # seconds: who is slower than Apprise's four would be sent the same again
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{0,19}")


def load() -> ModuleType:
    """Apprise, imported and quiet; takes a second the first time, so call it in a thread."""
    import apprise

    logging.getLogger("apprise").setLevel(logging.WARNING)
    return apprise


def usable(target: Target) -> bool:
    """Whether the target's address is understood; nothing is sent."""
    if target.is_webhook:
        return _webhook_refusal(target.url) is None
    return load().Apprise.instantiate(target.url, suppress_exceptions=True) is not None


def refusal(target: Target) -> str | None:
    """Why the target's address is not understood, None when it is; nothing is sent.

    Of the address only the service before `://` is quoted: the rest may be secret.
    """
    if target.is_webhook:
        return _webhook_refusal(target.url)
    if usable(target):
        return None
    plugins = load().plugins.N_MGR
    scheme = target.url.partition("://")[0].lower()
    if not _SCHEME.fullmatch(scheme) or "://" not in target.url:
        return "it does not begin with a service, as mailto:// does"
    if scheme not in plugins:
        near = get_close_matches(scheme, plugins.schemas(), n=1, cutoff=0.75)
        return f"Apprise knows no service {scheme!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    plugin = plugins[scheme]
    if not plugin.enabled:
        needed = plugin.requirements.get("packages_required") or "what is not installed"
        return f"the service {scheme!r} needs {needed if isinstance(needed, str) else ', '.join(needed)}"
    return f"{plugin.service_name} does not take it; it is written like {plugin.templates[0]}"


def _webhook_refusal(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is no number, or the brackets of an address do not match
        is_whole = False
    else:
        if parts.scheme not in {"http", "https"}:
            return "a webhook's address begins with https:// or http://"
    return None if is_whole else "a webhook's address is written like https://example.org/hook"


def send(target: Target, message: RenderedMessage, *, message_id: str, at: datetime | None = None) -> None:
    """Hand `message` to `target`; blocks for at most SERVICE_TIMEOUT, so call it in a thread.

    `at` is what the message says of when it was sent; the machine's clock where it is not given. Raises DeliveryError
    when the target did not take it. The same `message_id` may be sent again after a crash: mails carry it in their
    Message-ID and in X-Monitor-Message, webhooks as Idempotency-Key, so that a receiver can tell a repetition.
    """
    from monitor.notify import failures

    now = at or datetime.now(UTC)
    if (fault := _webhook_refusal(target.url) if target.is_webhook else None) is not None:
        raise failures.unknown_address(fault)
    if target.is_webhook:
        from monitor.notify import webhooks

        webhooks.post(target, message.body, message_id=message_id, at=now)
    else:
        _by_apprise(target, message, message_id=message_id, at=now)


def _by_apprise(target: Target, message: RenderedMessage, *, message_id: str, at: datetime) -> None:
    from monitor.notify import failures
    from monitor.notify.listening import listening

    apprise = load()
    # Without a limit of Apprise's own: for that it has a handful of threads, which a few targets that hang would keep.
    asset = apprise.AppriseAsset(app_id="Brand mention monitor", app_desc="", service_timeout=0)
    plugin = _plugin(target, message, asset=asset, message_id=message_id, at=at)
    service = apprise.Apprise(asset=asset)
    service.add(plugin)
    # Said to be plain text, a body is escaped by the plugin: content can then ping nobody and format nothing.
    text = apprise.NotifyFormat.TEXT
    hand_over = partial(service.notify, title=message.title, body=message.body, body_format=text)
    with listening(_HANG_UP) as heard:
        result = _within(SERVICE_TIMEOUT, hand_over)
    if heard.is_late or result is None:
        raise failures.late()
    if result.status != apprise.AppriseResultStatus.SUCCESS:
        lines = [str(entry.message) for one in result.results for entry in one.logs()]
        raise getattr(plugin, "failure", None) or _failure(heard, lines=lines, at=at)


def _within(seconds: float, work: Callable[[], Any]) -> Any:
    """What `work` returns in a thread of its own; None where it takes longer, and then it is left behind.

    That happens only to services that speak neither HTTP nor SMTP: the connections of the others are ended before.
    """
    done: Future[Any] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised again below
            done.set_exception(error)

    Thread(target=copy_context().run, args=(run,), name="handing over", daemon=True).start()
    try:
        return done.result(seconds)
    except TimeoutError:
        return None


def _plugin(target: Target, message: RenderedMessage, *, asset: Any, message_id: str, at: datetime) -> Any:
    """What Apprise makes of the address, with our own mails where it is one of mail."""
    from monitor.notify import failures
    from monitor.notify.mails import Mail

    apprise = load()
    plugin = apprise.Apprise.instantiate(target.url, asset=asset, suppress_exceptions=True)
    if plugin is None:
        raise failures.unknown_address("Apprise does not understand this address")
    if type(plugin) is Mail.__base__:  # its other children speak to other services
        plugin = Mail(  # type: ignore[no-untyped-call]
            **{**apprise.plugins.url_to_dict(target.url), "asset": asset}
        )
        plugin.message, plugin.message_id, plugin.at = message, message_id, at
    elif isinstance(getattr(plugin, "headers", None), dict):
        plugin.headers["X-Monitor-Message"] = message_id
    plugin.socket_read_timeout = max(plugin.socket_read_timeout, _READ_TIMEOUT)
    return plugin


def _failure(heard: Heard, *, lines: list[str], at: datetime) -> DeliveryError:
    """Why a service did not take it, from what was heard; from what was logged where it does not speak HTTP."""
    from monitor.notify import failures

    if heard.refusals:
        last = heard.refusals[-1]
        return failures.by_status(last.status, last.retry_after, said=last.said, now=at)
    if heard.error is not None:
        return failures.by_error(heard.error)
    if heard.answers:
        return failures.declined("the service answered, and did not take it")
    return failures.untaken(lines[-1][:200] if lines else "not delivered")
