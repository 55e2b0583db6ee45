"""The public pages about stations."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from core.coordinates import wgs84_to_gcj02
from core.pagination import BoundedPaginator
from stations.forms import PositionForm, StationFilter
from stations.models import Station
from stations.selectors import find_stations, for_reading, join_code_at, region_near

PAGE_SIZE = 24


@require_safe
def station_list(request: HttpRequest) -> HttpResponse:
    """Stations by region, kind, facilities and words, on a list and a map.

    The list needs no script. Without coordinates of the visitor: those go to the API alone.
    """
    form = StationFilter(request.GET)
    form.is_valid()  # what is wrong is said beside its field; the rest still filters
    wanted = form.cleaned_data
    stations = find_stations(
        region=wanted.get("region", ""),
        kind=wanted.get("kind"),
        facilities=wanted.get("facility", ()),
        text=wanted.get("q", ""),
    )
    ordered = for_reading(stations).order_by("region_id", "name", "id")
    paginator = BoundedPaginator(ordered, PAGE_SIZE)
    filters = request.GET.copy()
    filters.pop("page", None)
    return render(
        request,
        "stations/list.html",
        {
            "form": form,
            "page": paginator.get_page(request.GET.get("page")),
            "filters": filters.urlencode(),
            "tile_url": settings.MAP_TILE_URL,
            "tile_attribution": settings.MAP_TILE_ATTRIBUTION,
        },
    )


@require_safe
def station_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One station: where, when, what it offers, and how to join there."""
    station = get_object_or_404(for_reading(Station.objects.public()), pk=pk)
    return render(
        request,
        "stations/detail.html",
        {
            "station": station,
            "join_code": join_code_at(station),
            "tile_url": settings.MAP_TILE_URL,
            "tile_attribution": settings.MAP_TILE_ATTRIBUTION,
        },
    )


@never_cache
@sensitive_post_parameters()
@require_POST
def place_near(request: HttpRequest) -> HttpResponse:
    """From a browser's position to the region it lies in, as far as a station is near.

    Leads on to the page that finds a union. The position comes in the body, is used once and
    neither kept nor logged; the address that follows names the region alone.
    """
    form = PositionForm(request.POST)
    region = None
    if form.is_valid():
        here = wgs84_to_gcj02(form.cleaned_data["longitude"], form.cleaned_data["latitude"])
        region = region_near(*here)
    question = f"place={region.pk}" if region else "position=unknown"
    return redirect(f"{reverse('members:find')}?{question}#which")
