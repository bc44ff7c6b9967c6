"""How much may be under way at the same time, in all and of one user; and the refusals of more."""

from collections import Counter
from dataclasses import dataclass, field

from .quota import Quota, TooMany

MIB = 1024 * 1024
FULL_RETRY_AFTER_S = 2.0


class Busy(Exception):
    """The service has no room now, whoever asks; `reason` is a word for the metrics."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class InFlight:
    """Counts the bytes of the requests that are being read, parsed or waiting to be stored.

    `max_bytes` bounds all, `max_user_bytes` those of one user.
    """

    def __init__(self, max_bytes: int, max_user_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._max_user_bytes = max_user_bytes
        self._of_user: Counter[str] = Counter()
        self.bytes = 0

    def check(self, user: str, more_bytes: int) -> None:
        """Raises `Busy`, or `TooMany` where this user has too much under way."""
        if self._of_user[user] + more_bytes > self._max_user_bytes:
            detail = "Too much of yours is still being stored. Try again."
            raise TooMany("user_in_flight", FULL_RETRY_AFTER_S, detail)
        if self.bytes + more_bytes > self._max_bytes:
            raise Busy("in_flight", "Too much is under way at the same time. Try again.")

    def take(self, user: str, more_bytes: int) -> None:
        """Count so many more. Raises as `check`; then nothing is counted."""
        self.check(user, more_bytes)
        self._of_user[user] += more_bytes
        self.bytes += more_bytes

    def give(self, user: str, bytes_: int) -> None:
        """Count so many less."""
        self.bytes -= bytes_
        self._of_user[user] -= bytes_
        if not self._of_user[user]:
            del self._of_user[user]


@dataclass(frozen=True)
class Bounds:
    """What the handlers refuse above."""

    in_flight: InFlight = field(default_factory=lambda: InFlight(128 * MIB, 32 * MIB))
    quota: Quota = field(default_factory=lambda: Quota(200.0, 6000.0))
    max_sockets: int = 2000
    max_sockets_per_user: int = 40
