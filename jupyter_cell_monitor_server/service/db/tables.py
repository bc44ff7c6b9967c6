"""The tables: the names and columns of the specification, the same on SQLite and PostgreSQL."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    Uuid,
)

from .types import AnyJson, AnyString, AnyText, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

students = Table(
    "students",
    metadata,
    Column("user_id", AnyString(255), primary_key=True),
    Column("name", AnyString(100)),
    Column("email", AnyString(255)),
    Column("number", AnyString(100)),
    Column("last_seen_at", UtcDateTime),
)

classes = Table(
    "classes",
    metadata,
    Column("class_id", String(255), primary_key=True),
    Column("title", AnyString(200)),
)

class_members = Table(
    "class_members",
    metadata,
    Column("class_id", String(255)),
    Column("student_id", AnyString(255)),
    Column("role", String(20), nullable=False),
    PrimaryKeyConstraint("class_id", "student_id"),
    Index(None, "student_id"),
)

# The newest cursor of a channel; its row is locked while a transaction gives out cursors.
channels = Table(
    "channels",
    metadata,
    Column("channel", AnyString(300), primary_key=True),
    Column("cursor", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("student_id", AnyString(255)),
    Column("session_id", Uuid),
    Column("session_label", AnyString(200)),
    Column("notebook_id", Uuid, nullable=False),
    Column("notebook_path", AnyString(500), nullable=False),
    Column("opened", Boolean, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("student_id", "session_id"),
)

notebooks = Table(
    "notebooks",
    metadata,
    Column("notebook_id", Uuid, primary_key=True),
    Column("student_id", AnyString(255), nullable=False),
    Column("path", AnyString(500), nullable=False),
    Column("name", AnyString(200), nullable=False),
    Column("notebook_key", AnyString(500), nullable=False),
    Column("class_id", String(255)),
    Column("assignment", AnyString(255)),
    Column("opened_at", UtcDateTime),
    Column("last_activity_at", UtcDateTime),
    UniqueConstraint("student_id", "path"),
    Index(None, "class_id", "notebook_key"),
)

cells = Table(
    "cells",
    metadata,
    Column("notebook_id", Uuid),
    Column("cell_id", AnyString(100)),
    Column("cell_type", AnyString(20), nullable=False),
    Column("cell_key", AnyString(100), nullable=False),
    Column("cell_index", Integer),
    Column("grade_id", AnyString(100)),
    Column("source_sha256", String(64)),
    Column("at_first_opening", Boolean, nullable=False),
    Column("expected", Boolean, nullable=False),
    Column("completed_at", UtcDateTime),
    PrimaryKeyConstraint("notebook_id", "cell_id"),
)

cell_executions = Table(
    "cell_executions",
    metadata,
    Column("student_id", AnyString(255)),
    Column("day", Date),
    Column("execution_id", Uuid),
    Column("execution_label", AnyString(200)),
    Column("session_id", Uuid, nullable=False),
    Column("notebook_id", Uuid, nullable=False),
    Column("cell_id", AnyString(100), nullable=False),
    Column("class_id", String(255)),
    Column("execution_count", Integer),
    Column("status", String(20), nullable=False),
    Column("code", AnyText),
    Column("output", AnyJson),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("duration_ms", Float),
    Column("received_at", UtcDateTime, nullable=False),
    Column("kernel_id", AnyString(200)),
    Column("seq", BigInteger),
    Column("first_cursor", BigInteger, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("start_event_id", Uuid),
    Column("end_event_id", Uuid),
    Column("extra", AnyJson),
    PrimaryKeyConstraint("student_id", "day", "execution_id"),
    Index(None, "class_id", "cursor"),
    Index(None, "notebook_id", "started_at"),
)

error_logs = Table(
    "error_logs",
    metadata,
    Column("student_id", AnyString(255)),
    Column("day", Date),
    Column("execution_id", Uuid),
    Column("class_id", String(255)),
    Column("notebook_id", Uuid, nullable=False),
    Column("cell_id", AnyString(100), nullable=False),
    Column("name", AnyString(500), nullable=False),
    Column("message", AnyText, nullable=False),
    Column("traceback", AnyJson),
    Column("context", AnyJson),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    PrimaryKeyConstraint("student_id", "day", "execution_id"),
    Index(None, "class_id", "cursor"),
)

other_events = Table(
    "other_events",
    metadata,
    Column("student_id", AnyString(255)),
    Column("event_id", Uuid),
    Column("event_type", AnyString(200), nullable=False),
    Column("timestamp", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("payload", AnyJson, nullable=False),
    PrimaryKeyConstraint("student_id", "event_id"),
    Index(None, "event_type"),
)

quarantined_events = Table(
    "quarantined_events",
    metadata,
    Column("student_id", AnyString(255)),
    Column("event_id", Uuid),
    Column("received_at", UtcDateTime, nullable=False),
    Column("reason", AnyText, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    PrimaryKeyConstraint("student_id", "event_id"),
)

updates = Table(
    "updates",
    metadata,
    Column("channel", AnyString(300)),
    Column("cursor", BigInteger),
    Column("event", String(50), nullable=False),
    Column("payload", AnyJson, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("channel", "cursor"),
)

assignment_progress = Table(
    "assignment_progress",
    metadata,
    Column("student_id", AnyString(255)),
    Column("notebook_id", Uuid),
    Column("class_id", String(255)),
    Column("assignment", AnyString(255)),
    Column("completed_cells", Integer, nullable=False),
    Column("total_cells", Integer, nullable=False),
    Column("progress_rate", Float, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("student_id", "notebook_id"),
)

# One row for each start and end of a run and each change of progress, where no InfluxDB is.
student_progress = Table(
    "student_progress",
    metadata,
    Column("student_id", AnyString(255)),
    Column("day", Date),
    Column("execution_id", Uuid),
    Column("status", String(20)),
    Column("time", UtcDateTime, nullable=False),
    Column("class_id", String(255)),
    Column("assignment", AnyString(255)),
    Column("notebook_id", Uuid, nullable=False),
    Column("cell_id", AnyString(100), nullable=False),
    Column("duration_ms", Float),
    Column("completed_cells", Integer),
    Column("total_cells", Integer),
    PrimaryKeyConstraint("student_id", "day", "execution_id", "status"),
)
