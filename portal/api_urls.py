"""The addresses under /api/v1/."""

from django.urls import URLPattern, URLResolver, include, path
from rest_framework.routers import SimpleRouter

from campaigns.api import CampaignViewSet
from reports.progress_api import CampaignProgressView
from stations.api import StationViewSet
from unions.api import UnionViewSet

app_name = "api"

router = SimpleRouter(use_regex_path=False)
router.register("stations", StationViewSet, basename="station")
router.register("unions", UnionViewSet, basename="union")
router.register("campaigns", CampaignViewSet, basename="campaign")

urlpatterns: list[URLPattern | URLResolver] = [
    path("campaigns/<int:pk>/progress/", CampaignProgressView.as_view(), name="campaign-progress"),
    path("dashboard/", include("reports.api")),
    *router.urls,
]
