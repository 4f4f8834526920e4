"""What can go wrong with what every flashed Pi runs."""


class FirmwareError(Exception):
    """Root of every fault in this room."""


class OutboxError(FirmwareError, OSError):
    """The outbox cannot be opened; the message names the file and the likely cause."""


class OutboxFull(FirmwareError, BufferError):
    """So many events wait for the hub that no more are taken."""
