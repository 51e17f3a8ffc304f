"""A transcript for docs/: commands as a person types them, their real output, what differs from run to run masked."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MASKS = (
    (re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|\+00:00)?"), "2026-01-31 10:00"),
    (re.compile(r"\b\d{2}-\d{2} \d{2}:\d{2}\b"), "01-31 10:00"),
    (re.compile(r"\d{8}T\d{6}Z"), "20260131T100000Z"),
    (re.compile(r"Makefile:\d+"), "Makefile"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b|\b[0-9a-f]{16,64}\b"), "ID"),
    (re.compile(r"\b\d+(\.\d+)? (seconds|s|ms|minutes|min)\b"), "N s"),
    (re.compile(r"\b\d+(\.\d+)? ?(kB|MB|GB|TB|KiB|MiB|GiB)\b"), "N MB"),
)


@dataclass
class Transcript:
    """`hidden` maps what names this machine to what stands for it; `lines` is the page so far."""

    hidden: Mapping[str, str]
    lines: list[str] = field(default_factory=list)
    _open: str = ""  # the language of the block that ends the page so far

    def heading(self, text: str) -> None:
        self.lines += ["", f"## {text}"]
        self._open = ""

    def words(self, *text: str) -> None:
        self.lines += ["", *text] if self._open else list(text)
        self._open = ""

    def file(self, command: str, text: str, *, language: str) -> None:
        """A file as a person writes it."""
        self._block("console", [f"$ {command}"])
        self._block(language, self.masked(text).splitlines())

    def _block(self, language: str, lines: Sequence[str]) -> None:
        """A block; one that follows its like is the same block."""
        if self._open == language:
            self.lines.pop()
        else:
            self.lines.append(f"```{language}")
        self.lines += [*lines, "```"]
        self._open = language

    def run(self, shown: str, command: Sequence[str], *, environ: Mapping[str, str], folder: Path) -> int:
        """Run a command; it stands in the transcript as `shown`, with what it printed. Its exit code."""
        done = subprocess.run(
            command,
            cwd=folder,
            env=dict(environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        self.show(shown, done.stdout, status=done.returncode)
        return done.returncode

    def show(self, shown: str, output: str, *, status: int = 0) -> None:
        said = [line.rstrip() for line in self.masked(output).strip("\n").splitlines()]
        ended = ["$ echo $?", str(status)] if status else []
        self._block("console", [f"$ {self.masked(shown)}", *said, *ended])

    def masked(self, text: str) -> str:
        """The text without what names this machine or this moment."""
        for secret, stand_in in self.hidden.items():
            text = text.replace(secret, stand_in)
        for pattern, stand_in in MASKS:
            text = pattern.sub(stand_in, text)
        return text

    def page(self) -> str:
        """The page."""
        return "\n".join(self.lines) + "\n"
