"""Values that the RDF of a document has beyond the document: so far, the point as WKT.

They are a pure function of the document and are listed in its JSON-LD form.
"""

from __future__ import annotations

from typing import Any, TypeGuard

_WGS84 = frozenset({"WGS84", "WGS1984", "EPSG:4326", "WORLDGEODETICSYSTEM1984"})


def geometry(georeference: dict[str, Any]) -> str | None:
    """The point as GeoSPARQL well-known text, longitude first, in the default CRS84.

    None without two coordinates in range, or where a datum other than WGS84 is named.
    """
    latitude = georeference.get("dwc:decimalLatitude")
    longitude = georeference.get("dwc:decimalLongitude")
    if not (_is_number(latitude) and _is_number(longitude)):
        return None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    datum = georeference.get("dwc:geodeticDatum")
    if datum is not None and not _is_wgs84(datum):
        return None
    return f"POINT({longitude + 0!r} {latitude + 0!r})"  # + 0 takes the sign off -0.0


def _is_number(value: Any) -> TypeGuard[int | float]:
    return type(value) is float or type(value) is int


def _is_wgs84(datum: Any) -> bool:
    if not isinstance(datum, str):
        return False
    plain = datum.upper().translate({ord(c): None for c in " _-()"})
    return plain in _WGS84 or plain.replace("WGS84", "", 1) in _WGS84 | {""}
