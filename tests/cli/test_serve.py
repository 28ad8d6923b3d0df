"""What belongs to a service, from the command line."""

import csv
import re

import pytest

pytest.importorskip("fastapi", reason="the extra [serve] is not installed")


@pytest.fixture
def serve(cli, tmp_path, monkeypatch):
    """serve(*arguments) -> what `twelvelead serve` did, with a store of the test."""
    monkeypatch.setenv("TWELVELEAD_STORE", str(tmp_path / "store"))
    return lambda *arguments: cli("serve", *arguments)


def test_keys_are_made_listed_and_revoked(serve):
    made = serve("keys", "add", "ward 3", "--role", "write")
    assert re.fullmatch(r"tl_[0-9a-f]{16}_[\w-]{43}\n", made.out)
    assert "ward 3\tward 3\twrite\tmade" in serve("keys", "list").out
    assert made.out.strip() not in serve("keys", "list").out
    assert serve("keys", "add", "ward 3").fault.startswith("there is or was a key")
    assert serve("keys", "revoke", "ward 3").code == 0
    assert "revoked 2" in serve("keys", "list").out
    assert serve("keys", "revoke", "ward 4").code == 2


def test_the_audit_is_verified_against_a_head_that_was_kept(serve):
    serve("keys", "add", "a")
    head = serve("audit", "head").out.strip()
    assert re.fullmatch(r"1:[0-9a-f]{64}", head)
    serve("keys", "add", "b")
    assert "2 rows, whole" in serve("audit", "verify", "--head", head).out
    wrong = serve("audit", "verify", "--head", f"3:{'0' * 64}")
    assert (wrong.code, "cut off" in wrong.fault) == (2, True)
    assert serve("audit", "verify", "--head", "nonsense").code == 2


def test_the_audit_is_shown_as_csv(serve):
    for name in ("a", "b"):
        serve("keys", "add", name)
    rows = list(csv.DictReader(serve("audit", "show").out.splitlines()))
    assert [(row["sequence"], row["actor"], row["action"], row["subject"]) for row in rows] == [
        ("1", "local", "keys.add", "a"),
        ("2", "local", "keys.add", "b"),
    ]
    assert serve("audit", "head").out.strip() == f"2:{rows[1]['hash']}"
    assert len(serve("audit", "show", "--after", "1").out.splitlines()) == 2


def test_tls_files_that_are_none_are_told_before_it_starts(serve, tmp_path, monkeypatch):
    serve("keys", "add", "a")
    (tmp_path / "here").write_text("no certificate")
    for name, value in (("HOST", "0.0.0.0"), ("HOSTS", "ecg.example"), ("TLS_KEY", str(tmp_path / "here"))):
        monkeypatch.setenv(f"TWELVELEAD_{name}", value)
    for certificate, fault in (("nothing", "no such file; name one in the setting tls_certificate"), ("here", "PEM")):
        monkeypatch.setenv("TWELVELEAD_TLS_CERTIFICATE", str(tmp_path / certificate))
        ended = serve("--no-open", "--port", "0")
        assert ended.code == 2
        assert fault in ended.fault


def test_a_backup_is_restored_elsewhere_and_never_over_a_store(serve, tmp_path, monkeypatch):
    serve("keys", "add", "a")
    assert serve("backup", tmp_path / "backup.tar").code == 0
    assert serve("restore", tmp_path / "backup.tar").code == 2
    monkeypatch.setenv("TWELVELEAD_STORE", str(tmp_path / "other"))
    assert serve("restore", tmp_path / "backup.tar").code == 0
    assert serve("keys", "list").out.startswith("a\t")


def test_a_purge_says_what_it_removed(serve):
    assert serve("purge", "--older-than", "30", "--signed").out.startswith("0 recordings and 0 files removed")
    assert serve("purge", "--older-than", "-1").code == 2


def test_settings_come_from_file_environment_and_command_line_and_secrets_are_masked(serve, tmp_path, monkeypatch):
    file = tmp_path / "ward.toml"
    file.write_text('port = 1\nqueue = 5\nworkers = 1\ndatabase = "postgresql://a:secret@b/c"\n')
    monkeypatch.setenv("TWELVELEAD_QUEUE", "6")
    monkeypatch.setenv("TWELVELEAD_HOSTS", "a.example, b.example")
    printed = serve("--settings", file, "--port", "7", "--print-config").out
    assert "port = 7\n" in printed
    assert "queue = 6\n" in printed
    assert "workers = 1\n" in printed
    assert 'hosts = ["a.example", "b.example"]\n' in printed
    assert "secret" not in printed
    assert 'database = "***' in printed


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ('host = "0.0.0.0"', "give tls_certificate and tls_key, or name the reverse proxies"),
        ('host = "0.0.0.0"\nbehind_proxy = ["10.0.0.1"]', "give in hosts the names"),
        ('tls_key = "a.pem"', "give both or neither"),
        ('behind_proxy = ["10.0.0.1"]', "give in hosts the names"),
        (
            'behind_proxy = ["10.0.0.1"]\ntls_key = "a"\ntls_certificate = "b"',
            "leave out behind_proxy or the TLS files",
        ),
        ('behind_proxy = ["proxy"]\nhosts = ["a"]', "'proxy' is no address"),
        ('hosts = ["*"]', "'*' is no name of a host"),
        ("prot = 1", "prot"),
        ("port = 99999", "port"),
        ("queue = 0", "queue"),
        ("port = ", "not TOML"),
        ('weights = ["nothing"]', "neither shipped weights"),
        ('operating_point = "best"', "best"),
        ('host = "127.0.0.1"\nbehind_proxy = ["10.0.0.1"]\nhosts = ["ecg.example"]', "there is no key yet"),
    ],
)
def test_it_refuses_to_start_half_configured(serve, tmp_path, settings, fault):
    file = tmp_path / "ward.toml"
    file.write_text(settings)
    ended = (
        serve("--settings", file, "--no-open", "--port", "0") if "port" not in settings else serve("--settings", file)
    )
    assert ended.code == 2
    assert fault in ended.fault


def test_a_folder_that_is_not_there_or_holds_nothing_is_told(serve, tmp_path):
    assert "no such folder" in serve(tmp_path / "nothing", "--no-open").fault
    (tmp_path / "empty").mkdir()
    assert "without a recording" in serve(tmp_path / "empty", "--no-open").fault
    assert "leave out" in serve("--demo", tmp_path).fault
