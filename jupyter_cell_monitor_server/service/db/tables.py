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
    text,
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
    # Of `seq`, inclusive pairs; null: not followed yet, all so far counts as received.
    Column("seq_ranges", AnyJson),
    Column("dropped_ranges", AnyJson),
    Column("missing_events", Integer, nullable=False, server_default="0"),
    Column("dropped_events", Integer, nullable=False, server_default="0"),
    Column("clock_skew_ms", Float),
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
    # Runs before this place are not the class's; null: all runs are.
    Column("class_session_id", Uuid),
    Column("class_place", BigInteger),
    # The newest opening that its cells are made of.
    Column("newest_session_id", Uuid),
    Column("newest_place", BigInteger),
    Column("newest_event_id", Uuid),
    # It was opened before openings were stored: its cells then are where the fold begins.
    Column("keeps_cells", Boolean, nullable=False, server_default=text("false")),
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

# Each opening as it came. `place`: its `seq`, or where it has none, its place by arrival.
notebook_openings = Table(
    "notebook_openings",
    metadata,
    Column("student_id", AnyString(255)),
    Column("event_id", Uuid),
    Column("session_id", Uuid, nullable=False),
    Column("seq", BigInteger),
    Column("place", BigInteger, nullable=False),
    Column("notebook_id", Uuid, nullable=False),
    Column("notebook_path", AnyString(500), nullable=False),
    Column("renamed_from", AnyString(500)),
    Column("notebook_name", AnyString(200), nullable=False),
    # The class that it gives its notebook, as resolved when it came.
    Column("class_id", String(255)),
    Column("assignment", AnyString(255)),
    Column("by_choice", Boolean, nullable=False),
    Column("timestamp", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("received_at", UtcDateTime, nullable=False),
    Column("payload_sha256", LargeBinary(32), nullable=False),
    Column("raw", LargeBinary, nullable=False),
    PrimaryKeyConstraint("student_id", "event_id"),
    Index(None, "notebook_id"),
    Index(None, "student_id", "session_id", "place"),
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
    Column("notebook_path", AnyString(500)),
    Column("end_session_id", Uuid),
    Column("end_seq", BigInteger),
    # By the browser's clock, as sent, and by the service's: of the end, or else of the start.
    Column("client_at", UtcDateTime),
    Column("sent_at", UtcDateTime),
    Column("corrected_at", UtcDateTime),
    Column("start_sha256", LargeBinary(32)),
    Column("end_sha256", LargeBinary(32)),
    # Of an end that gave way to one that tells more, in a client without run ids.
    Column("former_end_sha256", LargeBinary(32)),
    # What the start said, for as long as only an end that gives way stands over it.
    Column("start_part", AnyJson),
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

# `error_category`: the exception's name.
error_patterns = Table(
    "error_patterns",
    metadata,
    Column("class_id", String(255)),
    Column("error_category", AnyString(200)),
    Column("frequency", Integer, nullable=False),
    Column("common_solutions", AnyText),
    Column("first_occurred_at", UtcDateTime, nullable=False),
    Column("last_occurred_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("class_id", "error_category"),
)

# What browsers gave up, in their own words.
dropped_events = Table(
    "dropped_events",
    metadata,
    Column("student_id", AnyString(255)),
    Column("event_id", Uuid),
    Column("session_id", Uuid, nullable=False),
    Column("notebook_id", Uuid, nullable=False),
    Column("notebook_path", AnyString(500), nullable=False),
    Column("class_id", String(255)),
    Column("ranges", AnyJson, nullable=False),
    Column("count", Integer, nullable=False),
    Column("reason", AnyString(100), nullable=False),
    Column("timestamp", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("received_at", UtcDateTime, nullable=False),
    Column("payload_sha256", LargeBinary(32), nullable=False),
    Column("extra", AnyJson),
    PrimaryKeyConstraint("student_id", "event_id"),
    Index(None, "student_id", "session_id"),
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
    Column("session_id", Uuid),
    Column("seq", BigInteger),
    Column("payload_sha256", LargeBinary(32)),
    PrimaryKeyConstraint("student_id", "event_id"),
    Index(None, "event_type"),
    Index(None, "student_id", "session_id"),
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
