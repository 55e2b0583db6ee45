"""How the officials' site looks: the settings of django-unfold.

Named functions are imported when a page is shown, for models cannot be imported with the settings.
"""

from typing import Any

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Union membership portal"),
    "SITE_HEADER": _("Union membership portal"),
    "SITE_SUBHEADER": _("Officials' site"),
    "SITE_SYMBOL": "diversity_3",
    "SITE_URL": "/",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _request: static("portal/mark.svg"),
        }
    ],
    "STYLES": [lambda _request: static("admin_portal/admin.css")],
    "SCRIPTS": [lambda _request: static("admin_portal/name-choices.js")],
    "SIDEBAR": {
        "show_search": False,
        "command_search": False,
        "show_all_applications": False,
    },
    "COMMAND": {"search_models": False, "show_history": False},
    # Deep red, as on the public pages: #b3261e is the 600.
    "COLORS": {
        "primary": {
            "50": "#fef4f3",
            "100": "#fde6e4",
            "200": "#fbd0cd",
            "300": "#f6ada8",
            "400": "#ed7c75",
            "500": "#d94f46",
            "600": "#b3261e",
            "700": "#961f19",
            "800": "#7c1d18",
            "900": "#681e1a",
            "950": "#380b09",
        },
    },
}
