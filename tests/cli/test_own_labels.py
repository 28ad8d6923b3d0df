"""twelvelead store create: labels as people have them, in tables and in codes that come with the recordings."""

import csv
import shutil

import numpy as np
import pytest

from twelvelead.data.store import Store
from twelvelead.data.tasks import labels
from twelvelead.ecg.leads import LEADS

RECORDS = 80


@pytest.fixture(scope="module")
def ecgs(tmp_path_factory):
    """80 CSV recordings of a second at 50 Hz, 0.csv to 79.csv, below a folder."""
    folder = tmp_path_factory.mktemp("own") / "ecgs"
    (folder / "a").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(RECORDS):
        signal = rng.normal(size=(50, 12))
        np.savetxt(folder / "a" / f"{number}.csv", signal, "%.2f", ",", header=",".join(LEADS), comments="")
    return folder


@pytest.fixture
def make(cli, ecgs, tmp_path):
    """make(head, rows, *options, encoding=, delimiter=) -> what `store create` said, on a table with a path before each
    row; the store is tmp_path / "store"."""

    def run(head, rows, *options, encoding="utf-8", delimiter=",", file="file"):
        table = tmp_path / "labels.csv"
        with table.open("w", newline="", encoding=encoding) as stream:
            writer = csv.writer(stream, delimiter=delimiter)
            writer.writerow([file, *head])
            writer.writerows([f"a/{number}.csv", *row] for number, row in enumerate(rows))
        reading = ("--rate", 50, "--seconds", 1, "--sampling-rate", 50, "--unit", "mV")
        return cli("store", "create", ecgs, table, tmp_path / "store", *reading, "--folds", 2, *options)

    return run


def truth(folder, task="labels"):
    """The classes, and of each record its set, "?" behind what is not known."""
    found = labels(Store.open(folder), task, "keep")
    rows = []
    for values, known in zip(found.values, found.known, strict=True):
        states = zip(found.classes, values, known, strict=True)
        rows.append({name if k else f"{name}?" for name, value, k in states if value or not k})
    return found.classes, rows


def test_what_was_understood_is_shown_before_anything_is_written(make, tmp_path):
    cells = [["AF,59118001"], ["AF"], ["59118001"], [""]] * 20
    made = make(["label"], cells)
    assert made.code == 0, made.err
    lines = made.out.splitlines()
    assert lines[0] == f"{tmp_path / 'labels.csv'}: 80 recordings, column label, separated by commas"
    said = [" ".join(line.split()) for line in lines]
    for line in (
        "59118001, right bundle branch block 40",
        "AF 40",
        "(none of these) 20",
        "0.csv: AF,59118001 -> 59118001; AF",
        "1.csv: AF -> AF",
        "2.csv: 59118001 -> 59118001",
    ):
        assert line in said
    assert lines[-1].endswith("80 records, task labels with 2 classes, fold 1-2")
    assert truth(tmp_path / "store")[1] == [{"AF", "59118001"}, {"AF"}, {"59118001"}, set()] * 20


def test_what_is_doubtful_is_shown_and_ends_in_one_line_and_no_store(make, tmp_path):
    cells = [["AF;LBBB"], ["AF,SB"], ["SB"], ["AF"]] * 20
    refused = make(["label"], cells)
    assert refused.code == 2
    assert "line 2 holds semicolons and line 3 holds commas" in refused.fault
    assert "say --separator ';' if it was read rightly" in refused.fault
    assert "--columns" in refused.fault
    assert "separated by semicolons" in refused.out
    assert "1.csv: AF,SB -> AF,SB" in refused.out
    assert not (tmp_path / "store").exists()
    assert make(["label"], cells, "--separator", ";").code == 0
    assert truth(tmp_path / "store")[0] == ("AF", "AF,SB", "LBBB", "SB")


def test_columns_settle_which_hold_labels(make, tmp_path):
    rows = [["SR", "1", "0", "1"], ["AF", "0", "1", "0"]] * 40
    named = make(["rhythm", "lbbb", "lvh", "smoker"], rows, "--columns", "lbbb,lvh")
    assert named.code == 0, named.err
    assert "columns not read: rhythm, smoker" in named.out
    assert truth(tmp_path / "store")[1][:2] == [{"lbbb"}, {"lvh"}]
    assert make(["rhythm", "lbbb", "lvh", "smoker"], rows, "--columns", "rhythm").code == 0
    assert truth(tmp_path / "store")[1][:2] == [{"SR"}, {"AF"}]
    wrong = make(["rhythm", "lbbb", "lvh", "smoker"], rows, "--columns", "lbb")
    assert (wrong.code, wrong.fault.endswith("has no column lbb; did you mean lbbb")) == (2, True)
    nothing = make(["rhythm", "site"], [["SR", "x"]] * RECORDS)
    assert nothing.code == 2
    assert "has no labels: add a column label with the names of the classes (AF;LBBB), or a column of 0 and 1" in (
        nothing.fault
    )
    assert "of rhythm, site" in nothing.fault


def test_rare_classes_are_left_out_and_named(make, tmp_path):
    cells = [["AF"]] * 40 + [["LBBB"]] * 37 + [["VT;AF"]] * 3
    made = make(["label"], cells, "--min-count", 10)
    assert made.code == 0, made.err
    assert "task labels: left out, in fewer than 10 recordings: VT (3)" in made.out
    assert truth(tmp_path / "store")[0] == ("AF", "LBBB")
    too_many = make(["label"], cells, "--min-count", 100)
    assert (too_many.code, "choose a smaller --min-count" in too_many.fault) == (2, True)


@pytest.mark.parametrize(
    ("encoding", "delimiter", "note"),
    [
        ("utf-8-sig", ",", ""),
        ("utf-16", "\t", "columns separated by tabs"),
        ("latin-1", ";", "not UTF-8, so read as Latin-1"),
    ],
)
def test_tables_of_any_usual_encoding_and_separator(make, tmp_path, encoding, delimiter, note):
    head = ["Patient", "Gender", "age (months)", "Überwachung", "Label"]
    rows = [
        [f"Müller {n // 2}", "F" if n % 2 else "male", "18", "x;y" if delimiter != ";" else "x", "Schön"]
        for n in range(RECORDS)
    ]
    made = make(head, rows, encoding=encoding, delimiter=delimiter, file="FileName")
    assert made.code == 0, made.err
    assert note in made.out
    assert "columns not read: Überwachung" in made.out
    store = Store.open(tmp_path / "store")
    assert truth(tmp_path / "store") == (("Schön",), [{"Schön"}] * RECORDS)
    assert store.column("patient_id")[:4].tolist() == [1, 1, 2, 2]
    assert store.features[:2].tolist() == [[1.5, 0], [1.5, 1]]


def test_ages_and_sexes_as_people_write_them(make, tmp_path):
    written = [
        ("63", 63, "M", 0),
        ("63.5", 63.5, "0", 0),
        ("018M", 1.5, "male", 0),
        ("6 months", 0.5, "1", 1),
        ("300", 300, "female", 1),
        (">89", 89, "F", 1),
        ("", np.nan, "unknown", np.nan),
        ("unknown", np.nan, "", np.nan),
        ("-1", np.nan, "nan", np.nan),
    ]
    rows = [[age, sex, "1"] for age, _, sex, _ in written]
    made = make(["age", "sex", "AF"], rows)
    assert made.code == 0, made.err
    features = Store.open(tmp_path / "store").features
    np.testing.assert_allclose(features, [[age, sex] for _, age, _, sex in written], rtol=1e-6)


def test_minus_one_is_not_known_and_empty_is_0(make, tmp_path):
    rows = [["1", "-1"], ["0", "1"], ["unknown", ""], ["-1", "-1"]] * 20
    made = make(["AF", "LBBB"], rows)
    assert made.code == 0, made.err
    said = [" ".join(line.split()) for line in made.out.splitlines()]
    assert "AF 20, not known of 40" in said
    assert "20 empty cells of these count as 0; write -1 where it is not known" in said
    assert truth(tmp_path / "store")[1][:4] == [{"AF", "LBBB?"}, {"LBBB"}, {"AF?"}, {"AF?", "LBBB?"}]
    found = labels(Store.open(tmp_path / "store"), "labels", "keep")
    assert found.scored[:4].tolist() == [True, True, True, False]
    assert make(["label"], [["AF"], ["-1"], ["AF"], [""]] * 20).code == 0
    assert truth(tmp_path / "store")[1][:4] == [{"AF"}, {"AF?"}, {"AF"}, set()]


def test_a_mapping_joins_names_of_a_table(make, tmp_path):
    mapping = tmp_path / "map.toml"
    mapping.write_text('"164889003" = "AFIB"\nAFIB = "AF"\n"164909002" = "LBBB"\nclbbb = "LBBB"\n')
    cells = [["164889003,164909002"], ["AFIB"], ["CLBBB"], ["999,AFIB"]] * 20
    made = make(["Dx"], cells, "--mapping", mapping, "--task", "mine")
    assert made.code == 0, made.err
    assert f"codes that {mapping} does not list, with the recordings that have them: 999 (20)" in made.err
    assert truth(tmp_path / "store", "mine") == (("AF", "LBBB"), [{"AF", "LBBB"}, {"AF"}, {"LBBB"}, {"AF"}] * 20)
    assert make(["Dx"], cells, "--mapping", "challenge").code == 0
    assert truth(tmp_path / "store", "superclass")[1][0] == {"CD"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('A = "B"\nB = "C"\nC = "A"\n', "codes stand for each other in a circle: A = B = C = A"),
        ('A = "B"\nA = "C"\n', "a code stands twice (at line 2, column 8); keep one line of it"),
        (
            '"Sinus Rhythm" = "B"\n"sinus  rhythm." = "C"\n',
            "the code sinus  rhythm. stands twice, first as Sinus Rhythm",
        ),
        ("A = 3\n", "A = 3 names no class"),
        ('[names]\nA = "B"\n', "names = {'A': 'B'} names no class"),
        ("", "maps no code"),
        ("A B\n", 'write lines such as "164889003" = "AF"'),
    ],
)
def test_a_mapping_that_cannot_be_is_one_line_and_no_store(make, tmp_path, text, fault):
    (tmp_path / "map.toml").write_text(text)
    refused = make(["label"], [["A"]] * RECORDS, "--mapping", tmp_path / "map.toml")
    assert refused.code == 2
    assert refused.fault.startswith(f"{tmp_path / 'map.toml'}: ")
    assert fault in refused.fault
    assert not (tmp_path / "store").exists()


@pytest.fixture
def joined_folder(shared_formats, shared_ludb, ptbxl_folder, tmp_path):
    """Two recordings of the Challenges, eight of LUDB with gains as they should be, and twenty of PTB-XL."""
    folder = tmp_path / "joined"
    (folder / "cinc").mkdir(parents=True)
    (folder / "ludb").mkdir()
    for file in shared_formats.glob("cinc_*"):
        shutil.copy(file, folder / "cinc")
    for number in (1, 3, 5, 7, 9, 11, 101, 105):
        shutil.copy(shared_ludb / f"{number}.dat", folder / "ludb")
        lines = (shared_ludb / f"{number}.hea").read_text().splitlines(keepends=True)
        lines[1:13] = [
            " ".join(["1000/mV" if "/mV" in part else part for part in line.split(" ")]) for line in lines[1:13]
        ]
        (folder / "ludb" / f"{number}.hea").write_text("".join(lines))
    shutil.copytree(ptbxl_folder, folder / "ptbxl", ignore=shutil.ignore_patterns("records100"))
    with (ptbxl_folder / "ptbxl_database.csv").open(newline="") as stream:
        rows = sorted(csv.DictReader(stream), key=lambda row: (row["strat_fold"], int(row["ecg_id"])))
    for row in rows[:10] + rows[200:210]:
        for suffix in (".hea", ".dat"):
            file = (folder / "ptbxl" / row["filename_lr"]).with_suffix(suffix)
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy((ptbxl_folder / row["filename_lr"]).with_suffix(suffix), file)
    return folder


def test_codes_of_three_data_sets_are_joined_without_a_table(cli, joined_folder, tmp_path):
    mapping = tmp_path / "map.toml"
    codes = {"SR": ("426783006", "Rhythm: Sinus rhythm"), "AF": ("164889003", "AFIB", "Rhythm: Atrial fibrillation.")}
    mapping.write_text("".join(f'"{code}" = "{name}"\n' for name, of in codes.items() for code in of))
    made = cli("store", "create", joined_folder, "codes", tmp_path / "store", "--mapping", mapping)
    assert made.code == 0, made.err
    assert "codes of 30 WFDB records, 20 of them by PTB-XL's table" in made.out
    assert "codes that" in made.err
    assert "Left ventricular hypertrophy (" in made.err
    store = Store.open(tmp_path / "store")
    assert store.source == "PTB-XL and others, joined, mapping map"
    assert truth(tmp_path / "store")[0] == ("SR", "AF")
    by_file = dict(
        zip(sorted(str(path) for path in joined_folder.rglob("*.hea")), truth(tmp_path / "store")[1], strict=True)
    )
    assert by_file[str(joined_folder / "cinc" / "cinc_chapman.hea")] == {"AF"}
    assert by_file[str(joined_folder / "ludb" / "101.hea")] == {"AF"}
    assert by_file[str(joined_folder / "ludb" / "105.hea")] == {"SR"}
    fold = store.column("fold")
    assert np.isin([8, 9], fold).all()
    assert len(np.unique(store.column("ecg_id"))) == 30
    alone = [
        of
        for path, of in zip(sorted(joined_folder.rglob("*.hea")), store.column("patient_id"), strict=True)
        if "ptbxl" not in path.parts
    ]
    assert (np.isin(store.column("patient_id"), alone).sum(), len(set(alone))) == (10, 10)
    refused = cli("store", "create", joined_folder, "codes", tmp_path / "store", "--folds", 5)
    assert (refused.code, "the folds of PTB-XL are published" in refused.fault) == (2, True)


def test_codes_alone_are_classes_with_their_names_beside_them(cli, joined_folder, tmp_path):
    made = cli("store", "create", joined_folder / "cinc", "codes", tmp_path / "store")
    assert made.code == 0, made.err
    assert "164889003, atrial fibrillation" in made.out
    assert truth(tmp_path / "store")[1] == [{"164889003", "164934002", "59118001"}, {"426783006"}]
    ptbxl = cli("store", "create", joined_folder / "ptbxl", "codes", tmp_path / "store")
    assert ptbxl.code == 0, ptbxl.err
    store = Store.open(tmp_path / "store")
    assert store.source == "PTB-XL, ptbxl, codes"
    assert set(store.column("fold").tolist()) == {8, 9}
    ludb = cli("store", "create", joined_folder / "ludb", "codes", tmp_path / "store")
    assert ludb.code == 0, ludb.err
    assert "Rhythm: Sinus bradycardia" in truth(tmp_path / "store")[0]


def test_ptbxl_s_own_table_is_a_table_of_labels(cli, joined_folder, tmp_path):
    table = joined_folder / "ptbxl" / "ptbxl_database.csv"
    rows = table.read_text().splitlines(keepends=True)
    known = {path.stem for path in joined_folder.rglob("*_lr.hea")}
    short = tmp_path / "part.csv"
    short.write_text("".join([rows[0], *(row for row in rows[1:] if any(name in row for name in known))]))
    made = cli("store", "create", joined_folder / "ptbxl", short, tmp_path / "store", "--separator", "list")
    assert made.code == 0, made.err
    assert "column scp_codes, dictionaries of likelihoods in percent" in made.out
    again = cli("store", "create", joined_folder / "ptbxl", "codes", tmp_path / "by-codes")
    assert again.code == 0, again.err
    assert Store.open(tmp_path / "store").data_hash == Store.open(tmp_path / "by-codes").data_hash


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("nope.csv",), "nope.csv: no such table or mapping; name a CSV, the word codes"),
        (("codes",), "holds no WFDB header (.hea), in which codes stand"),
        (("codes", "--separator", ";"), "--separator and --columns are about tables; leave them out"),
        (("challenge", "--mapping", "ludb"), "challenge: is a mapping, and ludb is a second one; name one of them"),
        (("codes", "--mapping", "nope.toml"), "nope.toml: cannot be read"),
    ],
)
def test_options_that_cannot_be(cli, ecgs, tmp_path, arguments, fault):
    refused = cli("store", "create", ecgs, arguments[0], tmp_path / "store", *arguments[1:])
    assert refused.code == 2
    assert fault in refused.fault
    assert not (tmp_path / "store").exists()
