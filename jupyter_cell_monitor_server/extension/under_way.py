"""Counts the bytes of the requests that this Jupyter server holds for its user."""

from .guard import RETRY_AFTER_S, RefusalError


class UnderWay:
    """At most `max_bytes` are held at the same time: a service that hangs fills no memory here."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.bytes = 0

    def take(self, more_bytes: int) -> None:
        """Count so many more. Raises `RefusalError`; then nothing is counted."""
        if self.bytes + more_bytes > self._max_bytes:
            raise RefusalError(503, "Too much is under way. Please try again.", None, RETRY_AFTER_S)
        self.bytes += more_bytes

    def give(self, bytes_: int) -> None:
        """Count so many less."""
        self.bytes -= bytes_
