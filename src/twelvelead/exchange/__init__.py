"""An answer as FHIR, DICOM SR, encapsulated PDF and HL7 v2: one file a standard, pure functions. docs/exchange.md."""
