"""Alembic's entry: runs on the connection that database.migrate() opened and holds the write lock on."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from kiosk.store.models import Base


def _run() -> None:
    connection = context.config.attributes.get("connection")
    if not isinstance(connection, Connection):
        raise TypeError("migrations run through kiosk.store.database.migrate(), which hands in its connection")
    context.configure(connection=connection, target_metadata=Base.metadata, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


_run()
