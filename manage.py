#!/usr/bin/env python
"""The one door to every command of the portal."""

import os
import sys


def main() -> None:
    """Run a management command with the portal's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            "Django is not installed here. Run `make setup`, then `.venv/bin/python manage.py ...`."
        ) from error
    try:
        execute_from_command_line(sys.argv)
    except Exception as error:
        if not (advice := missing_engine(error)):
            raise
        raise SystemExit(advice) from None


def missing_engine(error: BaseException | None) -> str:
    """What to do when the embedded engine that a command needs is not running; else nothing."""
    import redis
    from django.conf import settings
    from django.db.utils import OperationalError

    if settings.configured is False:
        return ""
    if isinstance(error, OperationalError) and settings.EMBEDDED_DATABASE:
        folder = settings.DATABASES["default"]["HOST"]
        if not os.path.exists(os.path.join(folder, ".s.PGSQL.5432")):
            return f"PostgreSQL is not running in {settings.LOCAL_DIR}. {START}"
    if isinstance(error, redis.ConnectionError) and settings.EMBEDDED_REDIS:
        return f"Valkey is not running in {settings.LOCAL_DIR}. {START}"
    return ""


START = "Start the portal with `make run` (or set DATABASE_URL and REDIS_URL)."

if __name__ == "__main__":
    main()
