"""What a worker sends in, and what they consented to."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import get_language, gettext_lazy as _, pgettext_lazy

from core.encryption import decrypt
from core.identity import IdentityType
from core.masking import mask_identity_number, mask_name, mask_phone
from enterprises.models import Employer
from members.enums import ApplicationStatus, JoinChannel
from members.models.join_code import JoinCode
from reference.models import WorkerGroup
from unions.models import Union
from unions.scope import ScopedQuerySet

ID_NUMBER_CONTEXT = "members.id_number"
PHONE_CONTEXT = "members.phone"
# The union's time begins anew when a corrected application is sent again.
WAITING_SINCE = Coalesce("resubmitted_at", "submitted_at")
OPEN_STATUSES = (ApplicationStatus.SUBMITTED, ApplicationStatus.CORRECTION)


class PersonalData(models.Model):
    """Name, document and phone of a person.

    ID number and phone are stored encrypted, with a keyed hash each for look-ups; both are shown
    masked. The contexts are shared by applications and members, so their hashes can be compared.
    """

    name = models.CharField(pgettext_lazy("person", "name"), max_length=60)
    id_type = models.CharField(_("document"), max_length=32, choices=IdentityType)
    id_number_encrypted = models.BinaryField(editable=False)
    id_number_hash = models.BinaryField(max_length=32, editable=False)
    phone_encrypted = models.BinaryField(editable=False)
    phone_hash = models.BinaryField(max_length=32, editable=False)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    sex = models.CharField(_("sex"), max_length=1, blank=True)  # GB/T 2261.1: 0, 1, 2, 9

    class Meta:
        abstract = True

    @property
    def masked_name(self) -> str:
        """The name as strangers and trails may see it."""
        return mask_name(self.name)

    @property
    def masked_id_number(self) -> str:
        """First three and last four characters; "" once erased."""
        if not self.id_number_encrypted:
            return ""
        return mask_identity_number(decrypt(self.id_number_encrypted, context=ID_NUMBER_CONTEXT))

    @property
    def masked_phone(self) -> str:
        """First three and last four digits; "" once erased."""
        if not self.phone_encrypted:
            return ""
        return mask_phone(decrypt(self.phone_encrypted, context=PHONE_CONTEXT))


class RejectionReason(models.Model):
    """Why an application is not approved: an editable list, worded for the applicant."""

    code = models.SlugField(_("code"), max_length=40, primary_key=True)
    text_zh = models.CharField(_("Chinese text"), max_length=200)
    text_en = models.CharField(_("English text"), max_length=200)
    sort_order = models.PositiveSmallIntegerField(_("order"), default=0)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("reason for rejection")
        verbose_name_plural = _("reasons for rejection")
        ordering = ("sort_order", "code")

    def __str__(self) -> str:
        return self.text_en if (get_language() or "").startswith("en") else self.text_zh


class ApplicationQuerySet(ScopedQuerySet["Application"]):
    """Applications to unions in the viewer's scope."""

    def waiting(self) -> ApplicationQuerySet:
        """Those nobody has decided yet; first the one that has waited longest for the union."""
        return self.filter(status=ApplicationStatus.SUBMITTED).order_by(WAITING_SINCE, "id")


class Application(PersonalData):
    """A worker's request to join ``union``.

    One waiting application per person, phone and union is held by the database, those sent again
    after a correction aside; a further form becomes a ``RepeatedSending`` of the first.
    """

    # Every index makes each sign-up slower: none that no query needs (``db_index=False``).
    receipt_number = models.CharField(
        _("receipt number"), max_length=16, unique=True, db_collation="C"
    )
    union = models.ForeignKey(
        Union,
        on_delete=models.PROTECT,
        related_name="applications",
        verbose_name=_("union"),
        db_index=False,
    )
    worker_group = models.ForeignKey(
        WorkerGroup,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("worker group"),
        db_index=False,
    )
    employer = models.ForeignKey(
        Employer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("registered employer"),
        db_index=False,
    )
    employer_name = models.CharField(_("employer or platform"), max_length=120, blank=True)
    channel = models.CharField(_("way of joining"), max_length=16, choices=JoinChannel)
    join_code = models.ForeignKey(
        JoinCode,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="applications",
        verbose_name=_("join code"),
    )
    status = models.CharField(
        _("status"),
        max_length=12,
        choices=ApplicationStatus,
        default=ApplicationStatus.SUBMITTED,
    )
    submitted_at = models.DateTimeField(_("submitted"))
    resubmitted_at = models.DateTimeField(_("corrected and sent again"), null=True, blank=True)
    phone_proven_at = models.DateTimeField(_("phone proven"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
        db_index=False,
    )
    rejection_reason = models.ForeignKey(
        RejectionReason,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("reason"),
        db_index=False,
    )
    decision_note = models.CharField(_("note to the applicant"), max_length=300, blank=True)
    # The name and both numbers are gone (retention); what was decided stays.
    erased_at = models.DateTimeField(_("personal data erased"), null=True, blank=True)
    is_demo = models.BooleanField(_("demo record"), default=False, editable=False)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ("submitted_at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["id_number_hash", "phone_hash", "union"],
                # What is or was corrected may equal another open application: refusing it would
                # tell a stranger that this person has applied. The official sees the two side by
                # side.
                condition=Q(status=ApplicationStatus.SUBMITTED, resubmitted_at__isnull=True),
                name="members_application_open_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=OPEN_STATUSES, decided_at__isnull=True)
                | (~Q(status__in=OPEN_STATUSES) & Q(decided_at__isnull=False)),
                name="members_application_decided_iff_closed",
            ),
        ]
        indexes = [
            models.Index(
                WAITING_SINCE,
                "id",
                condition=Q(status=ApplicationStatus.SUBMITTED),
                name="members_application_queue",
            ),
            models.Index(fields=["phone_hash"], name="members_application_by_phone"),
            models.Index(
                fields=["birth_date", "name"],
                condition=Q(status__in=OPEN_STATUSES),
                name="members_application_by_person",
            ),
            models.Index(fields=["id_number_hash"], name="members_application_by_id"),
            models.Index(fields=["union", "status"], name="members_application_of_union"),
            # Rows come in the order of time: a few bytes for each megabyte find those of a period.
            BrinIndex(
                fields=["submitted_at"], name="members_application_by_time", autosummarize=True
            ),
        ]

    def __str__(self) -> str:
        return f"{self.receipt_number} {self.masked_name}"


class ConsentText(models.Model):
    """One version of what people agree to. A version in use is never edited: publish a new one."""

    class Purpose(models.TextChoices):
        JOINING = "joining", _("joining and keeping the register")
        ID_NUMBER = "id_number", _("use of the ID number")

    purpose = models.CharField(_("purpose"), max_length=16, choices=Purpose)
    version = models.PositiveSmallIntegerField(_("version"))
    title_zh = models.CharField(_("Chinese title"), max_length=80)
    title_en = models.CharField(_("English title"), max_length=120)
    body_zh = models.TextField(_("Chinese text"))
    body_en = models.TextField(_("English text"))
    published_on = models.DateField(_("published on"))

    class Meta:
        verbose_name = _("consent text")
        verbose_name_plural = _("consent texts")
        ordering = ("purpose", "-version")
        constraints = [
            models.UniqueConstraint(
                fields=["purpose", "version"], name="members_consent_text_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} · {self.version}"

    @property
    def title(self) -> str:
        """The title in the active language."""
        return self.title_en if (get_language() or "").startswith("en") else self.title_zh

    @property
    def body(self) -> str:
        """The text in the active language."""
        return self.body_en if (get_language() or "").startswith("en") else self.body_zh


class Consent(models.Model):
    """An applicant agreed to one version of a text.

    PIPL art. 14 and 29: the ID number has a consent of its own.
    """

    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="consents", db_index=False
    )
    text = models.ForeignKey(
        ConsentText, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.UniqueConstraint(fields=["application", "text"], name="members_consent_once")
        ]

    def __str__(self) -> str:
        return f"{self.application_id} · {self.text_id}"
