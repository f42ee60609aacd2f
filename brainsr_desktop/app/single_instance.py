"""One window for one user: a second start hands its paths to the first and ends.

A request is one line of JSON, ``{"paths": [...]}``; the answer is ``ok``. Only the same user may connect.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import logging
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

log = logging.getLogger(__name__)

PATIENCE_MS: Final = 2000
LARGEST_BYTES: Final = 1 << 20
ANSWER: Final = b"ok\n"


def server_name(settings_path: Path) -> str:
    """Name of this user's window; another settings file is another user."""
    text = f"{getpass.getuser()}\n{settings_path.absolute()}"
    return "brainsr-desktop-" + hashlib.sha256(text.encode()).hexdigest()[:16]


def hand_over(name: str, paths: list[str]) -> bool:
    """Give paths to the window that runs; False if there is none or it does not answer within two seconds."""
    socket = QLocalSocket()
    socket.connectToServer(name)
    if not socket.waitForConnected(PATIENCE_MS):
        return False
    socket.write(json.dumps({"paths": paths}).encode() + b"\n")
    while not socket.canReadLine():
        if not socket.waitForReadyRead(PATIENCE_MS):
            log.info("another window did not answer")
            socket.abort()
            return False
    answered = bytes(socket.readLine().data()) == ANSWER
    socket.disconnectFromServer()
    return answered


class SingleInstance(QObject):
    """Listens for later starts of the program."""

    paths_received = Signal(list)  # list[str], may be empty: only come to the front

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)

    def listen(self) -> bool:
        """Begin; False if nobody can reach this window. Called when no other window has answered."""
        if self._server.listen(self._name):
            return True
        # A window that was killed leaves its socket file behind.
        QLocalServer.removeServer(self._name)
        if self._server.listen(self._name):
            return True
        log.warning("later starts cannot reach this window: %s", self._server.errorString())
        return False

    def close(self) -> None:
        """Listen no longer."""
        self._server.close()

    def _on_connection(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda socket=socket: self._on_ready(socket))
            socket.disconnected.connect(socket.deleteLater)
            if socket.canReadLine():
                self._on_ready(socket)

    def _on_ready(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > LARGEST_BYTES:
                socket.abort()
            return
        paths = _paths_of(bytes(socket.readLine(LARGEST_BYTES).data()))
        if paths is None:
            socket.abort()
            return
        socket.write(ANSWER)
        socket.flush()
        self.paths_received.emit(paths)


def _paths_of(line: bytes) -> list[str] | None:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        return None
    paths = request.get("paths") if isinstance(request, dict) else None
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        return None
    return paths
