"""Content items of DICOM structured reports (PS3.3 section C.17.3)."""

from collections.abc import Iterable
from typing import Literal

from pydicom.dataset import Dataset

from twelvelead.exchange.codes import Code
from twelvelead.exchange.dicom import name, paragraphs, text

Relation = Literal["CONTAINS", "HAS CONCEPT MOD", "HAS OBS CONTEXT", "HAS PROPERTIES"]


def container(concept: Code, items: Iterable[Dataset], template: str = "") -> Dataset:
    """A heading with what is under it.

    Args:
        concept: the heading.
        items: under it.
        template: number of the template that it follows, of PS3.16; "" for none of its own.
    """
    new = _item("CONTAINER", concept, "CONTAINS")
    new.ContinuityOfContent = "SEPARATE"
    if template:
        identified = Dataset()
        identified.MappingResource, identified.TemplateIdentifier = "DCMR", template
        new.ContentTemplateSequence = [identified]
    found = list(items)
    if found:
        new.ContentSequence = found
    return new


def words(concept: Code, value: str, relation: Relation = "CONTAINS") -> Dataset:
    """TEXT."""
    new = _item("TEXT", concept, relation)
    new.TextValue = paragraphs(value)
    return new


def coded(concept: Code, value: Code, *children: Dataset, relation: Relation = "CONTAINS") -> Dataset:
    """CODE."""
    new = _item("CODE", concept, relation)
    new.ConceptCodeSequence = [code(value)]
    if children:
        new.ContentSequence = list(children)
    return new


def number(
    concept: Code,
    value: float | None,
    unit: Code,
    *children: Dataset,
    missing: Code | None = None,
    relation: Relation = "CONTAINS",
) -> Dataset:
    """NUM; without a value, `missing` says why (CID 42)."""
    new = _item("NUM", concept, relation)
    new.MeasuredValueSequence = []
    if value is not None:
        measured = Dataset()
        measured.MeasurementUnitsCodeSequence = [code(unit)]
        measured.NumericValue = f"{value:.10g}"
        new.MeasuredValueSequence = [measured]
    elif missing is not None:
        new.NumericValueQualifierCodeSequence = [code(missing)]
    if children:
        new.ContentSequence = list(children)
    return new


def instant(concept: Code, value: str, *children: Dataset) -> Dataset:
    """DATETIME of a DT."""
    new = _item("DATETIME", concept, "CONTAINS")
    new.DateTime = value
    if children:
        new.ContentSequence = list(children)
    return new


def person(concept: Code, value: str) -> Dataset:
    """PNAME of an observer."""
    new = _item("PNAME", concept, "HAS OBS CONTEXT")
    new.PersonName = name(value) or "-"
    return new


def reference(concept: Code, uid: str) -> Dataset:
    """UIDREF of an observer."""
    new = _item("UIDREF", concept, "HAS OBS CONTEXT")
    new.UID = uid
    return new


def waveform(concept: Code, sop_class: str, instance: str) -> Dataset:
    """WAVEFORM: all its channels."""
    new = _item("WAVEFORM", concept, "CONTAINS")
    new.ReferencedSOPSequence = [referenced(sop_class, instance)]
    return new


def referenced(sop_class: str, instance: str) -> Dataset:
    """An item of a sequence of references."""
    new = Dataset()
    new.ReferencedSOPClassUID, new.ReferencedSOPInstanceUID = sop_class, instance
    return new


def code(value: Code) -> Dataset:
    """An item of a code sequence."""
    new = Dataset()
    new.CodeValue = text(value.value, 16)
    new.CodingSchemeDesignator = value.scheme
    new.CodeMeaning = text(value.meaning, 64) or "-"
    return new


def _item(kind: str, concept: Code, relation: Relation) -> Dataset:
    new = Dataset()
    new.RelationshipType = relation
    new.ValueType = kind
    new.ConceptNameCodeSequence = [code(concept)]
    return new
