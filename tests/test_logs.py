from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

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
