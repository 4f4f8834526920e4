"""A serial QR scanner at the other end of a real tty: a pty pair, named by a path that survives unplugging."""

import os
import tty
from pathlib import Path


class ScannerTty:
    """Plugged in from the start. `path` is what the node opens, like a link in /dev/serial/by-id."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plug()

    def plug(self) -> None:
        """Connect the scanner."""
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.path.symlink_to(os.ttyname(self._theirs))

    def unplug(self) -> None:
        """Pull it out: whoever has it open reads an end, and the path is gone."""
        self.path.unlink()
        os.close(self._theirs)
        os.close(self._ours)

    def present(self, code: str) -> None:
        """Hold a code in front of it: the text and CR, as scanners leave the factory."""
        self.send(code.encode() + b"\r")

    def send(self, data: bytes) -> None:
        """Bytes as they come out of the scanner."""
        os.write(self._ours, data)
