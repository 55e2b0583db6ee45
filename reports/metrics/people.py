"""Members, who joins, and how many of the workers they are. Domain: 中国工会章程, 会籍管理办法."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _, pgettext_lazy

from reports.metrics import sql
from reports.metrics.entry import Metric

_LEDGER = _("Membership ledger of this register")
_APPLICATIONS = _("Applications of this register")
_PERSONS = pgettext_lazy("unit", "persons")
_PERCENT = pgettext_lazy("unit", "percent")

PEOPLE: tuple[Metric, ...] = (
    Metric(
        "members",
        "people",
        _("Members (register)"),
        _PERSONS,
        _(
            "Persons whose membership is active on the day, in the union and everything below it. "
            "Whoever is being transferred counts at the releasing union until the other has "
            "accepted. The last day of a membership still counts."
        ),
        _("Constitution of the Chinese Trade Unions, ch. 1; membership ledger of this register"),
        sql.MEMBERS,
        is_public=True,
    ),
    Metric(
        "retained",
        "people",
        _("Retained members"),
        _PERSONS,
        _("Persons whose membership is kept without duties on the day. Not part of members."),
        _("Constitution of the Chinese Trade Unions, art. 8 (retired, unemployed)"),
        sql.RETAINED,
    ),
    Metric(
        "joined",
        "people",
        _("New members"),
        _PERSONS,
        _(
            "Persons who joined a union for the first time in the period. Transfers in are left "
            "out; who joins again after a membership has ended counts as rejoined. A correction "
            "takes its entry back. An entry recorded late counts from the first day counted after "
            "it. A joining stays with the place where the union stood then."
        ),
        _("Rules on Membership 2016, art. 3 and 5 (join once, move with the work)"),
        sql.JOINED,
        version=2,
        is_public=True,
    ),
    Metric(
        "rejoined",
        "people",
        _("Members who joined again"),
        _PERSONS,
        _(
            "Persons who joined in the period and had been members before, in whichever union. "
            "They are never added to the new members."
        ),
        _LEDGER,
        sql.REJOINED,
    ),
    Metric(
        "net_change",
        "people",
        _("Net change of members"),
        _PERSONS,
        _(
            "Members at the end of the period minus members on the eve of it: joinings, transfers "
            "both ways, leavings and unions that moved all count. It differs from new members, and "
            "may be negative."
        ),
        _LEDGER,
        sql.NET_CHANGE,
        is_public=True,
    ),
    Metric(
        "reported_members",
        "people",
        _("Members (reported)"),
        _PERSONS,
        _(
            "What the union itself reported last, up to the day. It is never added to the "
            "register; "
            "the difference between both is shown."
        ),
        _("Reported figures, each with its paper and day"),
        sql.reported("members"),
    ),
    Metric(
        "nef_members",
        "people",
        _("New-form members"),
        _PERSONS,
        _("Members of the groups in the set of new forms of employment that is valid on the day."),
        _("National plan 2023–2025; membership ledger and set of new forms"),
        sql.NEF_MEMBERS,
        is_public=True,
    ),
    Metric(
        "nef_member_share",
        "people",
        _("Share of new-form members"),
        _PERCENT,
        _(
            "By the register, and again by the reported counts of one day. A reported share that "
            "differs from its own counts after rounding to two decimals is marked."
        ),
        _("Practice of cities, e.g. Luoyang 2023; membership ledger and set of new forms"),
        sql.NEF_MEMBER_SHARE,
        _("Members of the groups in the set of new forms of employment"),
        _("All members"),
        is_public=True,
    ),
    Metric(
        "enrolment_rate",
        "people",
        _("Enrolment rate"),
        _PERCENT,
        _(
            "Members among all workers of a group or set of groups. Without a baseline there is no "
            "rate: it is not zero. Above 100% it is shown and marked: the baseline is old or too "
            "small."
        ),
        _("Membership ledger; workforce baselines with their day and source"),
        sql.ENROLMENT_RATE,
        _("Active members of the group or set of groups"),
        _(
            "Latest baseline up to the day, as recorded when the day was published: one made for "
            "the union before one for its region"
        ),
        is_public=True,
        version=2,
    ),
    Metric(
        "enrolment_rate_staff",
        "people",
        _("Enrolment rate in unionised units"),
        _PERCENT,
        _(
            "The other rate in use: members among the staff of units that have a union. It says "
            "nothing about units without one. Members of unions that cover no registered unit are "
            "left out. Above 100% it is shown and marked: staff numbers are old or missing."
        ),
        _("National statistics: 271.898 million of 282.911 million in 2020, 96.1%"),
        sql.STAFF_RATE,
        _("Active members of the unions that cover registered units"),
        _("Staff of the registered units whose covering union stands on the day"),
    ),
    Metric(
        "enrolment_rate_staff_set",
        "people",
        _("Enrolment rate of groups in unionised units"),
        _PERCENT,
        _(
            "The rate in unionised units, of a set of groups. Units state their staff without "
            "groups; so it rests on the covering unions for which workers of the set were counted "
            "themselves, one below another such union counted with it. Unions of a territory are "
            "left out: what is counted for them are all workers there. None counted, no rate. "
            "Above 100% it is shown and marked."
        ),
        _("Register of units; membership ledger; workforce baselines of covering unions"),
        sql.STAFF_RATE_OF_SET,
        _("Active members of the set of groups in the covering unions counted"),
        _("Latest baselines of these unions up to the day, as recorded when the day was published"),
    ),
    Metric(
        "applications",
        "people",
        _("Applications sent in"),
        pgettext_lazy("unit", "applications"),
        _(
            "Applications for membership sent in during the period to the union and the unions "
            "that stand below it now. Of these the funnel tells how many have a proven phone, are "
            "decided, and approved; those taken back are not decided. Before them stands how often "
            "the forms of join codes were opened: a number for each code and day and nothing about "
            "anybody, so that opening or reloading a form again counts again. It stands with the "
            "union to which the code belongs now. Paper, lists, mobile windows and what officials "
            "enter have no form that is counted."
        ),
        _APPLICATIONS,
        sql.APPLICATIONS,
    ),
    Metric(
        "approval_share",
        "people",
        _("Share of applications approved"),
        _PERCENT,
        _("What was decided after the day is not known on it and counts as waiting."),
        _APPLICATIONS,
        sql.APPROVAL_SHARE,
        _("Applications approved up to the day"),
        _("Applications sent in during the period"),
    ),
    Metric(
        "decision_days",
        "people",
        _("Median days to the decision"),
        pgettext_lazy("unit", "days"),
        _(
            "From sending to approval or refusal, calendar days with their fractions; half of the "
            "applications decided took longer."
        ),
        _APPLICATIONS,
        sql.DECISION_DAYS,
    ),
)
