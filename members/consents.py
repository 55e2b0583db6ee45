"""What follows when a consent is withdrawn: stated before it is done, and done exactly so.

Personal Information Protection Law art. 15 (withdrawal, as easy as giving; what was done before
stays lawful), 16 (no service may be refused for it unless the data are needed for the service), 47
(erase, or keep and stop using where the law needs the record). ``members.services.consents``
carries it out.
"""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _, ngettext

from members.models import ConsentText, RetentionRule

ENDED_MEMBERSHIP = "ended_membership"


def effects_of(
    purpose: str,
    *,
    is_member: bool,
    waiting: int,
    on_paper: bool = False,
    last_day: dt.date | None = None,
) -> list[str]:
    """Sentences, in order, for somebody who is a member or not, has so many applications waiting,
    and has signed a form on paper or not. ``last_day`` of the membership, where it is not today
    (it begins only then). Raises ValueError for an unknown purpose."""
    effects = {
        ConsentText.Purpose.JOINING: _of_joining,
        ConsentText.Purpose.ID_NUMBER: _of_id_number,
    }[ConsentText.Purpose(purpose)]
    first = []
    if waiting:
        first.append(
            ngettext(
                "Your application that waits is taken back.",
                "Your %(n)d applications that wait are taken back.",
                waiting,
            )
            % {"n": waiting}
        )
    told = effects(is_member)
    if is_member and last_day is not None and purpose == ConsentText.Purpose.JOINING:
        told[0] = _(
            "Your membership at the new union begins only on %(day)s; it ends with that day."
        ) % {"day": last_day.isoformat()}
    paper = [_("The form you signed on paper stays in the union's archive.")] if on_paper else []
    return [*first, *told, *paper, _("What was done before stays as it is.")]


def _of_joining(is_member: bool) -> list[str]:
    if not is_member:
        return [
            _("The union no longer uses your data. They are erased when their period ends."),
            _("You can apply again at any time."),
        ]
    months = RetentionRule.objects.filter(pk=ENDED_MEMBERSHIP).values_list("months", flat=True)
    kept = months.first()
    return [
        _("Your membership ends today, for without your data no union can keep it."),
        _(
            "The roll keeps that you were a member: name, unions, dates. Rules on union archives "
            "ask for it."
        ),
        _(
            "Your phone and document number are no longer used and are erased %(months)d months "
            "from now."
        )
        % {"months": kept}
        if kept is not None
        else _("Your phone and document number are no longer used."),
        _("You can join again at any time."),
    ]


def _of_id_number(is_member: bool) -> list[str]:
    effects = [
        _("The number is erased from your record and your applications, today and for good."),
        _(
            "A keyed fingerprint of it stays. No number can be read out of it; it only shows that "
            "the same number is typed in again, so that nobody joins twice or in your name."
        ),
    ]
    if is_member:
        effects.append(
            _(
                "Your membership and your card go on. Where a union must see the number, you show "
                "your document in person."
            )
        )
    return effects
