"""Content items of DICOM structured reports (PS3.3 section C.17.3).

Codes are kept as they are encoded: a report has some sixty, most of them in every report, and pydicom takes longer for
them than for all the rest.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_sequence_item
from pydicom.tag import Tag

from twelvelead.exchange.codes import Code
from twelvelead.exchange.dicom import UNICODE, name, paragraphs, text

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
    add_code(new, "ConceptCodeSequence", value)
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
        measured = _new()
        add_code(measured, "MeasurementUnitsCodeSequence", unit)
        measured.NumericValue = f"{value:.10g}"
        new.MeasuredValueSequence = [measured]
    elif missing is not None:
        add_code(new, "NumericValueQualifierCodeSequence", missing)
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


def add_code(item: Dataset, keyword: str, value: Code) -> None:
    """Add a sequence of one code."""
    element = _encoded(keyword, value)
    item[element.tag] = element


@lru_cache(maxsize=1024)
def _encoded(keyword: str, value: Code) -> RawDataElement:
    coded = Dataset()
    coded.CodeValue = text(value.value, 16)
    coded.CodingSchemeDesignator = value.scheme
    coded.CodeMeaning = text(value.meaning, 64) or "-"
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_sequence_item(buffer, coded, UNICODE)
    content = buffer.getvalue()
    return RawDataElement(Tag(keyword), "SQ", len(content), content, 0, False, True)


def _item(kind: str, concept: Code, relation: Relation) -> Dataset:
    new = _new()
    new.RelationshipType = relation
    new.ValueType = kind
    add_code(new, "ConceptNameCodeSequence", concept)
    return new


def _new() -> Dataset:
    """A data set that is written as it stands: pydicom looks through all others for what has to change on the way."""
    new = Dataset(parent_encoding=UNICODE)
    new.set_original_encoding(False, True, UNICODE)
    return new
