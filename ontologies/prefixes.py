"""Prefixes and the namespaces they stand for, and where each standard is documented."""

from __future__ import annotations

PREFIXES: dict[str, str] = {
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "ac": "http://rs.tdwg.org/ac/terms/",
    "as": "https://www.w3.org/ns/activitystreams#",
    "chrono": "http://rs.tdwg.org/chrono/terms/",
    "col": "urn:collectome:vocab:",
    "dcterms": "http://purl.org/dc/terms/",
    "dctypes": "http://purl.org/dc/dcmitype/",
    "dwc": "http://rs.tdwg.org/dwc/terms/",
    "dwciri": "http://rs.tdwg.org/dwc/iri/",
    "eco": "http://rs.tdwg.org/eco/terms/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "fair4ml": "https://w3id.org/fair4ml#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "ltc": "http://rs.tdwg.org/ltc/terms/",
    "oa": "http://www.w3.org/ns/oa#",
    "ods": "http://rs.dissco.eu/opends/terms/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "http://schema.org/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""As in openDS, plus what RDF itself needs and `col:`, our own for what no standard names."""

DOCUMENTATION: dict[str, str] = {
    "Iptc4xmpExt": "https://www.iptc.org/std/photometadata/specification/",
    "ac": "http://rs.tdwg.org/ac/doc/termlist/",
    "as": "https://www.w3.org/TR/activitystreams-vocabulary/",
    "chrono": "http://rs.tdwg.org/chrono/doc/list/",
    "dcterms": "https://www.dublincore.org/specifications/dublin-core/dcmi-terms/",
    "dctypes": "https://www.dublincore.org/specifications/dublin-core/dcmi-terms/",
    "dwc": "http://rs.tdwg.org/dwc/doc/list/",
    "dwciri": "http://rs.tdwg.org/dwc/doc/rdf/",
    "eco": "http://rs.tdwg.org/eco/doc/list/",
    "exif": "https://www.cipa.jp/std/documents/download_e.html?DC-X010-2017_E",
    "fair4ml": "https://rda-fair4ml.github.io/FAIR4ML-schema/release/0.1.0/index.html",
    "foaf": "http://xmlns.com/foaf/spec/",
    "geo": "https://docs.ogc.org/is/22-047r1/22-047r1.html",
    "ltc": "http://rs.tdwg.org/ltc/doc/list/",
    "oa": "https://www.w3.org/TR/annotation-vocab/",
    "owl": "https://www.w3.org/TR/owl2-syntax/",
    "prov": "https://www.w3.org/TR/prov-o/",
    "rdf": "https://www.w3.org/TR/rdf11-concepts/",
    "rdfs": "https://www.w3.org/TR/rdf-schema/",
    "schema": "https://schema.org/docs/documents.html",
    "xmp": "https://www.iso.org/standard/75163.html",
    "xmpRights": "https://www.iso.org/standard/75163.html",
    "xsd": "https://www.w3.org/TR/xmlschema11-2/",
}
"""The page that defines the terms of a namespace; `ods:` and `col:` are defined by us here."""
