"""The only Apprise: hands one rendered message to one target and says whether it was taken.

Apprise is imported when the first message is sent: it loads some 180 plugins. Its own log lines may hold addresses
with secrets at DEBUG, so its logger never goes below WARNING here.
"""

from __future__ import annotations

import logging
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from monitor.errors import DeliveryError

if TYPE_CHECKING:
    from types import ModuleType

    from monitor.alerting.rendering import RenderedMessage
    from monitor.models import Target

SERVICE_TIMEOUT: Final = 30.0  # seconds for one target, retries are ours
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{0,19}")
_STATUS: Final = re.compile(r"\berror=(\d{3})\b")
_REASONS: Final = {401: "auth", 403: "auth", 404: "refused", 410: "refused", 408: "timeout", 429: "rate-limited"}


def load() -> ModuleType:
    """Apprise, imported and quiet; takes a second the first time, so call it in a thread."""
    import apprise

    logging.getLogger("apprise").setLevel(logging.WARNING)
    return apprise


def usable(target: Target) -> bool:
    """Whether Apprise understands the target's address; nothing is sent."""
    return load().Apprise.instantiate(target.url, suppress_exceptions=True) is not None


def refusal(target: Target) -> str | None:
    """Why Apprise does not understand the target's address, None when it does; nothing is sent.

    Of the address only the service before `://` is quoted: the rest may be secret.
    """
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


def send(target: Target, message: RenderedMessage, *, message_id: str) -> None:
    """Hand `message` to `target`; blocks for at most SERVICE_TIMEOUT, so call it in a thread.

    Raises DeliveryError when the target did not take it. The same `message_id` may be sent again after a crash; mails
    carry it in the header X-Monitor-Message, so that a receiver can tell a repetition.
    """
    apprise = load()
    asset = apprise.AppriseAsset(app_id="Brand mention monitor", app_desc="", service_timeout=SERVICE_TIMEOUT)
    plugin = apprise.Apprise.instantiate(target.url, asset=asset, suppress_exceptions=True)
    if plugin is None:
        raise DeliveryError("Apprise does not understand this address", retry=False, reason_word="refused")
    if isinstance(getattr(plugin, "headers", None), dict):
        plugin.headers["X-Monitor-Message"] = message_id
    service = apprise.Apprise(asset=asset)
    service.add(plugin)
    # Said to be plain text, a body is escaped by the plugin: content can then ping nobody and format nothing.
    result = service.notify(title=message.title, body=message.body, body_format=apprise.NotifyFormat.TEXT)
    if result.status == apprise.AppriseResultStatus.SUCCESS:
        return
    raise _failure(apprise, result)


def _failure(apprise: ModuleType, result: object) -> DeliveryError:
    lines = [str(entry.message) for service in result.results for entry in service.logs()]  # type: ignore[attr-defined]
    text = lines[-1][:200] if lines else "not delivered"
    if result.status == apprise.AppriseResultStatus.TIMEOUT:  # type: ignore[attr-defined]
        return DeliveryError("no answer in time", retry=True, reason_word="timeout")
    status = next((int(match[1]) for line in lines if (match := _STATUS.search(line))), None)
    if status is None:
        return DeliveryError(text, retry=True, reason_word="unreachable")
    # Even a refusal is tried again: the administrator may mend the address, and the alert must not be lost by then.
    return DeliveryError(f"HTTP {status}", retry=True, reason_word=_REASONS.get(status, "server"))
