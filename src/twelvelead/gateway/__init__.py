"""Between a hospital's systems and the answer: DICOM and files in, reports out as DICOM, FHIR and HL7, nothing lost."""

from importlib.util import find_spec

from twelvelead.errors import MissingExtra

for _needed in ("fastapi", "prometheus_client", "pydicom", "pynetdicom", "watchfiles"):
    if find_spec(_needed) is None:
        raise MissingExtra("twelvelead gateway", "hospital")
