"""The service's settings: each with its unit and its default."""

import logging
import os

from traitlets import Float, Integer, List, Unicode, default
from traitlets.config import Application

from .class_of_notebook import DEFAULT_PATTERNS
from .db.engine import sqlite_file


class Settings(Application):
    """What an administrator may set, in a file, on the command line or by the environment."""

    config_file = Unicode("", help="A Python or JSON file with these settings. Default: none.").tag(
        config=True
    )
    database_url = Unicode(
        help="Where everything is stored: sqlite:///PATH or postgresql://USER@HOST/NAME. "
        "Default: $CELL_MONITOR_DATABASE_URL, else sqlite:///cell-monitor.sqlite."
    ).tag(config=True)
    notebook_patterns = List(
        Unicode(),
        list(DEFAULT_PATTERNS),
        help="Paths of notebooks that belong to a class: {class_id} and {assignment} stand for "
        "a folder name, * for any part of a name, ** for any path. "
        "Default: ['assignments/{class_id}/{assignment}/**'].",
    ).tag(config=True)
    student_groups = List(
        Unicode(),
        ["nbgrader-{class_id}"],
        help="Names of the Hub groups that hold a class's students. "
        "Default: ['nbgrader-{class_id}'].",
    ).tag(config=True)
    assistant_groups = List(
        Unicode(),
        [],
        help="Names of the Hub groups that hold a class's assistants, who see what its "
        "teachers see. Default: none.",
    ).tag(config=True)
    teacher_groups = List(
        Unicode(),
        ["formgrade-{class_id}"],
        help="Names of the Hub groups that hold a class's teachers. "
        "Default: ['formgrade-{class_id}'].",
    ).tag(config=True)
    hub_timeout_s = Float(
        10.0, help="How long the Hub may take to say who somebody is, in seconds. Default: 10."
    ).tag(config=True)
    hub_cache_s = Integer(
        60, help="How long an answer of the Hub is believed, in seconds. Default: 60."
    ).tag(config=True)
    hub_away_s = Float(
        60.0,
        help="How long people whom the Hub has just confirmed are served on when it does not "
        "answer, in seconds. Default: 60.",
    ).tag(config=True)
    max_hub_questions = Integer(
        64,
        help="How many questions to the Hub may be open at the same time; above it only people "
        "who are known are served. Default: 64 questions.",
    ).tag(config=True)
    recheck_s = Float(
        60.0,
        help="How often the login behind an open WebSocket is checked, in seconds. Default: 60.",
    ).tag(config=True)
    max_waiting_events = Integer(
        20_000,
        help="How many events may wait to be stored; above it browsers are told to keep theirs "
        "(503). Default: 20000 events.",
    ).tag(config=True)
    max_user_waiting_events = Integer(
        2_000,
        help="How many events of one user may wait to be stored; above it they are told to keep "
        "theirs (429). Default: 2000 events.",
    ).tag(config=True)
    max_in_flight_bytes = Integer(
        128 * 1024 * 1024,
        help="How many bytes of requests may be read, parsed or waiting at the same time, as "
        "they are after inflating; above it browsers are told to keep theirs (503). "
        "Default: 134217728 bytes (128 MiB).",
    ).tag(config=True)
    max_user_in_flight_bytes = Integer(
        32 * 1024 * 1024,
        help="How many of these bytes one user may have (429). Default: 33554432 bytes (32 MiB).",
    ).tag(config=True)
    user_events_per_s = Float(
        200.0,
        help="How many events one user may send each second for long; above it they are told when "
        "to come again (429). A request counts as one event at least, and as one for each "
        "started 16 KiB. Default: 200 events a second.",
    ).tag(config=True)
    user_burst_events = Integer(
        6_000,
        help="How many events one user may send at once after a pause. Default: 6000 events.",
    ).tag(config=True)
    answer_timeout_s = Float(
        15.0,
        help="How long a request may wait for its events to be stored before its sender is told "
        "to keep them (503), in seconds; less than `CellMonitorExtension.request_timeout_s`. "
        "Default: 15.",
    ).tag(config=True)
    database_timeout_s = Float(
        10.0,
        help="How long PostgreSQL may take to connect and to answer one statement, in seconds. "
        "Default: 10.",
    ).tag(config=True)
    max_transaction_events = Integer(
        1_000, help="How many events one transaction stores. Default: 1000 events."
    ).tag(config=True)
    max_sockets = Integer(
        2_000,
        help="How many WebSockets may be open at the same time; one more gets 503. "
        "Default: 2000 sockets.",
    ).tag(config=True)
    max_user_sockets = Integer(
        40,
        help="How many WebSockets one user may have open; one more gets 429. Default: 40 sockets.",
    ).tag(config=True)
    max_socket_messages = Integer(
        5_000,
        help="How many updates may wait for one WebSocket before it is closed as too slow. "
        "Default: 5000 updates.",
    ).tag(config=True)
    max_missed_updates = Integer(
        2_000,
        help="How many missed updates are sent after a break; above it a page fetches a fresh "
        "snapshot. Default: 2000 updates.",
    ).tag(config=True)
    retention_days = Integer(
        730,
        min=0,
        max=36_500,
        help="How long events are kept: one from longer ago is refused as too old. 0 is for "
        "ever. Default: 730 days.",
    ).tag(config=True)
    content_cache_bytes = Integer(
        64 * 1024 * 1024,
        min=0,
        help="How much code and output is remembered in memory so that browsers need not send "
        "it again: up to 128 KiB of each student's last batches, and contents. Default: "
        "67108864 bytes.",
    ).tag(config=True)
    cookie_secret_file = Unicode(
        help="A file with the secret that signs the page's login cookie; made where it is "
        "missing. Default: beside a SQLite database; for PostgreSQL none: then the secret "
        "comes from the service's Hub token."
    ).tag(config=True)

    @default("log_level")
    def _default_log_level(self) -> int:
        return logging.INFO

    @default("database_url")
    def _default_database_url(self) -> str:
        return os.environ.get("CELL_MONITOR_DATABASE_URL", "sqlite:///cell-monitor.sqlite")

    @default("cookie_secret_file")
    def _default_cookie_secret_file(self) -> str:
        database = sqlite_file(self.database_url)
        return "" if database is None else database + ".cookie-secret"
