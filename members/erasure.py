"""What goes when somebody asks for their data to be erased: stated before it is done.

Personal Information Protection Law art. 47 (erasure asked for; what the law makes a union keep is
kept and no longer used) and 50 (a refusal gives its reason); GB/T 35273-2020 8.7 (answered within
thirty days). ``members.services.erasure`` carries it out.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _, ngettext

from members.consents import ENDED_MEMBERSHIP
from members.enums import ApplicationStatus
from members.models import Application, DataRequest, ExtraAnswer, RetentionRule
from members.models.application import OPEN_STATUSES
from members.models.request import ANSWER_DAYS
from members.own_data import Person, applications_of, memberships_of

NEVER_ACCEPTED = (ApplicationStatus.REJECTED, ApplicationStatus.CANCELLED)


@dataclass(frozen=True)
class Stated:
    """Sentences, in order: what goes at once, what the union decides on, what stays and why."""

    at_once: list[str]
    decided: list[str]
    kept: list[str]


def sent_with_own_phone(person: Person) -> QuerySet[Application]:
    """The person's applications without those others sent in with the person's document.

    Whoever sent one of those follows it with their own phone: they must not learn from it that the
    person had something erased.
    """
    phones = {person.phone_hash, *(bytes(record.phone_hash) for record in person.records)}
    return applications_of(person).filter(phone_hash__in=phones)


def open_erasure(person: Person) -> DataRequest | None:
    """The request that waits for the union."""
    return DataRequest.objects.filter(
        member__in=person.records,
        field=DataRequest.Field.ERASURE,
        status=DataRequest.Status.ASKED,
    ).first()


def erasure_of(person: Person) -> Stated:
    """What is there to go and to stay. ``at_once`` is empty if there is nothing."""
    if person.member is None:
        return Stated(at_once=_of_applicant(person), decided=[], kept=_kept_of_applications())
    return Stated(at_once=_of_record(person), decided=_on_decision(person), kept=_kept_of_roll())


def _waiting(person: Person) -> list[str]:
    waiting = applications_of(person).filter(status__in=OPEN_STATUSES).count()
    if not waiting:
        return []
    return [
        ngettext(
            "Your application that waits is taken back.",
            "Your %(n)d applications that wait are taken back.",
            waiting,
        )
        % {"n": waiting}
    ]


def _of_applicant(person: Person) -> list[str]:
    rows = sent_with_own_phone(person).filter(status__in=(*OPEN_STATUSES, *NEVER_ACCEPTED))
    if not rows.exists():
        return []
    return [
        *_waiting(person),
        _(
            "Name, document number, phone, employer, answers and scans are erased from all your "
            "applications, today and for good."
        ),
        _("With that this page closes: nothing is kept under your number any more."),
        _("You can apply again at any time."),
    ]


def _of_record(person: Person) -> list[str]:
    said = _waiting(person)
    if any(record.id_number_encrypted for record in person.records):
        said.append(
            _("Your document number. Where a union must see it, you show your document in person.")
        )
    if memberships_of(person).exclude(employer_name="").exists():
        said.append(_("Where you work or worked: employer or platform."))
    own = sent_with_own_phone(person)
    if ExtraAnswer.objects.filter(application__in=own.order_by().values("pk")).exists():
        said.append(_("Your answers to the union's own questions."))
    if own.filter(status__in=(*OPEN_STATUSES, *NEVER_ACCEPTED)).exists():
        said.append(_("Your applications that came to nothing, with numbers and scans."))
    return said


def _on_decision(person: Person) -> list[str]:
    months = RetentionRule.objects.filter(pk=ENDED_MEMBERSHIP).values_list("months", flat=True)
    period = months.first()
    said = [
        _("Your phone, date of birth, the application you joined with and its scans."),
        _(
            "Your union answers within %(days)d days. It may refuse only with a reason, for "
            "example while a benefit is being paid or a dispute is open; you read the reason here."
        )
        % {"days": ANSWER_DAYS},
        _("Once they are erased you get a last message, and this page no longer opens."),
    ]
    if period is not None:
        said.append(
            _("Without a request they are erased %(months)d months after a membership has ended.")
            % {"months": period}
        )
    return said


def _kept_of_roll() -> list[str]:
    return [
        _(
            "The membership roll: name, sex, worker group, unions and dates. Rules on union "
            "archives ask for it."
        ),
        _(
            "A keyed fingerprint of your document number. No number can be read out of it; it only "
            "shows that the same number is typed in again, so that nobody joins twice or in your "
            "name."
        ),
        _("The trail of who looked at or changed your data, and that you asked for this."),
        _("A form you signed on paper, in the union's archive; messages of the last month."),
    ]


def _kept_of_applications() -> list[str]:
    return [
        _("That there was an application: its number, union, dates and outcome, without a name."),
        _("The trail of who looked at or changed your data, and that you asked for this."),
        _("A form you signed on paper, in the union's archive; messages of the last month."),
    ]
