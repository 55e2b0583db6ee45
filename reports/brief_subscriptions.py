"""Subscribing to a union's morning brief, proving the phone it goes to, and ending it."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import log
from core.encryption import decrypt, encrypt
from core.errors import RuleViolation
from core.masking import mask_phone
from core.phone import normalise_phone
from members.models import OneTimeCode
from members.models.application import PHONE_CONTEXT
from members.services.codes import CodeSent, Sending, check_code, send_code
from reports.models import BriefSubscription
from reports.selectors.scope import PERMISSION
from unions.models import Union
from unions.records import ensure_may
from unions.scope import Actor

Channel = BriefSubscription.Channel
# "Prove a new phone": nothing but the wording of the list of codes depends on it.
_PURPOSE = OneTimeCode.Purpose.CHANGE


def subscribe_to_brief(
    union: Union, *, channel: str, phone: str = "", address: str = "", actor: User
) -> BriefSubscription:
    """``actor`` hears of ``union`` every morning: by the e-mail of the account, or at ``phone``.

    A phone is sent a code (``address``: whose limit it counts against) and hears nothing before
    ``prove_brief_phone``; asking again for one that was not proven sends another code. Raises
    RuleViolation beside ``union``, ``channel`` or ``phone``.
    """
    ensure_may(actor, PERMISSION, union, field="union")
    if channel not in Channel.values:
        raise RuleViolation(_("Choose how."), field="channel", code="required")
    if channel == Channel.EMAIL:
        if not actor.email:
            raise RuleViolation(
                _("Your account has no e-mail address. Ask whoever keeps the accounts."),
                field="channel",
                code="no_address",
            )
        return _begin(union, Channel.EMAIL, None, actor)
    number = normalise_phone(phone)
    with transaction.atomic():
        subscription = _begin(union, Channel.SMS, encrypt(number, context=PHONE_CONTEXT), actor)
        _refuse_unsent(send_code(number, _PURPOSE, address=address))
    return subscription


def resend_brief_code(subscription: BriefSubscription, *, address: str = "", actor: User) -> None:
    """Another code to the phone of an own subscription that waits for one.

    ``address`` as of ``subscribe_to_brief``. Raises RuleViolation beside ``code``.
    """
    phone = phone_of(subscription)
    if subscription.user_id != actor.pk or subscription.is_proven or phone is None:
        raise RuleViolation(
            _("This subscription waits for no code."), field="code", code="nothing_to_prove"
        )
    _refuse_unsent(send_code(phone, _PURPOSE, address=address), field="code")


def prove_brief_phone(subscription: BriefSubscription, *, code: str, actor: User) -> None:
    """The code that was sent to the phone. Raises RuleViolation beside ``code``."""
    # Not inside a transaction of ours: a wrong try must count though it is refused.
    phone = phone_of(subscription)
    if phone is None or not check_code(phone, _PURPOSE, code):
        raise RuleViolation(
            _("This code is wrong or too old. Try again, or get a new one."),
            field="code",
            code="wrong_code",
        )
    with transaction.atomic():
        BriefSubscription.objects.filter(
            pk=subscription.pk, user=actor, ended_at__isnull=True, phone_proven_at__isnull=True
        ).update(phone_proven_at=timezone.now())


def end_brief(subscription: BriefSubscription, *, actor: Actor, reason: str = "") -> None:
    """No more briefs; the phone is erased. Again: nothing happens. ``actor`` None is the night."""
    with transaction.atomic():
        ended = BriefSubscription.objects.filter(pk=subscription.pk, ended_at__isnull=True).update(
            ended_at=timezone.now(), phone_encrypted=None, phone_proven_at=None
        )
        if ended:
            data = {"channel": subscription.channel, **({"reason": reason} if reason else {})}
            log(actor, "brief.ended", subscription, data, union_path=subscription.union.path)


def phone_of(subscription: BriefSubscription) -> str | None:
    """The phone in E.164; None for e-mail and after the end."""
    if not subscription.phone_encrypted:
        return None
    return decrypt(subscription.phone_encrypted, context=PHONE_CONTEXT)


def shown_target(subscription: BriefSubscription) -> str:
    """Where it goes, as it may stand on a page."""
    phone = phone_of(subscription)
    return mask_phone(phone) if phone else subscription.user.email


def _begin(
    union: Union, channel: str, phone_encrypted: bytes | None, actor: User
) -> BriefSubscription:
    with transaction.atomic():
        waiting = (
            BriefSubscription.objects.select_for_update()
            .filter(user=actor, union=union, channel=channel, ended_at__isnull=True)
            .first()
        )
        if waiting is not None:
            if waiting.is_proven:
                raise RuleViolation(
                    _("You have subscribed to this brief already."), field="union", code="duplicate"
                )
            waiting.phone_encrypted = phone_encrypted
            waiting.save(update_fields=["phone_encrypted"])
            return waiting
        try:
            with transaction.atomic():
                made = BriefSubscription.objects.create(
                    user=actor, union=union, channel=channel, phone_encrypted=phone_encrypted
                )
        except IntegrityError:
            raise RuleViolation(
                _("You have subscribed to this brief already."), field="union", code="duplicate"
            ) from None
        log(actor, "brief.subscribed", made, {"channel": channel}, union_path=union.path)
        return made


def _refuse_unsent(sent: CodeSent, *, field: str = "phone") -> None:
    if sent.outcome is Sending.SENT:
        return
    raise RuleViolation(
        _("A code was sent a moment ago. Ask for another in %(seconds)s seconds.")
        % {"seconds": sent.wait_seconds}
        if sent.outcome is Sending.TOO_SOON
        else _("No more codes go to this phone today. Try again tomorrow."),
        field=field,
        code="code_not_sent",
    )
