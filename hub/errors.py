"""What can go wrong in the hub."""


class HubError(Exception):
    """Root of every fault in this room."""


class BadStore(HubError, ValueError):
    """A store file that contradicts itself; the message names the file, the place and the likely cause."""
