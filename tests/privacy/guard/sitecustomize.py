"""Loaded by every Python process that has this folder on its path: no socket of it reaches beyond the
machine's own files.

What a process does with the network goes to the file that ``BRAINSR_TEST_GUARD`` names, one line each, and is refused.
"""

from __future__ import annotations

import os
import socket
import sys

_WATCHED = (
    "socket.connect",
    "socket.bind",
    "socket.sendto",
    "socket.sendmsg",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "urllib.Request",
    "http.client.connect",
)


def _note(line: str) -> None:
    # A descriptor of its own: opening by name is an event too, and would come back here.
    os.write(_FILE, f"{os.getpid()} {line}\n".encode())


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event in _WATCHED:
        first = arguments[0] if arguments else None
        if isinstance(first, socket.socket) and first.family == getattr(socket, "AF_UNIX", None):
            return
        if event == "socket.bind" and arguments[1] in (("::1", 0), ("127.0.0.1", 0)):
            return  # a library tries at its import whether there is IPv6; whoever would connect is seen then
        _note(f"{event} {arguments[1:]!r}")
        raise PermissionError(f"{event} is not allowed in this test")


if "BRAINSR_TEST_GUARD" in os.environ:
    _FILE = os.open(os.environ["BRAINSR_TEST_GUARD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    sys.addaudithook(_watch)
    _note("guarded " + " ".join(sys.orig_argv[1:])[:80].replace("\n", " "))
