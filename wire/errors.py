"""What can be wrong with something that travels."""


class WireError(Exception):
    """Root of every fault in this room."""


class BadMessage(WireError, ValueError):
    """A payload that does not follow the contract: unknown tag, unknown field, wrong type, out of range."""


class BadSettings(WireError, ValueError):
    """A TOML file that cannot be used; the message names file, place and likely cause."""


class BusDown(WireError, ConnectionError):
    """The broker cannot be reached now; the caller keeps the message and tries again."""
