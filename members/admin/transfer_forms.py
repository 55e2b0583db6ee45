"""The forms of transfers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.identity import IdentityType
from members.models.transfer import TransferParty
from reference.models import WorkerGroup
from unions.enums import UnionStatus
from unions.models import Union
from unions.scope import Actor

MOST_OWN_UNIONS = 200


class DecisionForm(forms.Form):
    """Yes or no for one union."""

    side = forms.ChoiceField(choices=TransferParty.choices, widget=forms.HiddenInput)
    note = forms.CharField(
        label=_("Note"),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed for a refusal; the other union and the member read it."),
    )


class ReceiveForm(forms.Form):
    """Somebody who comes with the paper in hand."""

    to_union = forms.ModelChoiceField(Union.objects.none(), label=_("Our union"))
    name = forms.CharField(label=_("Member's name"), max_length=60)
    id_type = forms.ChoiceField(label=_("Document"), choices=IdentityType.choices)
    id_number = forms.CharField(
        label=_("Whole ID number"),
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reason = forms.CharField(label=_("Why"), max_length=200)
    worker_group = forms.ModelChoiceField(
        WorkerGroup.objects.all(), label=_("New worker group"), required=False,
        empty_label=_("unchanged"),
    )  # fmt: skip
    employer_name = forms.CharField(
        label=_("New employer or platform"), max_length=120, required=False
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Union.objects.visible_to(actor, "transfers.decide").filter(
            kind__enrols_members=True, status=UnionStatus.ACTIVE
        )
        union: Any = self.fields["to_union"]
        union.queryset = own
        union.widget.choices = [
            ("", "—"), *own.order_by("path").values_list("pk", "name")[:MOST_OWN_UNIONS],
        ]  # fmt: skip
