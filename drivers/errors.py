"""What can be wrong with a device. A leaf that belongs to one chip stands in that chip's file."""


class DriverError(Exception):
    """Root of every fault in this room; the message says what, which device and the likely cause."""


class GpioUnavailable(DriverError, OSError):
    """The pins of this machine cannot be used."""


class DeviceClosed(DriverError, RuntimeError):
    """Called after close(): the message names device and call."""
