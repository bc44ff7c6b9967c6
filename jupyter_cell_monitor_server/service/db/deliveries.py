"""What a class is told of its students' delivery: missing and dropped events, and the clock."""

from typing import Any

from sqlalchemy import Select, and_, case, func, select

from .tables import notebooks, sessions


def deliveries_of(class_id: str, student_id: str | None = None) -> Select[Any]:
    """One row for each student, or for this one, over all sessions in notebooks of the class.

    `clock_skew_ms` is of the session that was seen last.
    """
    of_sessions = _ranked().where(notebooks.c.class_id == class_id)
    if student_id is not None:
        of_sessions = of_sessions.where(sessions.c.student_id == student_id)
    ranked = of_sessions.subquery().c
    return select(
        ranked.student_id,
        func.sum(ranked.missing_events).label("missing_events"),
        func.sum(ranked.dropped_events).label("dropped_events"),
        func.max(case((ranked.place == 1, ranked.clock_skew_ms))).label("clock_skew_ms"),
    ).group_by(ranked.student_id)


def _ranked() -> Select[Any]:
    session = sessions.c
    has_skew = case((session.clock_skew_ms.is_not(None), 0), else_=1)
    newest_first = (has_skew, session.last_seen_at.desc(), session.session_id.desc())
    place = func.row_number().over(partition_by=session.student_id, order_by=newest_first)
    # By the student too: it is the first part of the sessions' key.
    same_notebook = and_(
        notebooks.c.notebook_id == session.notebook_id,
        notebooks.c.student_id == session.student_id,
    )
    return select(
        session.student_id,
        session.missing_events,
        session.dropped_events,
        session.clock_skew_ms,
        place.label("place"),
    ).join(notebooks, same_notebook)
