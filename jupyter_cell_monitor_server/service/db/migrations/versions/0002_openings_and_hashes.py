"""Openings, losses and patterns have tables; events their hashes; sessions what they received.

It only adds: a service of the release before goes on beside it.
"""

import sqlalchemy as sa
from alembic import op

from jupyter_cell_monitor_server.service.db.types import AnyJson, AnyString, AnyText, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and columns."""
    _add_openings()
    _add_dropped_events()
    _add_error_patterns()
    _add_to_runs()
    _add_to_other_events()
    _add_to_sessions()
    _add_to_notebooks()
    op.execute("UPDATE notebooks SET keeps_cells = true WHERE opened_at IS NOT NULL")


def _add_openings() -> None:
    op.create_table(
        "notebook_openings",
        sa.Column("student_id", AnyString(length=255), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("notebook_id", sa.Uuid(), nullable=False),
        sa.Column("notebook_path", AnyString(length=500), nullable=False),
        sa.Column("renamed_from", AnyString(length=500), nullable=True),
        sa.Column("notebook_name", AnyString(length=200), nullable=False),
        sa.Column("class_id", sa.String(length=255), nullable=True),
        sa.Column("assignment", AnyString(length=255), nullable=True),
        sa.Column("by_choice", sa.Boolean(), nullable=False),
        sa.Column("timestamp", UtcDateTime(timezone=True), nullable=False),
        sa.Column("sent_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("received_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("payload_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("student_id", "event_id", name=op.f("pk_notebook_openings")),
    )
    _add_index("notebook_openings", "notebook_id")
    _add_index("notebook_openings", "student_id", "session_id", "place")


def _add_dropped_events() -> None:
    op.create_table(
        "dropped_events",
        sa.Column("student_id", AnyString(length=255), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("notebook_id", sa.Uuid(), nullable=False),
        sa.Column("notebook_path", AnyString(length=500), nullable=False),
        sa.Column("class_id", sa.String(length=255), nullable=True),
        sa.Column("ranges", AnyJson, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("reason", AnyString(length=100), nullable=False),
        sa.Column("timestamp", UtcDateTime(timezone=True), nullable=False),
        sa.Column("sent_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("received_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("payload_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("extra", AnyJson, nullable=True),
        sa.PrimaryKeyConstraint("student_id", "event_id", name=op.f("pk_dropped_events")),
    )
    _add_index("dropped_events", "student_id", "session_id")


def _add_error_patterns() -> None:
    op.create_table(
        "error_patterns",
        sa.Column("class_id", sa.String(length=255), nullable=False),
        sa.Column("error_category", AnyString(length=200), nullable=False),
        sa.Column("frequency", sa.Integer(), nullable=False),
        sa.Column("common_solutions", AnyText, nullable=True),
        sa.Column("first_occurred_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_occurred_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("class_id", "error_category", name=op.f("pk_error_patterns")),
    )
    op.execute(
        "INSERT INTO error_patterns (class_id, error_category, frequency, first_occurred_at, "
        "last_occurred_at) SELECT class_id, substr(name, 1, 200), count(*), min(occurred_at), "
        "max(occurred_at) FROM error_logs WHERE class_id IS NOT NULL "
        "GROUP BY class_id, substr(name, 1, 200)"
    )


def _add_to_runs() -> None:
    _add_columns(
        "cell_executions",
        sa.Column("notebook_path", AnyString(length=500), nullable=True),
        sa.Column("end_session_id", sa.Uuid(), nullable=True),
        sa.Column("end_seq", sa.BigInteger(), nullable=True),
        sa.Column("client_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("sent_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("corrected_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("start_sha256", sa.LargeBinary(32), nullable=True),
        sa.Column("end_sha256", sa.LargeBinary(32), nullable=True),
        sa.Column("former_end_sha256", sa.LargeBinary(32), nullable=True),
        sa.Column("start_part", AnyJson, nullable=True),
    )


def _add_to_other_events() -> None:
    _add_columns(
        "other_events",
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("payload_sha256", sa.LargeBinary(32), nullable=True),
    )
    _add_index("other_events", "student_id", "session_id")


def _add_to_sessions() -> None:
    _add_columns(
        "sessions",
        sa.Column("seq_ranges", AnyJson, nullable=True),
        sa.Column("dropped_ranges", AnyJson, nullable=True),
        sa.Column("missing_events", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("dropped_events", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("clock_skew_ms", sa.Float(), nullable=True),
    )


def _add_to_notebooks() -> None:
    _add_columns(
        "notebooks",
        sa.Column("class_session_id", sa.Uuid(), nullable=True),
        sa.Column("class_place", sa.BigInteger(), nullable=True),
        sa.Column("newest_session_id", sa.Uuid(), nullable=True),
        sa.Column("newest_place", sa.BigInteger(), nullable=True),
        sa.Column("newest_event_id", sa.Uuid(), nullable=True),
        sa.Column("keeps_cells", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )


def _add_columns(table: str, *columns: sa.Column) -> None:
    # One statement each, and no table is written anew, on SQLite neither.
    for column in columns:
        op.add_column(table, column)


def _add_index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))
