"""When the lesson that is going on began."""

from collections.abc import Iterable
from datetime import datetime, timedelta

LONG_PAUSE = timedelta(minutes=30)


def lesson_start(times: Iterable[datetime]) -> datetime | None:
    """The first of the times after the last pause of at least 30 minutes. None without times."""
    start = previous = None
    for moment in sorted(times):
        if previous is None or moment - previous >= LONG_PAUSE:
            start = moment
        previous = moment
    return start
