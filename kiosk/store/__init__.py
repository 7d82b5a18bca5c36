"""The record: SQLite through SQLAlchemy."""
