"""The filters above the list of stations."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reference.enums import RegionLevel
from stations.models import Facility, StationKind
from stations.selectors import regions_with_stations


class StationFilter(forms.Form):
    """Region, kind, facilities and words; every one may be left out."""

    q = forms.CharField(
        label=_("Name or address"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"class": "form-control", "type": "search"}),
    )
    region = forms.ChoiceField(
        label=_("Region"), required=False, widget=forms.Select(attrs={"class": "form-select"})
    )
    kind = forms.ModelChoiceField(
        StationKind.objects.all(),
        label=_("Kind"),
        required=False,
        empty_label=_("All kinds"),
        widget=forms.Select(attrs={"class": "form-select"}),
        blank=True,
    )
    facility = forms.ModelMultipleChoiceField(
        Facility.objects.all(),
        label=_("Facilities"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = str(self.data.get("region", ""))
        field = self.fields["region"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            ("", _("Everywhere")),
            *(
                # The code begins with that of its parent, so the order alone makes the tree.
                (region.code, "\u2003" * (region.level - RegionLevel.PROVINCE) + region.name)
                for region in regions_with_stations(chosen)
            ),
        ]

    @property
    def is_filtering(self) -> bool:
        """Does any filter hold?"""
        return any(self.cleaned_data.values())


class PositionForm(forms.Form):
    """Where a browser says it is: WGS-84, in degrees."""

    longitude = forms.FloatField(min_value=-180, max_value=180)
    latitude = forms.FloatField(min_value=-90, max_value=90)
