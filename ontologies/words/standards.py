"""Terms of the general standards: Dublin Core, Audubon Core, schema.org, PROV, image metadata.

Only instants that a repository writes itself are `xsd:dateTime`; dates that people wrote
(`dcterms:date`, `xmp:CreateDate`, `schema:startDate`) stay plain literals.
"""

from __future__ import annotations

from ontologies.term import Kind
from ontologies.words.tables import derived, standard_terms

_AC_TEXT = """
    captureDevice comments digitizationDate metadataLanguageLiteral resourceCreationTechnique
    subjectCategoryVocabulary subjectOrientationLiteral subjectPartLiteral subtypeLiteral tag
    timeOfDay variantDescription variantLiteral
"""
_AC_IRI = "accessURI metadataLanguage subjectOrientation subjectPart subtype variant"
_DC_TEXT = """
    accessRights available bibliographicCitation date description format identifier language
    rightsHolder subject title type
"""
_SCHEMA_TEXT = """
    creativeWorkStatus description email endDate name programmingLanguage roleName startDate
    telephone text value
"""
_SCHEMA_IRI = "codeRepository contentURL identifier license url"

TERMS = (
    *standard_terms("Iptc4xmpExt", Kind.IRI, "CVterm"),
    *standard_terms("ac", Kind.DOUBLE, "frameRate heightFrac widthFrac xFrac yFrac"),
    *standard_terms("ac", Kind.IRI, _AC_IRI),
    *standard_terms("ac", Kind.LITERAL, _AC_TEXT),
    *standard_terms("ac", Kind.NODE, "hasROI"),
    *standard_terms("dcterms", Kind.DATETIME, "created issued modified"),
    *standard_terms("dcterms", Kind.IRI, "conformsTo license references rights source"),
    *standard_terms("dcterms", Kind.LITERAL, _DC_TEXT),
    *standard_terms("exif", Kind.INTEGER, "PixelXDimension PixelYDimension"),
    *standard_terms("ltc", Kind.LITERAL, "collectionManagementSystem collectionName"),
    *standard_terms("ltc", Kind.LITERAL, "basisOfScheme description"),
    *standard_terms("rdfs", Kind.LITERAL, "comment"),
    *standard_terms("schema", Kind.DATETIME, "dateCreated dateModified"),
    *standard_terms("schema", Kind.DOUBLE, "ratingValue"),
    *standard_terms("schema", Kind.INTEGER, "position ratingCount version"),
    *standard_terms("schema", Kind.IRI, _SCHEMA_IRI),
    *standard_terms("schema", Kind.LITERAL, _SCHEMA_TEXT),
    *standard_terms("schema", Kind.NODE, "ContactPoint creator maintainer"),
    *standard_terms("xmp", Kind.LITERAL, "CreateDate"),
    *standard_terms("xmpRights", Kind.IRI, "WebStatement"),
    *standard_terms("xmpRights", Kind.LITERAL, "Owner UsageTerms"),
    *derived(
        (
            *standard_terms("dcterms", Kind.IRI, "isPartOf publisher"),
            *standard_terms("geo", Kind.LITERAL, "asWKT"),
            *standard_terms("geo", Kind.NODE, "hasGeometry"),
            *standard_terms("prov", Kind.DATETIME, "generatedAtTime startedAtTime"),
            *standard_terms("prov", Kind.IRI, "agent generated invalidated qualifiedAssociation"),
            *standard_terms("prov", Kind.IRI, "specializationOf wasAttributedTo wasInformedBy"),
            *standard_terms("rdf", Kind.IRI, "type"),
            *standard_terms("rdfs", Kind.IRI, "isDefinedBy seeAlso"),
            *standard_terms("rdfs", Kind.LITERAL, "label"),
            *standard_terms("schema", Kind.IRI, "sameAs"),
        )
    ),
)
