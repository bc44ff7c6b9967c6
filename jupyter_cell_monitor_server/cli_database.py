"""`jupyter cell-monitor upgrade-db`: brings the service's database to this version."""

import asyncio
import os

from .service.app import CellMonitorService
from .service.db.engine import upgrade as upgrade_tables


def upgrade() -> None:
    """Create or change the tables of the database that the service's settings name."""
    service = CellMonitorService()
    service.initialize()
    os.umask(0o077)
    asyncio.run(upgrade_tables(service.database_url))
    print("The database is up to date.")
