"""A ledger of an earlier version is opened with all that is in it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, text

from twelvelead.errors import TwelveLeadError
from twelvelead.ledger import Event, Ledger, NewReading, Patient, Wanted, migrations, restore, schema
from twelvelead.ledger.backup import write_backup
from twelvelead.ledger.database import Database
from twelvelead.ledger.migrations import migrate, revision
from twelvelead.ledger.objects import Objects


@pytest.fixture
def database(tmp_path, url):
    (tmp_path / "ledger").mkdir(mode=0o700)
    opened = Database(tmp_path / "ledger", url)
    yield opened
    opened.close()


@pytest.fixture(params=["0001", "0002", "0003"])
def filled(request, database):
    """A ledger of an earlier version with a row in each table that changes later."""
    with database.begin() as connection:
        migrate(connection, "it", request.param)
        tables = MetaData()
        tables.reflect(connection)
        when, sha256 = "2026-01-31T12:00:00.000000Z", "a" * 64
        rows = {
            "recordings": {
                "id": "one",
                "owner": "ward",
                "source_sha256": sha256,
                "kind": "DICOM",
                "received": when,
                "state": "interpreted",
                "findings": "[]",
                "statements": '["MI"]',
                "urgency": 2,
                "conclusion": "infarction",
                "answer_version": 0,
                "reading_version": 1,
            },
            "readings": {
                "recording": "one",
                "version": 1,
                "made": when,
                "author": "dr",
                "authenticated": True,
                "statements": '[{"code": "MI"}]',
                "text": "as it says",
                "signed": False,
            },
        }
        for name, row in rows.items():
            connection.execute(tables.tables[name].insert(), row)
    return request.param


def test_an_earlier_version_is_brought_up_to_date_with_its_data(database, filled, tmp_path, url):
    with Ledger.open(tmp_path / "ledger", url) as ledger, ledger.begin() as books:
        (recording,) = books.recordings.list("ward").recordings
        assert (recording.id, recording.statements, recording.urgency) == ("one", ("MI",), 2)
        reading = books.readings.latest("one")
        assert (reading.text, reading.statements, reading.measurements) == ("as it says", ({"code": "MI"},), None)
        books.readings.add("one", NewReading("dr", True, (), signed=True, measurements={"qt_ms": 400}), after=1)
        books.recordings.mark_seen("one", "dr")
        books.recordings.state_patient("one", Patient("1234", None, "dr", datetime.now(UTC)))
        assert books.recordings.list("ward", Wanted(patient=("1234", None))).total == 1
        books.audit.append(Event("dr", "sign", subject="one"))
    with database.view() as connection:
        assert revision(connection) == schema.HEAD


@pytest.mark.usefixtures("filled")
def test_a_backup_of_an_earlier_version_is_restored_into_this_one(database, tmp_path, new_url):
    write_backup(database, Objects(tmp_path / "ledger"), tmp_path / "backup.tar", datetime.now(UTC))
    url = new_url()
    restore(tmp_path / "backup.tar", tmp_path / "restored", url)
    with Ledger.open(tmp_path / "restored", url) as ledger, ledger.view() as books:
        assert books.readings.latest("one").text == "as it says"


def test_the_steps_make_the_tables_that_the_code_uses(database):
    with database.begin() as connection:
        migrate(connection, "it")
        context = MigrationContext.configure(connection, opts={"version_table": "ledger_revision"})
        assert compare_metadata(context, schema.metadata) == []


def test_the_last_step_is_the_one_that_the_code_names():
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


def test_a_newer_version_is_left_alone(database, tmp_path, url):
    with database.begin() as connection:
        migrate(connection, "it")
        connection.execute(text("UPDATE ledger_revision SET version_num = '9999'"))
    with pytest.raises(TwelveLeadError, match=r"newer version of twelvelead \(revision 9999\)"):
        Ledger.open(tmp_path / "ledger", url)
    with database.view() as connection:
        assert revision(connection) == "9999"


def test_a_step_that_fails_leaves_what_was_there(database, filled, tmp_path, url, monkeypatch):
    def fail(objects, connection):
        raise RuntimeError("within")

    monkeypatch.setattr(Objects, "open", fail)
    with pytest.raises(RuntimeError, match="within"):
        Ledger.open(tmp_path / "ledger", url)
    with database.view() as connection:
        assert revision(connection) == filled
