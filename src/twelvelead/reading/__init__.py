"""An interpretation in words: templates by language, cautions, urgency. docs/reading.md says how."""
