"""Classes: what may stand in `@type`, and what the graphs of this repository add."""

from __future__ import annotations

from ontologies.term import Class, label_of

_OPENDS = {
    "Annotation": "A statement somebody or some service made about an object or a part of it.",
    "Assertion": "A measurement or fact.",
    "ChronometricAge": "An age found by a dating method.",
    "Citation": "A mention of a publication.",
    "ClassSelector": "Selects a node of an object by the path of its class.",
    "Create": "The activity that first recorded an object.",
    "CreateUpdateTombstoneEvent": "A change of an object, as openDS publishes it.",
    "DataMapping": "How the terms of a source become terms of openDS.",
    "DigitalMedia": "A FAIR Digital Object that stands for a file showing or sounding a specimen.",
    "DigitalSpecimen": "A FAIR Digital Object that stands for a physical specimen.",
    "EntityRelationship": "A named relationship to another object or resource.",
    "Event": "Something that happened to a specimen at some place and time.",
    "GeologicalContext": "The strata and geological ages of a place.",
    "Georeference": "Coordinates of a place and how they were found.",
    "Identification": "An opinion on what a specimen is.",
    "Identifier": "An identifier, with its kind and status.",
    "Location": "A place.",
    "MachineAnnotationService": "Software that makes annotations.",
    "RelatedPID": "An object related to a withdrawn one, and how.",
    "SourceSystem": "A dataset or endpoint from which objects are harvested.",
    "SpecimenPart": "A part of a specimen that is described apart.",
    "TaxonIdentification": "The taxon named by an identification.",
    "TermSelector": "Selects a value of an object by the path of its term.",
    "Tombstone": "The statement that an object was withdrawn; also the activity that did so.",
    "Update": "The activity that recorded a new version of an object.",
    "VirtualCollection": "Objects grouped for a reason, wherever they are held.",
    "adding": "Motivation: to add a value or node.",
    "deleting": "Motivation: to remove a value or node.",
}
_OURS = {
    "ConformanceReport": "The outcome of checking a document against the shapes.",
    "Erasure": "The activity that replaced a document by its redacted form.",
    "FdoAttribute": "The definition of an attribute that records may have.",
    "FdoDefinitionProfile": "The attributes that the FDO record of a definition carries.",
    "FdoOperation": "The definition of an operation that objects understand.",
    "FdoProfile": "The definition of which attributes a record must and may have.",
    "FdoRecord": "The attributes that the PID of an object carries.",
    "FdoType": "The definition of a type of object.",
    "MachineLearningProfile": "The attributes that the FDO record of a model, a training set or "
    "an evaluation carries.",
    "MLDataset": "The type, in FDO records, of a training set.",
    "MLEvaluation": "The type, in FDO records, of an evaluation of a model.",
    "MLModel": "The type, in FDO records, of a machine-learning model.",
    "Harvest": "One reading of one source system.",
    "Projection": "A view of the log that can be rebuilt at any time.",
    "SavedQuery": "The type, in FDO records, of a query that is kept under a PID of its own.",
    "SavedQueryProfile": "The attributes that the FDO record of a saved query carries.",
}
_STANDARD = """
    dcterms:Location dctypes:Dataset dctypes:MovingImage dctypes:Sound dctypes:StillImage
    dctypes:Text dwc:GeologicalContext dwc:Identification fair4ml:MLModel
    fair4ml:MLModelEvaluation geo:Geometry oa:Annotation oa:Choice oa:CssSelector oa:CssStyle
    oa:DataPositionSelector oa:FragmentSelector oa:HttpRequestState oa:RangeSelector
    oa:SpecificResource oa:SvgSelector oa:TextPositionSelector oa:TextQuoteSelector oa:TextualBody
    oa:TimeState oa:XPathSelector oa:assessing oa:bookmarking oa:classifying oa:commenting
    oa:describing oa:editing oa:highlighting oa:identifying oa:linking oa:moderating
    oa:questioning oa:replying oa:tagging prov:Activity prov:Agent
    prov:Association prov:Entity prov:Person prov:Role prov:SoftwareAgent
    schema:AggregateRating schema:Audience schema:ContactPoint schema:Dataset
    schema:Organization schema:Person schema:Role schema:SoftwareApplication
    schema:SoftwareSourceCode
"""

CLASSES = (
    *(Class(f"ods:{name}", label_of(name), text) for name, text in _OPENDS.items()),
    *(Class(f"col:{name}", label_of(name), text) for name, text in _OURS.items()),
    *(Class(key, label_of(key)) for key in _STANDARD.split()),
)
"""`ods:adding` and the like are individuals; they are listed here so that they have a label."""
