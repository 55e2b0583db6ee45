"""The exceptions that refuse something for a reason a person can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.http import Http404

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


class RuleViolation(Exception):
    """A rule of the field was broken; nothing was written.

    `message` is a (lazy) translated sentence fit for the screen and never holds personal data.
    `field` names the input it belongs to, so that a form or a serializer can put it beside the
    right box; None stands for the input as a whole. `code` is stable and meant for programs.
    """

    def __init__(
        self, message: _StrOrPromise, *, field: str | None = None, code: str = "invalid"
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.code = code

    def __str__(self) -> str:
        return str(self.message)

    def as_validation_error(self) -> ValidationError:
        """The same refusal as Django's ValidationError, keyed by field where there is one."""
        error = ValidationError(self.message, code=self.code)
        return error if self.field is None else ValidationError({self.field: error})


class WrongAddress(Http404):
    """A word in the address of a page means nothing; the page that answers says which.

    `message` as of `RuleViolation`; `back` is the address that leads on, `back_name` the words for
    it.
    """

    def __init__(
        self, message: _StrOrPromise, *, back: _StrOrPromise, back_name: _StrOrPromise
    ) -> None:
        super().__init__(str(message))
        self.message = message
        self.back = back
        self.back_name = back_name
