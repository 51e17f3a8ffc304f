"""What systemd is told: that the daemon is ready, lives, reloads or stops."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def tell(state: str) -> None:
    """One datagram to systemd's notification socket, if there is one; a leading @ means the abstract namespace."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection, suppress(OSError):
        connection.connect("\0" + address[1:] if address.startswith("@") else address)
        connection.sendall(state.encode())
