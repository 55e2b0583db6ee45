"""What workers do for this app. Tasks are given ids, never personal values."""

from __future__ import annotations

import time

from celery import shared_task

from core.clock import local_today
from members import review_tasks as review_tasks
from members.services import proving
from members.services.collective import expire_entries
from members.services.messages import deliver_due_messages, deliver_message, queue_quietly
from members.services.retention import report_purge, run_purge
from members.services.transfer import expire_transfers
from members.services.union_closing import continue_closings, run_closing
from unions.enums import ClosingStatus

TURN_SECONDS = 60


@shared_task(name="members.send_message")
def send_message_task(message_id: int) -> str:
    """Send one message, if it is still due."""
    return deliver_message(message_id)


@shared_task(name="members.send_due_messages")
def send_due_messages() -> int:
    """Send what the queue forgot and what is due again; every minute."""
    return deliver_due_messages()


@shared_task(name="members.tell_member_of_application")
def tell_member_of_application(application_id: int) -> bool:
    """Tell the member on record that somebody applied with their ID number."""
    return proving.tell_member_of_application(application_id)


@shared_task(name="members.report_purge")
def report_purge_task() -> int:
    """Report what has had its time; weekly. Nothing is erased by it. The report's id."""
    return report_purge().pk


@shared_task(name="members.run_purge")
def run_purge_task(run_id: int) -> str:
    """Do a purge that an operator confirmed, or go on with it; its status."""
    return run_purge(run_id).status


@shared_task(name="members.expire_links")
def expire_links_task() -> int:
    """Mark the links of collective lists that ran out; daily. How many."""
    return expire_entries()


@shared_task(name="members.expire_transfers")
def expire_transfers_task() -> int:
    """Close transfers whose deadline has passed; daily. How many."""
    return expire_transfers(local_today())


@shared_task(name="members.run_union_closing")
def run_union_closing_task(closing_id: int) -> str:
    """Carry the members of a union that ends over, then end it; where it stands.

    For a minute: then others have their turn, and it queues up again.
    """
    begun = time.monotonic()
    status = run_closing(closing_id, seconds=TURN_SECONDS)
    if status == ClosingStatus.OPEN and time.monotonic() - begun >= TURN_SECONDS:
        queue_quietly("members.run_union_closing", closing_id)
    return status


@shared_task(name="members.continue_union_closings")
def continue_union_closings_task() -> int:
    """Take up what a worker left unfinished, and who came late."""
    return continue_closings()
