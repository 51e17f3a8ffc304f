"""The one place where what h11, ssl and the system raise becomes an error of ours.

Messages name the host and never quote what was sent or received: a header or a query may be a secret, and what a
server says may be made for the terminal that shows it.
"""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

import h11

from monitor.errors import ConnectFailed

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def foreign_errors(host: str) -> Iterator[None]:
    """Raise `ConnectFailed` for everything that goes wrong between us and `host`."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise ConnectFailed(f"{host}: certificate refused ({error.verify_message})") from error
    except ssl.SSLError as error:
        raise ConnectFailed(f"{host}: TLS failed ({error.reason})") from error
    except socket.gaierror as error:
        raise ConnectFailed(f"{host}: the name cannot be resolved ({error.strerror})") from error
    except OSError as error:
        # asyncio puts the address into strerror; the number says it plainly.
        words = os.strerror(error.errno) if error.errno else type(error).__name__
        raise ConnectFailed(f"{host}: {words}") from error
    # From None: h11 quotes the offending line, which may be a secret header of ours.
    except h11.LocalProtocolError:
        raise ConnectFailed(f"{host}: a header or the address of the request is not legal HTTP") from None
    except h11.RemoteProtocolError:
        raise ConnectFailed(f"{host}: the answer broke off or is not HTTP") from None
