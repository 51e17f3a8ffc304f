"""Logs: one line an event, JSON for machines, readable in a terminal, secrets and control characters taken out."""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import structlog

from monitor.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping
    from types import TracebackType

    from structlog.typing import EventDict, Processor, WrappedLogger

# These log whole addresses, query strings and tokens included, below WARNING.
_TALKATIVE: Final = ("httpx", "httpcore", "apprise", "apscheduler", "asyncio", "uvicorn", "mail.log")
_HIDDEN: Final = "[secret]"

_secrets: tuple[str, ...] = ()


def configure(*, terminal: bool | None = None, level: int = logging.INFO) -> None:
    """Send every log line of this process to stderr; `terminal` None looks whether stderr is one.

    Under systemd it is the journal and no terminal. Its variables (JOURNAL_STREAM, INVOCATION_ID) are not asked: the
    shell of a desktop inherits them.
    """
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
    told = [secret for secret in secrets if len(secret) >= 4]
    known = {*_secrets, *told, *(quote(secret, safe="") for secret in told)}
    _secrets = tuple(sorted(known, key=len, reverse=True))


def log_crashes() -> None:
    """Let what ends the process or a thread, too, go through the log: Python's own traceback would show secrets."""
    log = logging.getLogger("monitor")

    def crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            log.critical("crashed", exc_info=(kind, error, trace))

    def thread_crashed(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
            log.critical("a thread crashed", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))

    sys.excepthook = crashed
    threading.excepthook = thread_crashed


def redacted(text: str) -> str:
    """`text` without what `hide` was told, and safe to print."""
    for secret in _secrets:
        text = text.replace(secret, _HIDDEN)
    return safe_text(text, one_line=False)


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> MutableMapping[str, object]:
    # What structlog itself needs to go on (names that begin with _) is no text for anybody.
    return {key: value if key.startswith("_") else _clean(value) for key, value in event.items()}


def _clean(value: object) -> object:
    """A value of an event, and whatever lies inside it: renderers would write it out as it is."""
    match value:
        case str():
            return redacted(value)
        case None | bool() | int() | float():
            return value
        case dict():
            return {redacted(str(key)): _clean(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(item) for item in value]
    return redacted(str(value))
