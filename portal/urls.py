"""Every address of the portal."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from members.views.own_page.card import check
from portal import health, views
from portal.admin_site import site

urlpatterns = [
    path("", views.home, name="home"),
    path("join/", include("members.urls")),
    path("me/", include("members.own_urls")),
    path("card/<str:token>/", check, name="card"),
    path("stations/", include("stations.urls")),
    path("campaigns/", include("campaigns.urls")),
    path("dashboard/", include("reports.urls")),
    path("admin/", site.urls),
    path("api/v1/", include("portal.api_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("display/", views.display, name="display"),
    path("language/", include("django.conf.urls.i18n")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]

handler404 = "portal.views.not_found"
handler500 = "portal.views.server_error"
