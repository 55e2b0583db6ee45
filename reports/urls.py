"""Public addresses of this app, under /dashboard/."""

from django.urls import path

from reports import map_views, screen_views, views

app_name = "reports"

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("campaigns/<int:pk>/", views.campaign, name="campaign"),
    path("rows/", views.rows, name="rows"),
    path("map.json", map_views.map_json, name="map"),
    path("screen/", screen_views.screen, name="screen"),
    path("screen/<str:token>/", screen_views.open_screen, name="screen-open"),
    path("export.xlsx", views.export, name="export"),
    path("definitions/", views.definitions_page, name="definitions"),
]
