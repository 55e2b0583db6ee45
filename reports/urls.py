"""Public addresses of this app, under /dashboard/."""

from django.urls import path

from reports import (
    application_views,
    brief_views,
    comparing,
    coverage_views,
    map_views,
    parts,
    quality_views,
    screen_views,
    unit_views,
    views,
)
from reports.briefings import views as briefings

app_name = "reports"

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("campaigns/<int:pk>/", views.campaign, name="campaign"),
    path("parts/<slug:name>/", parts.part, name="part"),
    path("compare/", comparing.compare, name="compare"),
    path("campaigns/<int:pk>/briefing.pdf", briefings.pdf, name="briefing_pdf"),
    path("campaigns/<int:pk>/briefing.xlsx", briefings.xlsx, name="briefing_xlsx"),
    path("rows/", views.rows, name="rows"),
    path("quality/", quality_views.quality, name="quality"),
    path("quality/<int:pk>/", quality_views.quality_signal, name="quality-signal"),
    path("units/", unit_views.units, name="units"),
    path("applications/", application_views.applications, name="applications"),
    path("covered/", coverage_views.covered, name="covered"),
    path("map.json", map_views.map_json, name="map"),
    path("brief/", brief_views.brief, name="brief"),
    path("brief/<int:pk>/prove/", brief_views.prove, name="brief_prove"),
    path("brief/<int:pk>/code/", brief_views.send_again, name="brief_send_again"),
    path("brief/<int:pk>/end/", brief_views.end, name="brief_end"),
    path("screen/", screen_views.screen, name="screen"),
    path("screen/<str:token>/", screen_views.open_screen, name="screen-open"),
    path("export.xlsx", views.export, name="export"),
    path("export.pdf", views.summary, name="summary"),
    path("definitions/", views.definitions_page, name="definitions"),
]
