"""Log lines: JSON for machines, text for people, request ids in each, nothing personal.

PostgreSQL names the offending values in the DETAIL of an error ("Key (name)=(...) already
exists"); those lines are cut from tracebacks before they are written. So are the tokens in
addresses, which Django's own lines about refused requests would hold.
"""

import logging
import re
from typing import Any, Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# What follows gives its holder a right, to confirm, to sign up, to check: as good as a password.
_TOKEN: Final = re.compile(r"(/(?:join/(?:window|confirm)|card|dashboard/screen)/)[^/\s?#\"']+")


def hide_tokens(text: str) -> str:
    """An address, or a line with addresses, without the tokens in them."""
    return _TOKEN.sub(r"\1…", text)


def drop_tokens(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Leave the tokens out of all that the line says."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = hide_tokens(value)
    return event


def drop_details(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Cut the lines of an exception's text in which PostgreSQL quotes row values."""
    text = event.get("exception")
    if isinstance(text, str):
        event["exception"] = "\n".join(
            line
            for line in text.splitlines()
            if not line.lstrip().startswith(("DETAIL:", "CONTEXT:", "[SQL", "[parameters"))
        )
    return event


def drop_request(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Leave out the request object that Django hands along: its text holds the query string."""
    event.pop("request", None)
    return event


class RefusalFilter(logging.Filter):
    """A refused request (4xx) is one line without the traceback that Django hands along.

    Where in the code it was refused helps nobody, and writing it out takes longer than refusing.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line pass."""
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = None
        return True


def logging_config(*, level: str, json: bool, colour: bool = False) -> dict[str, Any]:
    """The `LOGGING` setting: everything to standard error, one event a line."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=None if json else []),
        drop_request,
        # Lines for people are stamped by whoever shows them: the console of `up`, a journal.
        *([structlog.processors.TimeStamper(fmt="iso", utc=True, key="time")] if json else []),
        structlog.processors.format_exc_info,
        drop_details,
        drop_tokens,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(
            colors=colour,
            pad_event_to=0,
            pad_level=False,
            sort_keys=False,
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "portal": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    renderer,
                ],
                "foreign_pre_chain": shared,
            }
        },
        "filters": {"refusals": {"()": RefusalFilter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "portal"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own handlers would print a second time, and mail error pages.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.request": {"filters": ["refusals"], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            "gunicorn": {"handlers": [], "level": level, "propagate": True},
            # Scanners try other host names all day long; their answer is 400 in the access line.
            "django.security.DisallowedHost": {"handlers": [], "propagate": False},
            # Its access lines hold addresses and query strings; ours (portal.access) do not.
            "gunicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
        },
    }
