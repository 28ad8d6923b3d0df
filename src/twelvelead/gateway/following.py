"""What the reading room does with the same store: what it takes in and what is signed there is reported too."""

from twelvelead.errors import TwelveLeadError
from twelvelead.gateway.dicom_objects import lane_of
from twelvelead.gateway.queues import REPORTS, ask_for_report
from twelvelead.gateway.settings import Settings
from twelvelead.gateway.state import State
from twelvelead.ledger import AuditRow, Books, Ledger, Recording

CURSOR = "gateway"
_AT_ONCE = 500


class Following:
    """Goes along the audit, in which everything stands in its order. What was there before the gateway came for the
    first time is left alone.

    Args:
        ledger, settings, state: shared by all parts.
    """

    def __init__(self, ledger: Ledger, settings: Settings, state: State) -> None:
        self._ledger, self._settings, self._state = ledger, settings, state
        with ledger.begin() as books:
            if books.cursors.get(CURSOR) is None:
                books.cursors.put(CURSOR, books.audit.head().sequence)

    def look(self) -> None:
        """Queue a report for whatever has happened since the last look."""
        with self._ledger.view() as books:
            after = books.cursors.get(CURSOR) or 0
            rows = list(books.audit.rows(after, _AT_ONCE))
        if not rows:
            return
        queued = False
        with self._ledger.begin() as books:
            for row in rows:
                queued |= self._ask(books, row)
            books.cursors.put(CURSOR, rows[-1].sequence)
        if queued:
            self._state.ring(REPORTS)

    def _ask(self, books: Books, row: AuditRow) -> bool:
        event = row.event
        if event.subject is None or event.action not in ("interpret", "sign"):
            return False
        try:
            recording = books.recordings.get(event.subject, None)
        except TwelveLeadError:  # purged since
            return False
        if not self._settings.reading_room and recording.owner != self._settings.owner:
            return False
        if event.action == "interpret":
            return ask_for_report(books, recording.id, _lane(recording), answer=recording.answer_version)
        signed = [reading.version for reading in books.readings.history(recording.id) if reading.signed]
        asked = [ask_for_report(books, recording.id, _lane(recording), reading=version) for version in signed]
        return any(asked)


def _lane(recording: Recording) -> str | None:
    return None if recording.identity is None else lane_of(recording.identity.study or "")
