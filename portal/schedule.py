"""What runs by the clock, in the portal's time zone. Part of the settings."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "nightly": {"task": "reports.run_nightly", "schedule": crontab(hour="2", minute="0")},
    # By text message: nobody is rung out of bed by the night itself.
    "morning briefs": {
        "task": "reports.send_briefs",
        "schedule": crontab(hour="7", minute="30"),
    },
    # The whole ledger against memberships and figures; the night checks what it touched.
    "books": {
        "task": "reports.check_everything",
        "schedule": crontab(hour="4", minute="30", day_of_week="sun"),
    },
    "messages": {
        "task": "members.send_due_messages",
        "schedule": crontab(),
        "options": {"expires": 60},  # a late one is no use: the next one takes its place
    },
    # Reports only: nothing is erased before an operator confirms the report.
    "retention": {
        "task": "members.report_purge",
        "schedule": crontab(hour="3", minute="30", day_of_week="mon"),
    },
    "reminders": {"task": "members.remind_reviewers", "schedule": crontab(hour="8", minute="30")},
    "papers of campaigns": {
        "task": "campaigns.remind_units",
        "schedule": crontab(hour="8", minute="40"),
    },
    "links": {"task": "members.expire_links", "schedule": crontab(hour="0", minute="40")},
    "transfers": {"task": "members.expire_transfers", "schedule": crontab(hour="0", minute="20")},
    # Log-ins that ran out, of officials and of the own page alike: their rows are kept no longer.
    "sessions": {"task": "accounts.clear_sessions", "schedule": crontab(hour="1", minute="10")},
    # Takes up what a worker left unfinished; a run that goes well needs it not.
    "bulk approvals": {
        "task": "members.continue_bulk_approvals",
        "schedule": crontab(minute="*/2"),
        "options": {"expires": 120},
    },
    # Likewise for unions that end, with whoever joined them at the last moment.
    "union closings": {
        "task": "members.continue_union_closings",
        "schedule": crontab(minute="1-59/2"),
        "options": {"expires": 120},
    },
}
