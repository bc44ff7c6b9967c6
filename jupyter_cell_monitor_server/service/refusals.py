"""What a sender is told of an event that is refused for good."""


def detail_of_aside(*, is_kept: bool) -> str:
    """Whether the event that was sent is there to be looked at."""
    if is_kept:
        return "This one is kept for the administrator."
    return "This one is not kept: too many events of this student were put aside already."
