"""What a provider is given, and how it says no."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outgoing:
    """One short message. ``key`` is the same whenever the same message is tried again."""

    key: str
    template: str
    phone: str  # E.164
    text: str

    @property
    def national_phone(self) -> str:
        """``13812345678`` for a Chinese number, otherwise E.164: what gateways in China expect."""
        return self.phone.removeprefix("+86")

    def __repr__(self) -> str:
        # Tracebacks and logs print arguments: phone and text stay out of them.
        return f"Outgoing(key={self.key!r}, template={self.template!r})"


class DeliveryError(Exception):
    """The message was not accepted.

    ``code`` is short, stable and holds nothing of what the gateway answered: answers repeat phone
    and text. ``is_final``: trying again would be answered alike.
    """

    def __init__(self, code: str, *, is_final: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.is_final = is_final
