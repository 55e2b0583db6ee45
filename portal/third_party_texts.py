"""Texts of Django and of packages that come without Chinese, or with Chinese that reads stiffly.

Nothing imports this module: `manage.py translations extract` reads it, so that the texts stand in
our catalogue, which is asked before the packages' own. List only what can be seen on a page.
"""

from django.utils.translation import gettext_noop as _, ngettext_lazy

DJANGO = (
    _(" By %(filter_title)s "),
    _(":"),
    _(":?.!"),
    _("Add %s"),
    _("Add another %(verbose_name)s"),
    _("Add link"),
    _("Change %s"),
    _("Error:"),
    _("Filters"),
    _("Change or view list link"),
    _("Model name"),
    _("Save and add another"),
    _("Select %s to change"),
    _("Select %s to view"),
    _("View %s"),
    ngettext_lazy(
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
        "count",
    ),
)
UNFOLD = (
    _("Add row"),
    _("After you've created a user, you’ll be able to edit more user options."),
    _("All applications"),
    _("Apply Filters"),
    _("Choose file to upload"),
    _("Click to cancel"),
    _("Click to download"),
    _("Dark"),
    _("Date from"),
    _("Date to"),
    _("Expand row"),
    _("False"),
    _("General"),
    _("Go back"),
    _("Image preview"),
    _("Light"),
    _("More actions"),
    _("No data"),
    _("No results found"),
    _("Record picture"),
    _("Reset filters"),
    _("Return to site"),
    _("Run"),
    _("Select action"),
    _("Select action to run"),
    _("Select all rows"),
    _("Select record"),
    _("Select value"),
    _("This item will be deleted."),
    _("This page yielded into no results. Create a new item or reset your filters."),
    _("Toggle password visibility"),
    _("True"),
    _("Type to search"),
    _("Welcome back to"),
    _("You have been successfully logged out from the administration"),
)
CELERY_BEAT = (
    _("Arguments"),
    _("Execution Options"),
    _("Periodic Tasks Using This Schedule"),
    _("{0} task was successfully enabled"),
    _("{0} task was successfully disabled"),
    _("{0} task was successfully toggled"),
    _(
        'Cron Days Of The Week to Run. Use "*" for "all", Sunday is 0 or 7, Monday is 1. '
        '(Example: "0,5")'
    ),
    _('Cron Months (1-12) Of The Year to Run. Use "*" for "all". (Example: "1,12")'),
)
REST_FRAMEWORK = (
    _("A valid biginteger is required."),
    _("Integer value too large to convert to float"),
)
