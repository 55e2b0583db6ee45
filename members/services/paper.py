"""Applications on paper: typed in by an official, with the signed form as a scan."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import User
from audit.services import log
from members.enums import JoinChannel
from members.models import Application, ApplicationPaper
from members.services.enrolment import PersonInput
from members.services.papers import keeping_scans
from members.services.recording import record_application
from reference.models import WorkerGroup
from unions.models import Union
from unions.scope import access


def record_paper_application(
    union: Union,
    *,
    person: PersonInput,
    worker_group: WorkerGroup,
    employer_name: str = "",
    has_consented: bool,
    answers: Mapping[int, str] | None = None,
    file: UploadedFile,
    actor: User,
) -> Application:
    """Record an application that was signed on paper; it then waits for review as any other.

    Raises RuleViolation as ``record_application`` and ``check_scan`` (field ``file``) do; then
    neither row nor file stays.
    """
    with keeping_scans() as keep:
        application = record_application(
            union,
            person=person,
            worker_group=worker_group,
            employer_name=employer_name,
            channel=JoinChannel.PAPER,
            has_consented=has_consented,
            answers=answers,
            actor=actor,
        )
        keep(ApplicationPaper(application=application, uploaded_by=actor), file)
    return application


def look_at_paper(application: Application, *, actor: User) -> ApplicationPaper | None:
    """The scan of one application, logged as a look at personal data; None where there is none.

    Raises Http404 out of scope.
    """
    with transaction.atomic():
        seen = access(
            Application.objects.select_related("union"),
            application.pk,
            actor=actor,
            permission="applications.review",
        )
        paper = ApplicationPaper.objects.filter(application=seen).first()
        if paper is not None:
            log(actor, "application.paper_seen", seen, union_path=seen.union.path)
    return paper
