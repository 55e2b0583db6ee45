"""How reference data appear in the API: shared by the apps above."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.errors import RuleViolation
from reference.codes import validate_region_code


class CodeAndName(serializers.Serializer[Any]):
    """A row of an editable list: its stable code and its name in the caller's language."""

    code = serializers.CharField(source="pk")
    name = serializers.CharField()


class RegionCodeField(serializers.CharField):
    """The statistics code of a region (its own length, 2 to 12 digits); refuses malformed ones."""

    def to_internal_value(self, data: Any) -> str:
        """The code. Raises ValidationError."""
        code = super().to_internal_value(data)
        try:
            validate_region_code(code)
        except RuleViolation as refusal:
            raise serializers.ValidationError(str(refusal), code=refusal.code) from refusal
        return code
