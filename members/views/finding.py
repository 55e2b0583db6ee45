"""Finding a union: by the code on a sign, by place and name."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from core.normalising import normalise_identifier
from members.finding import find_open_unions, open_counties
from members.selectors import find_join_code
from reference.models import Region


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Find a union by the code on its sign, or by place and name."""
    typed = request.GET.get("code", "")
    if typed.strip():
        code = find_join_code(normalise_identifier(typed))
        if code is None:
            return find_page(request, typed=typed, is_unknown=True)
        return redirect("members:join", code.code)
    return find_page(request)


def find_page(request: HttpRequest, *, typed: str = "", is_unknown: bool = False) -> HttpResponse:
    """The page; ``is_unknown``: no code reads as ``typed``, and the answer is a 404."""
    text = request.GET.get("q", "")[:60]
    counties = open_counties()
    county = request.GET.get("county", "")
    county = county if county in {region.code for region in counties} else ""
    is_search = not is_unknown and bool(text.strip() or county)
    results, is_more = find_open_unions(text, county) if is_search else ([], False)
    context = {
        "typed": typed[:40],
        "is_unknown": is_unknown,
        "text": text,
        "county": county,
        "county_groups": _by_prefecture(counties),
        "is_search": is_search,
        "results": results,
        "is_more": is_more,
    }
    return render(request, "members/find.html", context, status=404 if is_unknown else 200)


def _by_prefecture(counties: list[Region]) -> list[tuple[str, list[Region]]]:
    """Counties under the name of the region above them, in order."""
    groups: dict[str, list[Region]] = {}
    for county in counties:
        groups.setdefault(county.full_name.removesuffix(county.name), []).append(county)
    return list(groups.items())
