"""When an event can have happened."""

from datetime import UTC, datetime, timedelta

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
        """Check a time by the sender's clock. Raises `FieldError`, with `too_old` where it is."""
        # Both ends of Python's calendar have no UTC everywhere.
        if not datetime.min.year < timestamp.year < datetime.max.year:
            raise _out_of_range("timestamp")
        try:
            corrected = timestamp + self.correction
        except OverflowError as error:
            raise _out_of_range("timestamp") from error
        self._check(corrected, "timestamp")
        if self.oldest is not None and corrected < self.oldest:
            detail = "The event is older than the service keeps events."
            raise FieldError("timestamp", detail, "too_old")

    def check_kernel(self, moment: datetime, field: str) -> None:
        """Check a time by the kernel's clock. Raises `FieldError`."""
        self._check(moment, field)

    def _check(self, moment: datetime, field: str) -> None:
        if not EARLIEST_TIME <= moment <= self.now + LATEST_AHEAD:
            raise _out_of_range(field)


def _out_of_range(field: str) -> FieldError:
    return FieldError(field, f"{field} must lie between 2000 and a day ahead.")
