"""A gateway does not start on settings that are half, wrong or careless."""

import pytest

from twelvelead.errors import TwelveLeadError
from twelvelead.gateway.settings import load_settings

ARCHIVE = '[[destinations]]\nname = "a"\nkind = "dicom"\nport = 1\nae_title = "A"\n'
FHIR = '[[destinations]]\nname = "f"\nkind = "fhir"\n'
HL7 = '[[destinations]]\nname = "h"\nkind = "hl7"\nport = 1\n'


@pytest.fixture
def load(tmp_path):
    def from_text(text):
        (tmp_path / "g.toml").write_text(text)
        return load_settings(tmp_path / "g.toml")

    return from_text


def test_one_file_says_all_and_its_paths_are_from_where_it_lies(load, tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "secret")
    settings = load(
        'store = "kept"\n[answering]\nmeasure = false\n[dicom]\ncalling = ["CART"]\n[[folders]]\npath = "in"\n'
        f'options = {{ sampling_rate = 500 }}\n{ARCHIVE}host = "127.0.0.1"\npdf = false\n'
        f'{FHIR}url = "http://localhost:1/r4"\ntoken = {{ env = "TOKEN" }}\n{HL7}host = "localhost"\n'
    )
    assert settings.store == tmp_path / "kept"
    assert settings.folders[0].done_folder == tmp_path / "in" / "done"
    assert settings.folders[0].options.sampling_rate == 500
    assert [each.name for each in settings.destinations] == ["a", "f", "h"]
    assert (settings.dicom.host, settings.dicom.port) == ("127.0.0.1", 11112)
    assert "secret" not in repr(settings) + settings.model_dump_json()
    assert settings.destinations[1].token.read() == "secret"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("reading_room = false", "nothing comes in"),
        ("dicm = 1", "setting dicm: Extra inputs"),
        ("[dicom]\nport = 99999", "setting dicom.port"),
        ('[dicom]\nae_title = "A TITLE THAT IS TOO LONG"', "setting dicom.ae_title"),
        ('[dicom]\naddresses = ["10.0.0.300"]', "setting dicom.addresses"),
        ('[dicom]\nhost = "0.0.0.0"', "host 0.0.0.0 is open to the network"),
        ('[dicom]\ntls_certificate = "c"', "give both or neither"),
        ('[dicom]\ntls_client_ca = "c"', "needs tls_certificate and tls_key too"),
        (ARCHIVE + 'host = "10.1.2.3"', "10.1.2.3 is another machine: use TLS"),
        (ARCHIVE + 'host = "10.1.2.3"\ntls_ca = "c"', "mean nothing without TLS"),
        (ARCHIVE + 'host = "localhost"\ntls = true\ntls_key = "c"', "give both or neither"),
        (ARCHIVE + 'host = "localhost"\nsr = false\npdf = false', "at least one of them has to go"),
        (2 * (ARCHIVE + 'host = "localhost"\n'), "two are called a"),
        (FHIR + 'url = "ftp://x/"', "give the base of a FHIR server"),
        (FHIR + 'url = "http://fhir.hospital.example/"', "is another machine: use TLS"),
        (FHIR + 'url = "https://me:secret@fhir.hospital.example/"', "holds a user or a password"),
        (FHIR + 'url = "http://localhost/"\ntoken = { env = "NOT_THERE" }', "NOT_THERE: no secret is there"),
        (FHIR + 'url = "http://localhost/"\ntoken = { file = "none" }', "none: no secret is there"),
        (FHIR + 'url = "http://localhost/"\ntoken = "plain"', "setting destinations.0.token"),
        (HL7 + 'host = "his.hospital.example"', "is another machine: use TLS"),
        ('[[destinations]]\nname = "x"\nkind = "fax"', "setting destinations.0"),
        ("= 1", "not TOML"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(load, text, said):
    with pytest.raises(TwelveLeadError) as caught:
        load(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret@" not in str(caught.value)


def test_a_network_that_keeps_others_out_itself_may_be_plain(load):
    plain = "allow_plain = true\n"
    settings = load(f'[dicom]\nhost = "0.0.0.0"\n{plain}{ARCHIVE}host = "10.1.2.3"\n{plain}')
    assert settings.dicom.context() is None


def test_tls_files_have_to_be_there_and_to_belong_together(load, certificates, tmp_path):
    settings = load('[dicom]\ntls_certificate = "c.crt"\ntls_key = "c.key"')
    with pytest.raises(TwelveLeadError, match="no such file"):
        settings.dicom.context()
    (tmp_path / "c.crt").write_bytes((certificates / "server.crt").read_bytes())
    (tmp_path / "c.key").write_bytes((certificates / "client.key").read_bytes())
    with pytest.raises(TwelveLeadError, match="belongs to it"):
        settings.dicom.context()
    (tmp_path / "c.key").write_bytes((certificates / "server.key").read_bytes())
    assert settings.dicom.context() is not None


def test_a_file_that_is_not_there_is_a_line(tmp_path):
    with pytest.raises(TwelveLeadError, match="No such file"):
        load_settings(tmp_path / "none.toml")
