"""The site behind /admin/, where officials work."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, cast

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from unfold.sites import UnfoldAdminSite

# Every working permission opens the site; reading dashboards is done elsewhere.
DASHBOARD_PERMISSION = "dashboard.view"
DASHBOARD = "/dashboard/"

SEARCH_PAGE = 100

# Pages about the own account: for everybody who is logged in, leaders too.
OWN_PAGES = frozenset({"logout", "password_change", "password_change_done", "jsi18n"})


class PortalAdminSite(UnfoldAdminSite):
    """The officials' site; `@admin.register` reaches it, because it is the default site."""

    index_title = _("Overview")
    index_template = "admin/portal_index.html"
    enable_nav_sidebar = True

    def __init__(self, name: str = "admin") -> None:
        from portal.login import OfficialLoginForm

        self.login_form = OfficialLoginForm
        super().__init__(name)

    def has_permission(self, request: HttpRequest) -> bool:
        """Active, and holding any permission beyond reading dashboards."""
        return may_work(request)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """As Django's, but who is logged in and may not enter is told so instead of asked again.

        Leaders are led from the index to their dashboard.
        """
        checked = super().admin_view(view, cacheable)
        own = csrf_protect(never_cache(view))

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated or self.has_permission(request):
                return cast(HttpResponse, checked(request, *args, **kwargs))
            page = request.resolver_match.url_name if request.resolver_match else ""
            if page in OWN_PAGES:
                return cast(HttpResponse, own(request, *args, **kwargs))
            if page == "index" and may_read_dashboards(request):
                return redirect(DASHBOARD)
            raise PermissionDenied

        return update_wrapper(guarded, checked)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """As Django's; a leader who is logged in is led to the dashboard. 429 after too many."""
        if (
            request.method == "GET"
            and not self.has_permission(request)
            and may_read_dashboards(request)
        ):
            return redirect(DASHBOARD)
        response = super().login(request, extra_context)
        form = (getattr(response, "context_data", None) or {}).get("form")
        if getattr(form, "is_limited", False):
            response.status_code = 429
            response.headers["Retry-After"] = str(settings.LOGIN_LIMIT_SECONDS)
        return response

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The site's pages by name, for the search box.

        As the theme's, which keeps findings in the cache and takes every page number for a right
        one: a dozen names are found faster than Redis answers, and it may be away.
        """
        begun = time.perf_counter()
        wanted = request.GET.get("s", "").strip().lower()
        if not wanted:
            return HttpResponse()
        found = self._search_apps(self.get_app_list(request), wanted)
        paginator = Paginator(found, SEARCH_PAGE)
        page = paginator.get_page(request.GET.get("page"))
        name = "command_results" if "extended" in request.GET else "search_results"
        context = {
            "page_obj": paginator,
            "results": page,
            "page_counter": (page.number - 1) * SEARCH_PAGE,
            "execution_time": time.perf_counter() - begun,
            "command_show_history": False,
        }
        return TemplateResponse(
            request, f"unfold/helpers/{name}.html", context, headers={"HX-Trigger": "search"}
        )

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Where the day begins: what waits, what runs, what is done often."""
        from portal.overview import overview

        return super().index(request, {**overview(request.user), **(extra_context or {})})

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """As the theme's; who has no work here (a leader changing the password) has no menu."""
        context: dict[str, Any] = super().each_context(request)
        if not self.has_permission(request):
            context["is_nav_sidebar_enabled"] = False
        return context

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """As Django's, made when somebody looks: every page is given it, and few show it."""
        listed = super().get_app_list
        return SimpleLazyObject(lambda: listed(request, app_label))

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Ours as it stands: the theme's own walk over it would find nothing left to do."""
        from portal.navigation import sidebar

        return sidebar(request)

    def get_log_entries(self, request: HttpRequest) -> None:
        """None: the trail is the audit app's."""


def may_work(request: HttpRequest) -> bool:
    """Does the user hold any permission beyond the dashboard, anywhere?"""
    from unions.permissions import PERMISSIONS
    from unions.scope import can_any

    return can_any(request.user, frozenset(PERMISSIONS) - {DASHBOARD_PERMISSION})


def may_read_dashboards(request: HttpRequest) -> bool:
    """Does the user hold the permission anywhere?"""
    from unions.scope import can

    return can(request.user, DASHBOARD_PERMISSION)


site = cast(PortalAdminSite, admin.site)
