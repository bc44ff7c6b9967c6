"""A browser's clock beside the service's. Neither orders events: the kernel's times do."""

from datetime import datetime, timedelta

# Above it a teacher is told that a student's times are not to be believed.
SKEW_LIMIT_MS = 60_000.0


def corrected(client_at: datetime, sent_at: datetime | None, received_at: datetime) -> datetime:
    """A browser's time by the service's clock, where it is known when the browser sent it.

    What the network took counts as skew: it is small beside what is wrong with clocks.
    """
    if sent_at is None:
        return client_at
    try:
        return client_at + (received_at - sent_at)
    except OverflowError:
        return client_at


def skew_ms(sent_at: datetime | None, received_at: datetime) -> float | None:
    """The service's clock less the browser's, in milliseconds."""
    return None if sent_at is None else (received_at - sent_at) / timedelta(milliseconds=1)


def is_skewed(skew: float | None) -> bool:
    """Whether a skew, in milliseconds, is more than a minute either way."""
    return skew is not None and abs(skew) > SKEW_LIMIT_MS
