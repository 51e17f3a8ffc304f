"""Real forum software on loopback, driven through its own code and counted in its own database.

Nothing here knows `monitor`: a site is installed, seeded, started and stopped by the scripts beside the project, and
what it holds is read with its own tools. Every text carries a marker such as (#3.1), by which it is known anywhere.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[3] / "shared" / "live"
MARKER = re.compile(r"\(#[\w.]+\)")
INSTALLING, ACTING = 600, 120  # seconds


class NotHereError(Exception):
    """This machine cannot run the site; says why."""


class Site(ABC):
    """One site in `folder`, on a free port of loopback."""

    script = ""

    def __init__(self, folder: Path) -> None:
        if not SCRIPTS.is_dir():
            raise NotHereError("there is no folder shared/live beside the project")
        self.folder = folder
        self.environ = {**os.environ, "LIVE_DIR": str(folder)}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def run(self, *arguments: str, timeout: int = ACTING) -> str:
        """Let the site's script do something; what it printed."""
        command = ["bash", str(SCRIPTS / self.script), *arguments]
        done = subprocess.run(command, env=self.environ, capture_output=True, text=True, timeout=timeout, check=False)
        if done.returncode:
            raise NotHereError(f"{self.script} {arguments[0]}: {(done.stderr or done.stdout).strip()[-300:]}")
        return done.stdout

    def start(self) -> None:
        self.run("start", str(self.port))

    def stop(self) -> None:
        subprocess.run(["bash", str(SCRIPTS / self.script), "stop"], env=self.environ, capture_output=True, check=False)

    def markers(self) -> list[str]:
        """The markers of all that the site shows, from its own database."""
        return [marker for text in self.texts() for marker in MARKER.findall(text)]

    @abstractmethod
    def install(self) -> None: ...

    @abstractmethod
    def texts(self) -> list[str]: ...

    @abstractmethod
    def publish(self, title: str, text: str) -> None: ...

    @abstractmethod
    def answer(self, to: str, text: str) -> None:
        """Write a comment under the post that holds the marker `to`."""

    @abstractmethod
    def edit(self, marker: str, text: str) -> None: ...

    @abstractmethod
    def delete(self, marker: str) -> None:
        """Take a comment away."""

    @abstractmethod
    def break_down(self) -> None:
        """From now on pages say that something is wrong."""

    @abstractmethod
    def recover(self) -> None: ...


_WORDPRESS = Path(__file__).with_name("wordpress.php")
_BROKEN = """<?php
if (strpos($_SERVER['REQUEST_URI'], 'wp-json') !== false || isset($_GET['feed'])) {
    header('Content-Type: text/html');
    echo '<html><title>Error</title><body>Error establishing a connection</body></html>';
    exit;
}
"""


class WordPress(Site):
    """Posts and comments of a blog."""

    script = "wordpress.sh"

    def install(self) -> None:
        if os.geteuid() != 0:
            raise NotHereError("installing WordPress from Debian's packages needs root")
        if shutil.which("apt-get") is None:
            raise NotHereError("there is no apt-get")
        self.run("install", str(self.port), timeout=INSTALLING)
        self.run("seed", "12")

    @property
    def _www(self) -> Path:
        return self.folder / "wordpress" / "www"

    def _do(self, order: str, **what: str) -> str:
        done = subprocess.run(
            ["php", "-d", "display_errors=0", str(_WORDPRESS), str(self._www)],
            input=json.dumps({"do": order, **what}),
            capture_output=True,
            text=True,
            timeout=ACTING,
            check=True,
        )
        return done.stdout

    def texts(self) -> list[str]:
        return [str(text) for text in json.loads(self._do("texts"))]

    def publish(self, title: str, text: str) -> None:
        self._do("publish", title=title, text=text)

    def answer(self, to: str, text: str) -> None:
        self._do("answer", marker=to, text=text)

    def edit(self, marker: str, text: str) -> None:
        self._do("edit", marker=marker, text=text)

    def delete(self, marker: str) -> None:
        self._do("delete", marker=marker)

    def break_down(self) -> None:
        plugins = self._www / "wp-content" / "mu-plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        (plugins / "broken.php").write_text(_BROKEN, encoding="utf-8")

    def recover(self) -> None:
        (self._www / "wp-content" / "mu-plugins" / "broken.php").unlink(missing_ok=True)


_FLASKBB = """
import json, sys
from flaskbb.app import create_app
from flaskbb.extensions import db
from flaskbb.forum.models import Forum, Post, Topic
from flaskbb.user.models import User
import sqlalchemy as sa

order = json.load(sys.stdin)
app = create_app(sys.argv[1])
with app.test_request_context():
    session = db.session
    user = session.execute(sa.select(User)).scalars().first()
    def marked(marker):
        return session.execute(sa.select(Post).where(Post.content.contains(marker))).scalars().first()
    match order["do"]:
        case "texts":
            print("\\n" + json.dumps([post.content for post in session.execute(sa.select(Post)).scalars()]))
        case "publish":
            forum = session.execute(sa.select(Forum)).scalars().first()
            Topic(title=order["title"]).save(user=user, forum=forum, post=Post(content=order["text"]))
        case "answer":
            Post(content=order["text"]).save(user=user, topic=marked(order["marker"]).topic)
        case "edit":
            post = marked(order["marker"])
            post.content = order["text"]
            session.add(post)
            session.commit()
        case "delete":
            marked(order["marker"]).delete()
"""


class FlaskBB(Site):
    """Topics of a forum without any feed."""

    script = "flaskbb.sh"

    def install(self) -> None:
        self.run("install", timeout=INSTALLING)
        self.run("seed", "8")

    @property
    def _home(self) -> Path:
        return self.folder / "flaskbb"

    def _do(self, order: str, **what: str) -> str:
        script = self.folder / "act.py"
        script.write_text(_FLASKBB, encoding="utf-8")
        done = subprocess.run(
            [str(self._home / "venv" / "bin" / "python"), "-W", "ignore", str(script), str(self._home / "flaskbb.cfg")],
            input=json.dumps({"do": order, **what}),
            cwd=self._home,
            capture_output=True,
            text=True,
            timeout=ACTING,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        return done.stdout

    def texts(self) -> list[str]:
        return [str(text) for text in json.loads(self._do("texts").strip().splitlines()[-1])]

    def publish(self, title: str, text: str) -> None:
        self._do("publish", title=title, text=text)

    def answer(self, to: str, text: str) -> None:
        self._do("answer", marker=to, text=text)

    def edit(self, marker: str, text: str) -> None:
        self._do("edit", marker=marker, text=text)

    def delete(self, marker: str) -> None:
        self._do("delete", marker=marker)

    def break_down(self) -> None:
        self.stop()

    def recover(self) -> None:
        self.start()


SITES: dict[str, type[Site]] = {"wordpress": WordPress, "flaskbb": FlaskBB}


def until(condition: object, *, seconds: float, what: str) -> float:
    """Wait for a condition (a function); the seconds that it took. Raises TimeoutError, saying what was waited for."""
    assert callable(condition)
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.2)
    return time.monotonic() - started
