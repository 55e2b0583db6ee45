"""What workers do for the review of applications."""

from __future__ import annotations

from typing import Any

from celery import Task, shared_task

from members.services.bulk_approval import continue_bulk_approvals, run_bulk_approval
from members.services.deadlines import remind_reviewers

RETRY_SECONDS = 600
RETRIES = 3


@shared_task(name="members.remind_reviewers", bind=True, max_retries=RETRIES)
def remind_reviewers_task(self: Task[Any, Any]) -> dict[str, int]:
    """Remind and escalate. While the mail server is away, try again; at last do without it."""
    last = self.request.retries >= RETRIES
    done = remind_reviewers(needs_mail=not last)
    if done.unsent and not last:
        raise self.retry(countdown=RETRY_SECONDS)
    return {"reminded": done.reminded, "escalated": done.escalated}


@shared_task(name="members.run_bulk_approval")
def run_bulk_approval_task(approval_id: int) -> int:
    """Deal with one approval of many."""
    return run_bulk_approval(approval_id)


@shared_task(name="members.continue_bulk_approvals")
def continue_bulk_approvals_task() -> int:
    """Take up what a worker left unfinished."""
    return continue_bulk_approvals()
