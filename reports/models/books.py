"""The books of the night: which entries are posted, and what is on its way up the tree.

Words of bookkeeping: an entry of the ledger is *posted* (入账) when a night has taken it into the
figures. Where it is not said otherwise, it is posted on its own day.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models import MembershipEvent


class UnpostedEntry(models.Model):
    """An entry of the ledger that no night has counted yet.

    Written by a trigger in the entry's own transaction (migration 0003), so that no entry can be
    forgotten, whatever order transactions end in; deleted by the transaction that counts it.
    """

    event = models.OneToOneField(
        MembershipEvent,
        on_delete=models.DO_NOTHING,
        primary_key=True,
        related_name="unposted",
        db_constraint=False,
    )
    union_id = models.BigIntegerField()
    breakdown = models.CharField(max_length=40)
    effective_on = models.DateField()
    members = models.SmallIntegerField()
    retained = models.SmallIntegerField()
    joined = models.SmallIntegerField()
    rejoined = models.SmallIntegerField()

    class Meta:
        verbose_name = _("entry to be posted")
        verbose_name_plural = _("entries to be posted")

    def __str__(self) -> str:
        return str(self.event_id)


class LatePosting(models.Model):
    """An entry recorded when the figures of its day were out: it counts from ``day`` on."""

    event = models.OneToOneField(
        MembershipEvent,
        on_delete=models.DO_NOTHING,
        primary_key=True,
        related_name="late_posting",
        db_constraint=False,
    )
    day = models.DateField(_("posted on"))

    class Meta:
        verbose_name = _("late posting")
        verbose_name_plural = _("late postings")
        indexes = [models.Index(fields=["day"], name="reports_late_posting_by_day")]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.day}"


class CountedUnion(models.Model):
    """What a union stands for in the books at present, and where.

    The night compares it with the register of unions, where that was touched: what is new is added,
    what is gone or stands elsewhere is taken away where it was.

    A founding stays where it was counted and as what, whatever becomes of the union: that is
    ``founding_path`` and ``founding_kind``. ``founding_counted_on`` is the first day in whose
    figures it is; null of one that was counted before the books kept it, where the counts do not
    tell (migration 0011): place and kind are then as the register says, see ``UntoldFounding``.
    """

    union_id = models.BigIntegerField(primary_key=True)
    path = models.TextField(db_collation="C")
    kind = models.CharField(max_length=40)
    is_open = models.BooleanField()
    is_nef = models.BooleanField()
    is_founded = models.BooleanField()
    founding_path = models.TextField(db_collation="C", null=True)
    founding_kind = models.CharField(max_length=40, null=True)
    founding_counted_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("counted union")
        verbose_name_plural = _("counted unions")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    is_founded=True, founding_path__isnull=False, founding_kind__isnull=False
                )
                | Q(
                    is_founded=False,
                    founding_path=None,
                    founding_kind=None,
                    founding_counted_on=None,
                ),
                name="reports_counted_founding_has_a_place",
            )
        ]

    def __str__(self) -> str:
        return f"{self.union_id} {self.path}"


class UntoldFounding(models.Model):
    """Foundings that stand in the figures of a union and that no counted union accounts for.

    Before the books kept where each founding was counted, a union could leave its own behind under
    another parent or kind. What stood then and is not told by ``CountedUnion`` was put down once
    (migration 0011), by union and kind of union, and stays: ``value`` is less than 0 where more is
    told than stood. Books that were begun later have none.
    """

    union_id = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    value = models.IntegerField()

    class Meta:
        verbose_name = _("foundings not told of a union")
        verbose_name_plural = _("foundings not told of a union")
        constraints = [
            models.UniqueConstraint(
                fields=["union_id", "kind"], name="reports_untold_founding_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.union_id} {self.kind}: {self.value}"


class TouchedUnion(models.Model):
    """A union that may not be what the books have it for: the night compares those alone.

    Written by triggers in the transaction that changes the union (migration 0007). ``until`` is the
    last of its dates: a night before that day leaves it here, for there is more to come.
    """

    union_id = models.BigIntegerField()
    until = models.DateField()

    class Meta:
        verbose_name = _("union to be compared")
        verbose_name_plural = _("unions to be compared")

    def __str__(self) -> str:
        return f"{self.union_id} {self.until}"


class CountedStation(models.Model):
    """What a station stands for in the books at present; ``path`` is its host union's."""

    station_id = models.BigIntegerField(primary_key=True)
    path = models.TextField(db_collation="C")
    kind = models.CharField(max_length=40)
    is_open = models.BooleanField()

    class Meta:
        verbose_name = _("counted station")
        verbose_name_plural = _("counted stations")

    def __str__(self) -> str:
        return f"{self.station_id} {self.path}"


class NightDelta(models.Model):
    """Changes on their way up: of a part of the tree from ``day`` on, packed side by side.

    At the same place of the arrays: where in the tree persons of a worker group count from now on,
    or no longer, and how many. Written by the step ``deltas``, taken up by the worker who counts
    the part; ``part`` is that part's path, empty for what waits for the crown.
    """

    day = models.DateField()
    part = models.TextField(db_collation="C")
    paths = ArrayField(models.TextField())
    group_numbers = ArrayField(models.SmallIntegerField())
    members = ArrayField(models.IntegerField())
    retained = ArrayField(models.IntegerField())
    joined = ArrayField(models.IntegerField())
    rejoined = ArrayField(models.IntegerField())

    class Meta:
        verbose_name = _("changes of the night")
        verbose_name_plural = _("changes of the night")

    def __str__(self) -> str:
        return f"{self.day} {self.part}"


class NightPart(models.Model):
    """A part of the tree that one worker counts at a time, in one transaction.

    Claimed by a row lock with SKIP LOCKED: a worker that dies gives it back. ``path`` is the root
    of the part. ``entries`` and ``rows`` are what was taken up and written, ``checksum`` is over
    the rows written.
    """

    day = models.DateField()
    path = models.TextField(db_collation="C")
    is_done = models.BooleanField(default=False)
    entries = models.IntegerField(default=0)
    rows = models.IntegerField(default=0)
    checksum = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0)

    class Meta:
        verbose_name = _("part of the night")
        verbose_name_plural = _("parts of the night")
        constraints = [
            models.UniqueConstraint(fields=["day", "path"], name="reports_night_part_unique")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.path}"
