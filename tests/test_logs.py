from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import structlog

from monitor import logs

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logs.hide(())
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_every_line_is_json_with_time_and_level(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(terminal=False)
    structlog.get_logger().info("polled", source="форум", new=3)
    logging.getLogger("somewhere").warning("foreign %s", "line")
    ours, foreign = lines(capsys)
    assert (ours["event"], ours["source"], ours["new"], ours["level"]) == ("polled", "форум", 3, "info")
    assert (foreign["event"], foreign["level"]) == ("foreign line", "warning")
    assert str(ours["timestamp"]).endswith("Z")


def test_a_secret_appears_in_no_field_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(terminal=False)
    logs.hide(["canary-token", ""])
    log = structlog.get_logger()
    log.info("x canary-token", url="https://api.example/?t=canary-token")
    try:
        raise ValueError("canary-token")
    except ValueError:
        log.exception("broke")
    logging.getLogger("somewhere").error("canary-token")
    text = capsys.readouterr().err
    assert "canary-token" not in text
    assert text.count("[secret]") >= 4


def test_a_post_cannot_forge_a_line_or_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(terminal=True)
    structlog.get_logger().info("polled", title="\x1b]0;owned\x07 \x1b[2J")
    text = capsys.readouterr().err
    assert "\x1b]0;" not in text
    assert "\x1b[2J" not in text


def test_talkative_libraries_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(terminal=False, level=logging.DEBUG)
    for name in ("httpx", "httpcore", "apprise", "apscheduler"):
        logging.getLogger(name).info("https://api.example/bot123:SECRET/")
    assert lines(capsys) == []


CANARY = "canary/secret token"


@pytest.mark.parametrize("terminal", [True, False])
def test_no_secret_leaves_by_a_library_at_debug_or_by_an_exception(
    capsys: pytest.CaptureFixture[str], terminal: bool
) -> None:
    logs.configure(terminal=terminal, level=logging.DEBUG)
    logs.hide([CANARY])
    for name in ("httpx", "httpcore.http11", "apprise", "asyncio", "apscheduler.executors", "uvicorn.error", "root"):
        log = logging.getLogger(name)
        log.debug("GET https://x.test/?t=%s", CANARY)
        log.warning("headers %r", {"Authorization": CANARY})
        try:
            raise ConnectionError(CANARY)
        except ConnectionError:
            log.exception("failed with %s", quote(CANARY, safe=""))
    text = capsys.readouterr().err
    assert "headers" in text
    assert CANARY not in text
    assert quote(CANARY, safe="") not in text


@pytest.mark.parametrize("terminal", [True, False])
def test_no_secret_hides_inside_a_value(capsys: pytest.CaptureFixture[str], terminal: bool) -> None:
    logs.configure(terminal=terminal)
    logs.hide([CANARY])
    values = {"list": [CANARY], "map": {CANARY: CANARY}, "error": ValueError(CANARY), "bytes": CANARY.encode()}
    structlog.get_logger().info("x", nested=[values, (CANARY, "\x1b[2J")], **values)
    text = capsys.readouterr().err
    assert "nested" in text
    assert CANARY not in text
    assert "\x1b[2J" not in text


def test_a_crash_of_the_process_or_of_a_thread_is_a_log_line_without_secrets() -> None:
    program = """
import threading
from monitor import logs
logs.configure()
logs.log_crashes()
logs.hide(["canary5token8secret"])
def crash():
    raise RuntimeError("canary5token8secret")
thread = threading.Thread(target=crash)
thread.start()
thread.join()
crash()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["a thread crashed", "crashed"]
    assert "RuntimeError: [secret]" in done.stderr
    assert "canary5token8secret" not in done.stderr
