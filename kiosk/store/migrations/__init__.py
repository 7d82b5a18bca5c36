"""Alembic's environment and every released schema; inside the package, so they travel in the wheel."""
