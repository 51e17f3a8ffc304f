"""The facts that `doctor` judges, gathered from the machine, the database, the network and the running daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.cli.common import config_path, database_path, found_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from monitor.config import Config
    from monitor.flows.doctoring import Finding, Mode
    from monitor.models import Network
    from monitor.store.condition import Condition

SECONDS = 8.0  # for one host; they are reached side by side


def examine_all(config: Path | None, db: Path | None) -> Iterator[Finding]:
    """Every finding, area by area, as soon as it is known."""
    import sys
    from shutil import disk_usage

    from monitor.clock import SystemClock
    from monitor.flows import doctoring
    from monitor.store.condition import SQLITE, examine

    now, database = SystemClock().now(), database_path(db)
    lock = _lock_file()
    yield from doctoring.versions(
        python=sys.version_info[:3], sqlite=SQLITE, differing=_differing(lock) if lock else (), lock=lock
    )
    condition = examine(database) if database.exists() else None
    disk = disk_usage(next(folder for folder in database.absolute().parents if folder.is_dir()))
    yield from doctoring.database(database, condition, disk_free=disk.free, disk_total=disk.total)
    yield from doctoring.clock(now, newest=condition.newest if condition else None, synchronised=synchronised())
    yield from doctoring.permissions(modes(config_path(config), database))
    loaded, fault = _configuration(config)
    yield fault
    if loaded is not None:
        yield from _network(loaded, now)
    yield _daemon(database, loaded)
    if _is_usable(condition):
        yield from _history(database)
    if loaded is not None:
        yield from _receivers(loaded, database, condition)
        yield from _people(loaded, database, condition)
    yield _dictionaries()


def _configuration(config: Path | None) -> tuple[Config | None, Finding]:
    from monitor.cli.common import load_config
    from monitor.errors import ConfigError, InputError
    from monitor.flows.doctoring import Finding
    from monitor.understanding.tiers import chosen

    try:
        path = found_config(config)
        loaded = load_config(path)
    except ConfigError as error:
        first, more = error.faults[0], len(error.faults) - 1
        what = str(first) + (f", and {more} more" if more else "")
        return None, Finding("problem", "configuration", what, "monitor check shows every mistake")
    try:
        tier = chosen(loaded.sentiment)
    except InputError as error:
        return loaded, Finding("problem", "configuration", f"{path}: {error}", "install it, or write sentiment: auto")
    if loaded.warnings:
        what = f"{path}: {len(loaded.warnings)} warnings, the first: {loaded.warnings[0]}"
        return loaded, Finding("note", "configuration", what, "monitor check shows them all")
    return loaded, Finding("ok", "configuration", f"{path}: no mistake; sentiment is read with the tier {tier.value}")


def _network(loaded: Config, now: datetime) -> Iterator[Finding]:
    import asyncio

    from monitor.errors import AddressRefused
    from monitor.fetching.address import host_of
    from monitor.fetching.reaching import reach_all
    from monitor.flows import doctoring

    urls: dict[str, tuple[Network, ...]] = {}
    names: dict[str, str] = {}
    for source in loaded.sources:
        url = loaded.reveal(source.url)
        try:
            host = host_of(url)
        except AddressRefused as error:
            yield doctoring.Finding("problem", "network", f"{source.name}: {error}", "change its url")
            continue
        if source.enabled and host not in names.values():
            urls[url], names[url] = source.allow, host
    reached = asyncio.run(reach_all(urls, seconds=SECONDS))
    yield from doctoring.hosts({names[url]: found for url, found in reached.items()}, now)


def _daemon(database: Path, loaded: Config | None) -> Finding:
    from monitor import control
    from monitor.errors import DaemonUnreachable, InputError
    from monitor.flows import doctoring

    try:
        control.call(database, "ping", timeout=5)
    except DaemonUnreachable:
        return doctoring.daemon(answers=False, tick_age=None)
    except InputError:
        pass  # it does not know the verb, so it is there
    return doctoring.daemon(answers=True, tick_age=_tick_age(loaded) if loaded else None)


def _tick_age(loaded: Config) -> float | None:
    """Seconds since the daemon last looked for work, as its page says; None where the page is not served."""
    import http.client
    import json

    connection = http.client.HTTPConnection(loaded.web.host, loaded.web.port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return float(json.loads(connection.getresponse().read(65536))["tick_age_seconds"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None  # another program may listen there; that the daemon answers was seen on its socket
    finally:
        connection.close()


def _history(database: Path) -> Iterator[Finding]:
    from monitor.cli.common import reader
    from monitor.flows import doctoring

    yield from doctoring.sources(reader(database).sources())


def _receivers(loaded: Config, database: Path, condition: Condition | None) -> Iterator[Finding]:
    from monitor import notify
    from monitor.cli.common import reader
    from monitor.flows import doctoring

    refused = {
        f"{receiver.name}, address {number}": reason
        for receiver in loaded.receivers
        for number, target in enumerate(receiver.targets, start=1)
        if (reason := notify.refusal(target)) is not None
    }
    dead = len(reader(database).dead_deliveries()) if _is_usable(condition) else 0
    yield from doctoring.receivers(refused, configured=len(loaded.receivers), dead=dead)


def _people(loaded: Config, database: Path, condition: Condition | None) -> Iterator[Finding]:
    from monitor.cases.playbooks import known
    from monitor.cli.common import reader
    from monitor.flows import doctoring

    if _is_usable(condition):
        receivers = [receiver.name for receiver in loaded.receivers]
        yield from doctoring.people(reader(database).persons(), known(loaded.playbooks), receivers)


def _is_usable(condition: Condition | None) -> bool:
    return condition is not None and not condition.error and not condition.missing_steps


def _dictionaries() -> Finding:
    from monitor.flows import doctoring
    from monitor.lemmas.dictionaries import unprepared

    return doctoring.dictionaries(unprepared())


def modes(config: Path, database: Path) -> list[Mode]:
    """The permission bits of what is there; a folder made for us alone is to stay so."""
    import os
    import stat

    from monitor.config.secrets import literal_in
    from monitor.flows.doctoring import Mode

    def mode(path: Path, allowed: int) -> list[Mode]:
        return [Mode(path, stat.S_IMODE(path.stat().st_mode), allowed)] if path.exists() else []

    ours = [database, *(database.with_name(database.name + end) for end in ("-wal", "-shm", ".lock", ".sock"))]
    found = [item for path in ours for item in mode(path, 0o600)]
    folder = database.absolute().parent
    if os.environ.get("STATE_DIRECTORY"):
        found += mode(folder, 0o700)
    elif folder.is_dir() and not folder.stat().st_mode & stat.S_ISVTX:  # who may write there may put another file
        found += mode(folder, 0o755)
    try:
        spelt_out = any(map(literal_in, config.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError):
        spelt_out = False  # what is wrong with it is said where it is loaded
    return found + (mode(config, 0o640) if spelt_out else [])


def mend(found: Sequence[Mode]) -> list[Mode]:
    """Take away the bits that are too many; returns what was changed. Raises PermissionError."""
    wrong = [mode for mode in found if mode.bits & ~mode.allowed]
    for mode in wrong:
        mode.path.chmod(mode.bits & mode.allowed)
    return wrong


def _lock_file() -> Path | None:
    """requirements.lock in the checkout, or where `make install` lays it beside the virtual environment's programs."""
    import sys
    from pathlib import Path

    import monitor

    places = (Path(monitor.__file__).parents[1], Path(sys.prefix), Path(sys.prefix).parent)
    return next((path for place in places if (path := place / "requirements.lock").is_file()), None)


def _differing(lock: Path) -> list[str]:
    """Packages that are installed in another version than the lock says for this machine and Python, or not at all."""
    import re
    from importlib.metadata import PackageNotFoundError, version

    from packaging.markers import Marker

    lines = re.findall(r"^([\w.-]+)==([^\s;\\]+)[ \t]*(?:;([^\n\\]+))?", lock.read_text(encoding="utf-8"), re.MULTILINE)
    differing = []
    for name, locked, marker in lines:
        if marker and not Marker(marker).evaluate():  # other systems and Pythons have lines of their own
            continue
        try:
            found = version(name)
        except PackageNotFoundError:
            differing.append(f"{name} is missing")
            continue
        if found != locked:
            differing.append(f"{name} {found} (locked: {locked})")
    return differing


def synchronised(adjtimex: Callable[[object], int] | None = None) -> bool | None:
    """Whether something keeps the kernel's clock right, as adjtimex(2) says; None where it may not be asked."""
    import ctypes

    call = adjtimex or getattr(ctypes.CDLL(None), "adjtimex", None)
    if call is None:
        return None
    state = call(ctypes.create_string_buffer(512))  # struct timex with modes = 0: read only; it is 208 bytes long
    return None if state < 0 else state != 5  # TIME_ERROR
