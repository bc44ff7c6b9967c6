"""The server's clock."""

from datetime import UTC, datetime


def utcnow() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)
