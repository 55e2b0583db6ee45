"""What can go wrong with the embedded stack."""


class EngineError(Exception):
    """An engine cannot be prepared or started; the text says why, for people."""
