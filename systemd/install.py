"""Installs, upgrades and uninstalls the monitor on a server: `make install`, `make upgrade`, `make uninstall`.

A virtual environment stands in one of two folders beside PREFIX (`/opt/monitor-a`, `/opt/monitor-b`); PREFIX itself is
a link to the one in use, so that an upgrade and its undoing are one rename. Only the standard library is used here:
nothing is installed yet. With DESTDIR nothing outside it is written, and no systemd is spoken to.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from environment import (
    ROOT,
    Failure,
    Places,
    check_places,
    check_python,
    made_from,
    make_environment,
    packages,
    program,
    remove,
    run,
    say,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

UNITS: Final = ("monitor.service", "monitor-backup.service", "monitor-backup.timer")
DATABASE: Final = "monitor.db"
EXAMINATIONS: Final = ("check", "doctor")  # they look and change nothing; root may, and reads the credentials
# What doctor finds wrong here an upgrade may have done; a host that does not answer just now is none of its doing.
OURS: Final = ("versions", "database", "configuration", "permissions", "dictionaries")
# What changes the database runs as the service does: root would leave files that the service cannot write.
AS_THE_SERVICE: Final = (
    *("systemd-run", "--quiet", "--wait", "--pipe", "--collect"),
    *("-pDynamicUser=yes", "-pUser=monitor", "-pStateDirectory=monitor", "-pStateDirectoryMode=0700", "-pUMask=0077"),
)


# ── What all three do ──


def systemd_runs(places: Places) -> bool:
    """Whether there is a systemd to speak to about these units."""
    return not places.destdir and Path("/run/systemd/system").is_dir()


def systemctl(places: Places, *words: str) -> None:
    """Tell systemd, where it runs."""
    if systemd_runs(places):
        run("systemctl", *words, why=f"systemctl {' '.join(words)} failed")


def active_units(places: Places) -> tuple[str, ...]:
    """Which of our units systemd has started."""
    if not systemd_runs(places):
        return ()
    quiet = ("systemctl", "is-active", "--quiet")
    return tuple(unit for unit in UNITS if subprocess.run((*quiet, unit), check=False).returncode == 0)  # noqa: S603


def switch(places: Places, slot: str) -> None:
    """Let PREFIX lead to `slot`, in one rename."""
    draft = places.link.with_name(places.link.name + ".new")
    draft.unlink(missing_ok=True)
    draft.symlink_to(Path(slot).name)
    draft.replace(places.link)


def write_units(places: Places) -> None:
    """The units for this PREFIX."""
    places.units.mkdir(parents=True, exist_ok=True)
    for name in UNITS:
        text = (ROOT / "systemd" / name).read_text(encoding="utf-8")
        _write(places.units / name, text.replace("/opt/monitor/", places.prefix + "/"))
    systemctl(places, "daemon-reload")


def _write(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a file only where it is not so already, so that doing it twice changes nothing."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def act(places: Places, slot: str, command: str, *arguments: str | Path, why: str) -> str:
    """Let the monitor of one environment do something with the installed configuration or database; its output."""
    words: list[str | Path] = [places.at(slot) / "bin" / "monitor", command, *arguments]
    if command in EXAMINATIONS:
        words += ["--config", places.settings / "sources.yaml"]
    elif systemd_runs(places):
        words = [*AS_THE_SERVICE, *words]
    if command != "check":
        words += ["--db", places.state / DATABASE]
    folders = {"STATE_DIRECTORY": str(places.state), "CREDENTIALS_DIRECTORY": str(places.settings / "credentials")}
    codes = (0, 1) if command == "doctor" else (0,)  # 1: it has found problems
    return run(*words, why=why, codes=codes, env=os.environ | folders)


# ── Install ──


def install(places: Places, contact: str) -> None:
    """Install what is not installed yet; another version in its place is for `upgrade`."""
    check_python(places)
    if places.link.exists() and not places.link.is_symlink():
        raise Failure(f"{places.prefix} is there and was not made by this; choose another PREFIX")
    slot = places.current() or places.slots()[0]
    if made_from(places, slot) == (packages(), program()):
        say(f"{slot} is complete already.")
    elif made_from(places, slot)[0]:
        raise Failure("another version is installed; use `make upgrade`, which backs the database up first")
    else:
        make_environment(places, slot)
    switch(places, slot)
    write_settings(places, contact)
    write_units(places)
    places.command.parent.mkdir(parents=True, exist_ok=True)
    remove(places.command)
    # Relative, so that it leads to the same place inside DESTDIR.
    places.command.symlink_to(os.path.relpath(f"{places.prefix}/bin/monitor", "/usr/local/bin"))
    say(
        f"Installed: {places.prefix}, command /usr/local/bin/monitor, settings /etc/monitor, units /etc/systemd/system."
    )
    say("Next: edit /etc/monitor/sources.yaml, `monitor check`, `monitor doctor`,")
    say("      systemctl enable --now monitor.service monitor-backup.timer")


def write_settings(places: Places, contact: str) -> None:
    """The shipped configuration where there is none, and the folder of credentials; what is there is left alone."""
    credentials, example = places.settings / "credentials", places.settings / "sources.yaml"
    credentials.mkdir(parents=True, exist_ok=True)
    credentials.chmod(0o700)
    if not example.exists():
        text = (ROOT / "sources.yaml").read_text(encoding="utf-8")
        example.write_text(text.replace("${MONITOR_CONTACT}", "${credential:contact}"), encoding="utf-8")
    address = credentials / "contact"
    if contact or not address.exists():
        address.touch(mode=0o600)
        address.write_text(f"{contact}\n" if contact else "", encoding="utf-8")
    if not address.stat().st_size:
        say("No contact address yet, which owners of sites see: write one into /etc/monitor/credentials/contact.")


# ── Upgrade ──


def upgrade(places: Places) -> None:
    """Replace the version in use; when anything fails, the old one and its database are in place again."""
    check_python(places)
    old, new = places.current(), places.free()
    if old is None or not made_from(places, old)[0]:
        raise Failure("nothing is installed; use `make install`")
    if made_from(places, old) == (packages(), program()):
        say(f"{old} is this version already.")
        return
    before = version(places, old)
    try:
        make_environment(places, new, old=old)
    except (Failure, OSError, KeyboardInterrupt):
        remove(places.at(new))
        raise
    active = active_units(places)
    units = {path: path.read_bytes() for name in UNITS if (path := places.units / name).is_file()}
    backup: Path | None = None
    try:
        systemctl(places, "stop", *UNITS)
        well = {name for name, fault in examine(places, old).items() if not fault}
        backup = back_up(places, old)
        switch(places, new)
        write_units(places)
        if backup is not None:
            why = "the database could not be brought to the new version"
            say(act(places, new, "migrate", "--no-index", why=why).strip())
        after = examine(places, new)
        for name in sorted(well):
            if fault := after.get(name, ""):
                raise Failure(f"{name} found nothing wrong before, and does now: {fault}")
        if active:
            systemctl(places, "start", *active)
    except (Failure, OSError, KeyboardInterrupt) as error:
        undo(places, old, because=error, backup=backup, units=units)
        remove(places.at(new))
        if active:
            systemctl(places, "start", *active)
        raise Failure(f"{str(error) or 'interrupted'}\nThe upgrade was undone: {before} is in place again.") from error
    remove(places.at(old))
    say(f"Upgraded: {before} to {version(places, new)}.")


def examine(places: Places, slot: str) -> dict[str, str]:
    """What each examination says is wrong, "" where all is well; what cannot be told is left out.

    What was wrong before is no fault of an upgrade.
    """
    found = {"`monitor check`": ""}
    try:
        act(places, slot, "check", why="it says")
    except Failure as fault:
        found["`monitor check`"] = str(fault)
    try:
        lines = [json.loads(line) for line in act(places, slot, "doctor", "--json", why="").splitlines()]
    except (Failure, ValueError):
        return found
    for area in OURS:
        # Dictionaries that are missing are a note only, as a search makes them; the service may not.
        bad = ("problem", "note") if area == "dictionaries" else ("problem",)
        said = [str(line["what"]) for line in lines if line["area"] == area and line["level"] in bad]
        found[f"`monitor doctor` ({area})"] = "; ".join(said)
    return found


def version(places: Places, slot: str) -> str:
    """What an environment calls itself."""
    return run(places.at(slot) / "bin" / "monitor", "--version", why=f"{slot} does not start").strip()


def back_up(places: Places, old: str) -> Path | None:
    """A verified copy of the database by the version that wrote it; None where there is no database yet."""
    if not (places.state / DATABASE).exists():
        say("There is no database yet, so there is nothing to back up.")
        return None
    # Takes the lock: a daemon that systemd knows nothing of would go on writing.
    act(places, old, "migrate", why="the database cannot be had")
    copy = places.state / "before-upgrade.db"
    remove(copy)
    act(places, old, "backup", "--out", copy, why="the database could not be backed up")
    say(f"The database as it was: /var/lib/monitor/{copy.name}")
    return copy


def undo(places: Places, old: str, *, because: BaseException, backup: Path | None, units: Mapping[Path, bytes]) -> None:
    """The old version, its units and its database in place again. Raises Failure with both stories when it cannot."""
    try:
        systemctl(places, "stop", *UNITS)
        switch(places, old)
        for path, text in units.items():
            path.write_bytes(text)
        systemctl(places, "daemon-reload")
        if backup is not None:
            # Nobody was told anything meanwhile that the database does not know; nothing pending may be muted.
            why = f"the database is safe in {backup}, but cannot be restored"
            act(places, old, "restore", backup, "--yes", "--alert-again", why=why)
    except (Failure, OSError) as error:
        raise Failure(f"{because}\nUndoing the upgrade failed too, and nothing was started: {error}") from because


# ── Uninstall ──


def uninstall(places: Places) -> None:
    """Remove what `install` made; configuration, credentials and the database stay."""
    if systemd_runs(places) and any((places.units / name).exists() for name in UNITS):
        systemctl(places, "disable", "--now", *UNITS)
    units = [remove(places.units / name) for name in UNITS]
    systemctl(places, "daemon-reload")
    ours = places.command.is_symlink() and str(places.command.readlink()).endswith(f"{places.prefix}/bin/monitor")
    found = [*units, ours and remove(places.command), places.link.is_symlink() and remove(places.link)]
    found += [remove(places.at(slot)) for slot in places.slots() if (places.at(slot) / "pyvenv.cfg").is_file()]
    say("Uninstalled." if any(found) else "Nothing was installed.")
    kept = [path for path in ("/etc/monitor", "/var/lib/monitor") if places.at(path).exists()]
    if kept:
        say(f"Kept: {', '.join(kept)} (configuration, credentials, database). Remove them by hand if you want.")


def main() -> None:
    """Do one of the three; every fault is words and exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("install", "upgrade", "uninstall"))
    options = parser.parse_args()
    # As make has them: in the environment, where no shell reads what stands in them.
    given, prefix, contact = (os.environ.get(name, "").strip() for name in ("DESTDIR", "PREFIX", "CONTACT"))
    destdir = str(Path(given).absolute()) if given else ""
    places = Places("" if destdir == "/" else destdir, prefix.rstrip("/") if prefix else "/opt/monitor")
    os.umask(0o022)  # the service's user must be able to read what root installs
    try:
        if not places.destdir and os.geteuid() != 0:
            raise Failure(f"this needs root: sudo make {options.action}")
        if options.action != "uninstall":
            check_places(places)
        if options.action == "install":
            install(places, contact)
        elif options.action == "upgrade":
            upgrade(places)
        else:
            uninstall(places)
    except (Failure, OSError) as error:
        sys.exit(f"{options.action}: {error}")


if __name__ == "__main__":
    main()
