"""Dividing a whole among shares so that nothing is lost: the method of largest remainders."""

from __future__ import annotations

from collections.abc import Sequence


def divide(total: int, weights: Sequence[int]) -> list[int]:
    """``total`` divided in proportion to ``weights``: whole numbers whose sum is ``total``.

    Each share is the exact one rounded down, and those with the largest remainders get one more
    (Hamilton's method); of equal remainders the one that stands first. Whoever weighs nothing gets
    nothing. Exact integers throughout, at any size. Raises ValueError for a negative total or
    weight, and where something is to be divided among nothing.
    """
    if total < 0 or any(weight < 0 for weight in weights):
        raise ValueError("neither the total nor a weight is negative")
    whole = sum(weights)
    if not whole:
        if total:
            raise ValueError("nothing to divide by")
        return [0] * len(weights)
    shares, remainders = [], []
    for index, weight in enumerate(weights):
        share, remainder = divmod(total * weight, whole)
        shares.append(share)
        remainders.append((-remainder, index))
    for _remainder, index in sorted(remainders)[: total - sum(shares)]:
        shares[index] += 1
    return shares
