"""Public addresses of this app."""

from django.urls import path

from stations import views

app_name = "stations"

urlpatterns = [
    path("", views.station_list, name="list"),
    path("place/", views.place_near, name="place"),
    path("<int:pk>/", views.station_detail, name="detail"),
]
