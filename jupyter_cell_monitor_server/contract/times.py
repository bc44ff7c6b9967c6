"""When an event can have happened."""

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from .paths import FieldError

EARLIEST_TIME = datetime(2000, 1, 1, tzinfo=UTC)
LATEST_AHEAD = timedelta(days=1)
_NO_TIME = timedelta()


class Clocks(Struct, frozen=True):
    """The service's clock, what its sender's clock lacks, and how long events are kept.

    `correction` is received less sent. Events from before `oldest` are too old.
    """

    now: datetime
    correction: timedelta = _NO_TIME
    oldest: datetime | None = None

    def check_event(self, timestamp: datetime) -> None:
        """Check a time by the sender's clock. Raises `FieldError`, with `too_old` where it is.

        It may be right as it stands, where the clock was set between the event and its sending.
        """
        readings = [at for at in self._readings(timestamp) if self._is_possible(at)]
        if not readings:
            raise _out_of_range("timestamp")
        if self.oldest is not None and max(readings) < self.oldest:
            detail = "The event is older than the service keeps events."
            raise FieldError("timestamp", detail, "too_old")

    def check_kernel(self, moment: datetime, field: str) -> None:
        """Check a time by the kernel's clock. Raises `FieldError`."""
        if not self._is_possible(moment):
            raise _out_of_range(field)

    def _readings(self, timestamp: datetime) -> list[datetime]:
        # Both ends of Python's calendar have no UTC everywhere.
        if not datetime.min.year < timestamp.year < datetime.max.year:
            return []
        try:
            return [timestamp, timestamp + self.correction]
        except OverflowError:
            return [timestamp]

    def _is_possible(self, moment: datetime) -> bool:
        return EARLIEST_TIME <= moment <= self.now + LATEST_AHEAD


class _Checked(Clocks, frozen=True):
    def check_event(self, timestamp: datetime) -> None:
        """Nothing is wrong with it."""

    def check_kernel(self, moment: datetime, field: str) -> None:
        """Nothing is wrong with it."""


# What was far off when it came may be right only together with the time of its sending.
CHECKED: Final = _Checked(EARLIEST_TIME)
"""For an event that is kept: its times were checked when it came."""


def _out_of_range(field: str) -> FieldError:
    return FieldError(field, f"{field} must lie between 2000 and a day ahead.")
