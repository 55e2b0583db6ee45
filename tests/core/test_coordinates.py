"""The offset of Chinese maps, against the examples that its libraries publish."""

import pytest

from core.coordinates import wgs84_to_gcj02

PUBLISHED = [
    # WGS-84 and GCJ-02 (longitude, latitude); the first from coordtransform, the rest from
    # eviltransform.
    ((116.404, 39.915), (116.41024449916938, 39.91640428150164)),
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
]


@pytest.mark.parametrize(("satellite", "expected"), PUBLISHED)
def test_published_examples(satellite: tuple[float, float], expected: tuple[float, float]) -> None:
    assert wgs84_to_gcj02(*satellite) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "abroad", [(2.3522, 48.8566), (-0.1276, 51.5072), (72.0039, 39.0), (116.4, 55.8272)]
)
def test_abroad_there_is_no_offset(abroad: tuple[float, float]) -> None:
    assert wgs84_to_gcj02(*abroad) == abroad


def test_the_parts_have_names() -> None:
    position = wgs84_to_gcj02(116.404, 39.915)
    assert (position.longitude, position.latitude) == position
