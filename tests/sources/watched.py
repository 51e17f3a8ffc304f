"""Reads each shared feed with an audit hook in place: prints what was opened, and which file took longest.

Run as a program of its own, because an audit hook cannot be taken out again.
"""

from __future__ import annotations

import json
import sys
import time

from monitor.models import Response
from tests.sources.shared import ROOT, answers, read

WATCHED = ("socket.", "subprocess.", "urllib.", "os.system", "os.exec", "ctypes.")


def main() -> None:
    bodies = answers()
    # The detector of encodings loads its tables when it is first asked.
    read(Response(url="http://h/", status=200, headers=(), body="<rss>Проверка связи</rss>".encode("cp1251")))
    opened: list[str] = []
    own = (sys.prefix, sys.base_prefix, str(ROOT / "monitor"))  # modules, codecs among them, are imported when used

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and not str(arguments[0]).startswith(own):
            opened.append(f"open {arguments[0]!r}")
        elif event.startswith(WATCHED):
            opened.append(event)

    sys.addaudithook(watch)
    slowest = (0.0, "")
    for name, answer in bodies.items():
        began = time.process_time()
        read(answer)
        slowest = max(slowest, (time.process_time() - began, name))
    print(json.dumps({"files": len(bodies), "opened": opened, "slowest": slowest}))


if __name__ == "__main__":
    main()
