"""Finding a union: by the code on a sign, by what one does and where, by name.

Place and group may stand in an address, for they describe thousands. The employer may not: with
the visitor's IP address it would tell who is about to join, so it travels in the body of a POST
and is stored nowhere. The same goes for a position (``stations.views.place_near``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from core.normalising import normalise_identifier, normalise_text
from enterprises.models import Employer
from members.finding import find_open_unions, open_counties
from members.forms import COMMON_PLATFORMS, EMPLOYER_LENGTH
from members.routing import WorkPlace, advise
from members.selectors import find_join_code
from reference.enums import RegionLevel
from reference.models import Region, WorkerGroup
from reference.selectors import (
    active_groups,
    child_regions,
    region_and_ancestors,
    search_regions,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LONGEST_SEARCH = 60
MOST_PLACES = 8
NEARBY_EMPLOYERS = 15


LEVEL_NAMES: dict[RegionLevel, StrOrPromise] = {
    RegionLevel.PROVINCE: pgettext_lazy("where you work", "Province"),
    RegionLevel.PREFECTURE: pgettext_lazy("where you work", "City"),
    RegionLevel.COUNTY: pgettext_lazy("where you work", "District or county"),
    RegionLevel.TOWNSHIP: pgettext_lazy("where you work", "Street or township"),
    RegionLevel.VILLAGE: pgettext_lazy("where you work", "Community or village"),
}


class WhichForm(forms.Form):
    """What somebody does, and for whom. The place is chosen before."""

    place = forms.ModelChoiceField(
        Region.objects.filter(level__gte=RegionLevel.COUNTY),
        widget=forms.HiddenInput,
        error_messages={
            "required": _("Choose where you work, down to the county."),
            "invalid_choice": _("Choose where you work, down to the county."),
        },
    )
    worker_group = forms.ModelChoiceField(
        WorkerGroup.objects.none(),
        label=_("What do you do?"),
        required=False,
        empty_label=_("I am not sure"),
        error_messages={"invalid_choice": _("Choose the group that fits best.")},
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    employer_name = forms.CharField(
        label=_("Employer or platform"),
        help_text=_("Used for this search only; it is not kept."),
        required=False,
        max_length=EMPLOYER_LENGTH,
        widget=forms.TextInput(
            attrs={
                "class": "form-control",
                "autocomplete": "organization",
                "enterkeyhint": "search",
                "list": "employers",
            }
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["worker_group"].queryset = active_groups()  # type: ignore[attr-defined]

    def work_place(self) -> WorkPlace:
        """The question of a valid form."""
        values = self.cleaned_data
        return WorkPlace(values["place"], values["worker_group"], values["employer_name"])


@dataclass(frozen=True)
class Choice:
    """One level of the cascade: what may be chosen, and what was."""

    level: RegionLevel
    options: list[Region]
    chosen: Region | None

    @property
    def name(self) -> str:
        """The name of the field."""
        return f"r{self.level.value}"

    @property
    def label(self) -> StrOrPromise:
        """What people call the level."""
        return LEVEL_NAMES[self.level]


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Find a union by the code on its sign, by place and work, or by name."""
    typed = request.GET.get("code", "")
    if typed.strip():
        code = find_join_code(normalise_identifier(typed))
        if code is None:
            return find_page(request, typed=typed, is_unknown=True)
        return redirect("members:join", code.code)
    return find_page(request)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def which(request: HttpRequest) -> HttpResponse:
    """Which union fits, with the reason; nobody is left without an answer."""
    if request.method != "POST":
        return redirect("members:find")
    form = WhichForm(request.POST)
    place = _region(request.POST.get("place", ""))
    if not form.is_valid() or place is None:
        return find_page(request, place=place, which_form=form)
    advice = advise(form.work_place())
    context = {
        "place": place,
        "form": form,
        "best": advice.proposals[0] if advice.proposals else None,
        "others": advice.proposals[1:],
        "contact": advice.contact,
        "is_coarse": place.level == RegionLevel.COUNTY,
        "employers": _employer_names(place),
    }
    return render(request, "members/route.html", context)


def find_page(
    request: HttpRequest,
    *,
    typed: str = "",
    is_unknown: bool = False,
    place: Region | None = None,
    which_form: WhichForm | None = None,
) -> HttpResponse:
    """The page; ``is_unknown``: no code reads as ``typed``, and the answer is a 404."""
    text = request.GET.get("q", "")[:LONGEST_SEARCH]
    counties = open_counties()
    county = request.GET.get("county", "")
    county = county if county in {region.code for region in counties} else ""
    is_search = not is_unknown and bool(text.strip() or county)
    results, is_more = find_open_unions(text, county) if is_search else ([], False)
    cascade = _cascade(request, place)
    place = next((choice.chosen for choice in reversed(cascade) if choice.chosen), None)
    is_placed = place is not None and place.level >= RegionLevel.COUNTY
    context = {
        "typed": typed[:40],
        "is_unknown": is_unknown,
        "text": text,
        "county": county,
        "county_groups": _by_prefecture(counties),
        "is_search": is_search,
        "results": results,
        "is_more": is_more,
        "places": _places(text) if is_search else [],
        "cascade": cascade,
        "place": place,
        "no_position": request.GET.get("position") == "unknown",
        "form": (which_form or WhichForm(initial={"place": place})) if is_placed else which_form,
        "is_placed": is_placed,
        "employers": _employer_names(place) if is_placed and place else [],
    }
    return render(request, "members/find.html", context, status=404 if is_unknown else 200)


def _region(code: str) -> Region | None:
    return Region.objects.filter(pk=normalise_text(code)[:16]).first()


def _cascade(request: HttpRequest, place: Region | None) -> list[Choice]:
    """Each level down to the first that is open, as chosen by the fields or by ``place``."""
    if place is None and "place" in request.GET:
        place = _region(request.GET["place"])
    asked = (
        {region.level: region.pk for region in region_and_ancestors(place)}
        if place
        else {level.value: request.GET.get(f"r{level.value}", "") for level in RegionLevel}
    )
    choices: list[Choice] = []
    above: Region | None = None
    for level in RegionLevel:
        options = child_regions(above)
        if not options:
            break
        chosen = next((region for region in options if region.pk == asked.get(level.value)), None)
        # Where there is but one there is nothing to choose.
        if chosen is None and len(options) == 1 and level <= RegionLevel.COUNTY:
            chosen = options[0]
        choices.append(Choice(level, options, chosen))
        if chosen is None:
            break
        above = chosen
    return choices


def _places(text: str) -> list[Region]:
    """Places of this name, from counties down: from there the union is found."""
    if not text.strip():
        return []
    found = search_regions(text).filter(level__gte=RegionLevel.COUNTY)
    return list(found[:MOST_PLACES])


def _employer_names(place: Region) -> list[str]:
    """Suggestions: firms of the county that have a union, platforms first, then what is known."""
    nearby = (
        Employer.objects.filter(region__code__startswith=place.pk[:6], covering_union__isnull=False)
        .order_by("-is_platform", "name")
        .values_list("name", flat=True)[:NEARBY_EMPLOYERS]
    )
    return list(dict.fromkeys([*nearby, *COMMON_PLATFORMS]))


def _by_prefecture(counties: list[Region]) -> list[tuple[str, list[Region]]]:
    """Counties under the name of the region above them, in order."""
    groups: dict[str, list[Region]] = {}
    for county in counties:
        groups.setdefault(county.full_name.removesuffix(county.name), []).append(county)
    return list(groups.items())
