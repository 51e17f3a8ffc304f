"""Logs: one line an event, JSON for machines, readable in a terminal, secrets and control characters taken out."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Final

import structlog

from monitor.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from structlog.typing import EventDict, Processor, WrappedLogger

# These log whole addresses, query strings and tokens included, below WARNING.
_TALKATIVE: Final = ("httpx", "httpcore", "apprise", "apscheduler", "asyncio", "uvicorn", "mail.log")
_HIDDEN: Final = "[secret]"

_secrets: tuple[str, ...] = ()


def configure(*, terminal: bool | None = None, level: int = logging.INFO) -> None:
    """Send every log line of this process to stderr; `terminal` None looks whether stderr is one."""
    readable = sys.stderr.isatty() if terminal is None else terminal
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    handler = logging.StreamHandler()
    # Apprise masks the addresses that it logs, but leaves their first and last characters. What it says of a failure
    # comes back to us with the result and is logged from there.
    handler.addFilter(lambda record: not record.name.startswith("apprise"))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def hide(secrets: Iterable[str]) -> None:
    """From now on these texts, too, never appear in a log line. Short ones would blank ordinary words and are left."""
    global _secrets  # noqa: PLW0603 - logging is global by nature
    known = {*_secrets, *(secret for secret in secrets if len(secret) >= 4)}
    _secrets = tuple(sorted(known, key=len, reverse=True))


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> MutableMapping[str, object]:
    return {key: _clean(value) if isinstance(value, str) else value for key, value in event.items()}


def _clean(text: str) -> str:
    for secret in _secrets:
        text = text.replace(secret, _HIDDEN)
    return safe_text(text, one_line=False)
