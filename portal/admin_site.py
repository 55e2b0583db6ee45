"""The site behind /admin/, where officials work."""

from typing import cast

from django.contrib import admin
from unfold.sites import UnfoldAdminSite


class PortalAdminSite(UnfoldAdminSite):
    """The officials' site; `@admin.register` reaches it, because it is the default site."""


site = cast(PortalAdminSite, admin.site)
