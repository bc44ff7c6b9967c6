"""The first tables."""

import sqlalchemy as sa
from alembic import op

from jupyter_cell_monitor_server.service.db.types import AnyJson, AnyString, AnyText, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables of the first release."""
    op.create_table(
        "assignment_progress",
        sa.Column("student_id", AnyString(length=255), nullable=False),
        sa.Column("notebook_id", sa.Uuid(), nullable=False),
        sa.Column("class_id", sa.String(length=255), nullable=True),
        sa.Column("assignment", AnyString(length=255), nullable=True),
        sa.Column("completed_cells", sa.Integer(), nullable=False),
        sa.Column("total_cells", sa.Integer(), nullable=False),
        sa.Column("progress_rate", sa.Float(), nullable=False),
        sa.Column("updated_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("student_id", "notebook_id", name=op.f("pk_assignment_progress")),
    )
    op.create_table(
        "cell_executions",
        sa.Column("student_id", AnyString(length=255), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("execution_id", sa.Uuid(), nullable=False),
        sa.Column("execution_label", AnyString(length=200), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("notebook_id", sa.Uuid(), nullable=False),
        sa.Column("cell_id", AnyString(length=100), nullable=False),
        sa.Column("class_id", sa.String(length=255), nullable=True),
        sa.Column("execution_count", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("code", AnyText, nullable=True),
        sa.Column("output", AnyJson, nullable=True),
        sa.Column("started_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("duration_ms", sa.Float(), nullable=True),
        sa.Column("received_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("kernel_id", AnyString(length=200), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("first_cursor", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("start_event_id", sa.Uuid(), nullable=True),
        sa.Column("end_event_id", sa.Uuid(), nullable=True),
        sa.Column("extra", AnyJson, nullable=True),
        sa.PrimaryKeyConstraint(
            "student_id", "day", "execution_id", name=op.f("pk_cell_executions")
        ),
    )
    with op.batch_alter_table("cell_executions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_cell_executions_class_id_cursor"), ["class_id", "cursor"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_cell_executions_notebook_id_started_at"),
            ["notebook_id", "started_at"],
            unique=False,
        )

    op.create_table(
        "cells",
        sa.Column("notebook_id", sa.Uuid(), nullable=False),
        sa.Column("cell_id", AnyString(length=100), nullable=False),
        sa.Column("cell_type", AnyString(length=20), nullable=False),
        sa.Column("cell_key", AnyString(length=100), nullable=False),
        sa.Column("cell_index", sa.Integer(), nullable=True),
        sa.Column("grade_id", AnyString(length=100), nullable=True),
        sa.Column("source_sha256", sa.String(length=64), nullable=True),
        sa.Column("at_first_opening", sa.Boolean(), nullable=False),
        sa.Column("expected", sa.Boolean(), nullable=False),
        sa.Column("completed_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("notebook_id", "cell_id", name=op.f("pk_cells")),
    )
    op.create_table(
        "channels",
        sa.Column("channel", AnyString(length=300), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channels")),
    )
    op.create_table(
        "class_members",
        sa.Column("class_id", sa.String(length=255), nullable=False),
        sa.Column("student_id", AnyString(length=255), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("class_id", "student_id", name=op.f("pk_class_members")),
    )
    with op.batch_alter_table("class_members", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_class_members_student_id"), ["student_id"], unique=False
        )

    op.create_table(
        "classes",
        sa.Column("class_id", sa.String(length=255), nullable=False),
        sa.Column("title", AnyString(length=200), nullable=True),
        sa.PrimaryKeyConstraint("class_id", name=op.f("pk_classes")),
    )
    op.create_table(
        "error_logs",
        sa.Column("student_id", AnyString(length=255), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("execution_id", sa.Uuid(), nullable=False),
        sa.Column("class_id", sa.String(length=255), nullable=True),
        sa.Column("notebook_id", sa.Uuid(), nullable=False),
        sa.Column("cell_id", AnyString(length=100), nullable=False),
        sa.Column("name", AnyString(length=500), nullable=False),
        sa.Column("message", AnyText, nullable=False),
        sa.Column("traceback", AnyJson, nullable=True),
        sa.Column("context", AnyJson, nullable=True),
        sa.Column("occurred_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("student_id", "day", "execution_id", name=op.f("pk_error_logs")),
    )
    with op.batch_alter_table("error_logs", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_error_logs_class_id_cursor"), ["class_id", "cursor"], unique=False
        )

    op.create_table(
        "notebooks",
        sa.Column("notebook_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", AnyString(length=255), nullable=False),
        sa.Column("path", AnyString(length=500), nullable=False),
        sa.Column("name", AnyString(length=200), nullable=False),
        sa.Column("notebook_key", AnyString(length=500), nullable=False),
        sa.Column("class_id", sa.String(length=255), nullable=True),
        sa.Column("assignment", AnyString(length=255), nullable=True),
        sa.Column("opened_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_activity_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("notebook_id", name=op.f("pk_notebooks")),
        sa.UniqueConstraint("student_id", "path", name=op.f("uq_notebooks_student_id_path")),
    )
    with op.batch_alter_table("notebooks", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_notebooks_class_id_notebook_key"),
            ["class_id", "notebook_key"],
            unique=False,
        )

    op.create_table(
        "other_events",
        sa.Column("student_id", AnyString(length=255), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", AnyString(length=200), nullable=False),
        sa.Column("timestamp", UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("payload", AnyJson, nullable=False),
        sa.PrimaryKeyConstraint("student_id", "event_id", name=op.f("pk_other_events")),
    )
    with op.batch_alter_table("other_events", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_other_events_event_type"), ["event_type"], unique=False
        )

    op.create_table(
        "quarantined_events",
        sa.Column("student_id", AnyString(length=255), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("reason", AnyText, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("student_id", "event_id", name=op.f("pk_quarantined_events")),
    )
    op.create_table(
        "sessions",
        sa.Column("student_id", AnyString(length=255), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("session_label", AnyString(length=200), nullable=True),
        sa.Column("notebook_id", sa.Uuid(), nullable=False),
        sa.Column("notebook_path", AnyString(length=500), nullable=False),
        sa.Column("opened", sa.Boolean(), nullable=False),
        sa.Column("started_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("student_id", "session_id", name=op.f("pk_sessions")),
    )
    op.create_table(
        "student_progress",
        sa.Column("student_id", AnyString(length=255), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("execution_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("time", UtcDateTime(timezone=True), nullable=False),
        sa.Column("class_id", sa.String(length=255), nullable=True),
        sa.Column("assignment", AnyString(length=255), nullable=True),
        sa.Column("notebook_id", sa.Uuid(), nullable=False),
        sa.Column("cell_id", AnyString(length=100), nullable=False),
        sa.Column("duration_ms", sa.Float(), nullable=True),
        sa.Column("completed_cells", sa.Integer(), nullable=True),
        sa.Column("total_cells", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint(
            "student_id", "day", "execution_id", "status", name=op.f("pk_student_progress")
        ),
    )
    op.create_table(
        "students",
        sa.Column("user_id", AnyString(length=255), nullable=False),
        sa.Column("name", AnyString(length=100), nullable=True),
        sa.Column("email", AnyString(length=255), nullable=True),
        sa.Column("number", AnyString(length=100), nullable=True),
        sa.Column("last_seen_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_students")),
    )
    op.create_table(
        "updates",
        sa.Column("channel", AnyString(length=300), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(length=50), nullable=False),
        sa.Column("payload", AnyJson, nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "cursor", name=op.f("pk_updates")),
    )
