import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twelvelead.data.create import create
from twelvelead.data.label_codes import codes_of
from twelvelead.data.mapping import normalised
from twelvelead.data.mapping_file import read_mapping, shipped_mappings
from twelvelead.data.ptbxl.statements import SUPERCLASSES
from twelvelead.data.store import Store
from twelvelead.data.tasks import labels
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.readers.wfdb import read_header
from twelvelead.weights.statements import load_statements

SMALL = """code,statement,class,normal,note
1,SR,,yes,
2,AFIB,,,
3,,MI,,the site is not told
4,ISCAL;ISC_,,,
5,,,,no statement
6,INVT,STTC,,
"""


@pytest.fixture
def mapping(tmp_path):
    path = tmp_path / "small.csv"
    path.write_text(SMALL)
    return path


@pytest.fixture
def source(tmp_path, write_record):
    """Records 7, 3, 12 and 20 with codes of the mapping, and what else a header may say."""
    folder = tmp_path / "ecgs"
    rng = np.random.default_rng(0)
    said = {
        "7": "#Age: 63\n#Sex: Female\n#Dx: 1\n#Rx: Unknown\n",
        "3": "# Age: NaN\n# Sex: Male\n# Dx: 2, 3 ,99\n",
        "12": "#Dx: 1,5\n",
        "20": "#<age>: 44\n#<sex>: M\n#<diagnoses>:\n# 4.\n#6. \n",
    }
    for name, comments in said.items():
        write_record(folder / name, rng.integers(-2000, 2000, (1000, 12), dtype=np.int16))
        with (folder / f"{name}.hea").open("a") as stream:
            stream.write(comments)
    return folder


def present(store, task):
    """Record -> the classes that its labels of the task have."""
    found = labels(store, task, "keep")
    return {
        int(number): {name for name, there in zip(found.classes, row, strict=True) if there}
        for number, row in zip(store.column("ecg_id"), found.values, strict=True)
    }


def test_headers_and_a_mapping_make_a_store(source, mapping, tmp_path):
    made = create(source, mapping, tmp_path / "store", rate=100)
    store = Store.open(tmp_path / "store")
    assert made.bad == ()
    assert sorted(store.column("ecg_id").tolist()) == [3, 7, 12, 20]
    assert set(store.column("fold").tolist()) == {1}
    age = dict(zip(store.column("ecg_id").tolist(), store.features.tolist(), strict=True))
    assert age[7] == [63, 1]
    assert age[20] == [44, 0]
    assert np.isnan(age[3][0])
    assert age[3][1] == 0
    assert np.isnan(age[12]).all()
    assert present(store, "superclass") == {7: {"NORM"}, 3: {"MI"}, 12: set(), 20: {"STTC"}}
    assert present(store, "all") == {7: {"NORM", "SR"}, 3: {"AFIB"}, 12: {"SR"}, 20: {"ISCAL", "ISC_", "INVT"}}
    assert store.source == "ecgs, mapping small"


def test_what_no_code_stands_for_is_no_class(source, mapping, tmp_path):
    made = create(source, mapping, tmp_path / "store", rate=100)
    assert tuple(made.store.tasks["superclass"]) == ("NORM", "MI", "STTC")
    assert made.not_mapped["superclass"] == ("CD", "HYP")
    assert set(made.not_mapped["all"]) | set(made.store.tasks["all"]) == {one.statement for one in load_statements()}
    assert tuple(made.store.tasks["subclass"]) == ("NORM", "ISC_", "ISCA")
    assert tuple(made.store.tasks["rhythm"]) == ("SR", "AFIB")
    assert tuple(made.store.tasks["form"]) == ("INVT",)


def test_a_code_that_is_not_listed_is_told_and_rules_out_normal(source, mapping, tmp_path):
    mapping.write_text("code,statement,normal\n1,SR,yes\n")
    made = create(source, mapping, tmp_path / "store", rate=100)
    assert made.unlisted_codes == {"2": 1, "3": 1, "99": 1, "5": 1, "4": 1, "6": 1}
    assert present(made.store, "superclass")[12] == set()


def test_records_named_by_words_are_numbered_and_folds_can_be_asked_for(source, mapping, tmp_path):
    for suffix in (".hea", ".dat"):
        (source / f"7{suffix}").rename(source / f"E7{suffix}")
    (source / "E7.hea").write_text((source / "E7.hea").read_text().replace("7.dat", "E7.dat"))
    made = create(source, mapping, tmp_path / "store", rate=100, folds=2)
    assert made.store.column("ecg_id").tolist() == [1, 2, 3, 4]
    assert sorted(made.store.column("fold").tolist()) == [1, 1, 2, 2]


def test_a_header_without_a_diagnosis_is_left_out_and_named(source, mapping, tmp_path):
    text = (source / "7.hea").read_text()
    (source / "7.hea").write_text(text.replace("#Dx: 1", "#Dx: Unknown"))
    made = create(source, mapping, tmp_path / "store", rate=100)
    (line,) = made.bad
    assert "7.hea: states no diagnosis" in line
    assert made.unlisted.files == []
    assert len(made.store) == 3


def test_what_cannot_be_made(source, mapping, tmp_path):
    with pytest.raises(TwelveLeadError, match="the mapping small makes PTB-XL's tasks"):
        create(source, mapping, tmp_path / "store", rate=100, task="own")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(Unreadable, match="holds no WFDB header"):
        create(empty, mapping, tmp_path / "store", rate=100)
    for header in source.glob("*.hea"):
        header.write_text("".join(line for line in header.open() if "#" not in line))
    with pytest.raises(Unreadable, match="none of its 4 WFDB headers states a diagnosis"):
        create(source, mapping, tmp_path / "store", rate=100)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("statement,class\nSR,\n", "line 1 lacks a column"),
        ("code,note\n1,word\n", "line 1 lacks a column"),
        ("code,statment,class\n1,SR,\n", "line 1 names the column 'statment'"),
        ("code,statement,statement\n1,SR,SR\n", "line 1 names the column 'statement'"),
        ("code,statement\n1,SR,\n", "line 2 has 3 cells of 2"),
        ("code,statement\n,SR\n", "line 2: code is empty"),
        ("code,statement\n1,SR\n2,AFIBB\n", "line 3: no statement AFIBB; did you mean AFIB"),
        ("code,statement\n1,MI\n", "line 2: no statement MI; it is a class, so write it into the column class"),
        ("code,class\n1,AFIB\n", "line 2: no class AFIB (it is a statement"),
        ("code,class\n1,XYZ\n", "line 2: no class XYZ; choose of NORM, MI, STTC, CD, HYP"),
        ("code,statement\n1,SR\n 1 ,AFIB\n", "line 3: the code 1 stands in line 2 already"),
        ("code,statement\nSinus rhythm,SR\nsinus  rhythm.,SR\n", "line 3: the code sinus  rhythm. stands in line 2"),
        ("code,statement,class\n1,AMI,STTC\n", "contradicts itself: AMI belongs to MI, and the class is STTC"),
        ("code,statement,normal\n1,AMI,yes\n", "contradicts itself: normal, and of the class MI"),
        ("code,statement,normal\n1,SR,maybe\n", "normal is 'maybe'; choose of no, yes"),
        ("code,statement,relation\n1,SR,bigger\n", "relation is 'bigger'"),
        ("code,statement\n1,\n", "maps no code"),
        ("code,statement\n", "maps no code"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_by_line(source, tmp_path, text, fault):
    path = tmp_path / "mapping.csv"
    path.write_text(text)
    with pytest.raises(Unreadable, match=r"mapping\.csv") as caught:
        read_mapping(path)
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mapping_that_is_not_there(tmp_path):
    with pytest.raises(Unreadable, match="no such mapping; name a CSV, or one that ships: challenge, ludb"):
        read_mapping(tmp_path / "absent")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(st.binary(max_size=200) | st.text(alphabet='code,statement\n"SR;MI \r', max_size=200).map(str.encode))
def test_any_file_gives_a_mapping_or_our_error(tmp_path, content):
    path = tmp_path / "mapping.csv"
    path.write_bytes(b"code,statement\n" + content)
    said = ""
    try:
        assert read_mapping(path).labels
    except Unreadable as error:
        said = str(error)
    assert "\n" not in said


@pytest.mark.parametrize(
    ("comments", "codes"),
    [
        (("Dx: 1, 2,1",), ["1", "2"]),
        (("dx:1;2", "Rx: 3"), ["1", "2"]),
        (("Age: 3", "Dx:"), []),
        (("<diagnoses>:", "Rhythm: Sinus rhythm.", "Left ventricular hypertrophy. "), 2),
        (("<age>: 65  <sex>: F  <diagnoses>:", "words"), 1),
        (("Produced by a device", "Age: 3"), []),
    ],
)
def test_codes_of_a_header(comments, codes):
    found = codes_of(comments)
    assert (found if isinstance(codes, list) else len(found)) == codes


@pytest.mark.parametrize("name", shipped_mappings())
def test_a_mapping_that_ships_says_why_what_is_not_mapped_is_not(name):
    shipped = read_mapping(name)
    assert tuple(shipped.tasks()["superclass"]) == SUPERCLASSES
    for meaning in shipped.meanings.values():
        if not meaning.is_mapped:
            assert meaning.note, meaning.code
        elif len(meaning.statements) == 1:
            assert meaning.relation, meaning.code


def test_the_mapping_of_the_challenges_agrees_with_the_codes_of_the_statements():
    meanings = read_mapping("challenge").meanings
    for statement in load_statements():
        if statement.snomed_relation == "same":
            assert statement.statement in meanings[statement.snomed].statements


def test_every_code_of_the_challenges_is_listed(shared_formats):
    table = shared_formats.parent / "codes" / "challenge_snomed.csv"
    if not table.is_file():
        pytest.skip(f"{table} is not there")
    codes = {line.partition(",")[0] for line in table.read_text().splitlines()[1:]}
    assert codes <= read_mapping("challenge").meanings.keys()


def test_every_phrase_of_ludb_is_mapped_or_listed_as_not_mapped(shared_ludb):
    meanings = read_mapping("ludb").meanings
    headers = sorted(shared_ludb.glob("*.hea"))
    assert len(headers) == 100
    for header in headers:
        codes = codes_of(read_header(header).comments)
        assert codes
        assert {normalised(code) for code in codes} <= meanings.keys(), header


def test_two_records_of_the_challenges(shared_formats, tmp_path):
    for file in shared_formats.glob("cinc_*"):
        (tmp_path / file.name).symlink_to(file)
    made = create(tmp_path, "challenge", tmp_path / "store", rate=100)
    assert made.bad == ()
    chapman, georgia = made.store.features.tolist()
    assert chapman == [85, 0]
    assert np.isnan(georgia[0])
    assert georgia[1] == 1
    assert list(present(made.store, "all").values()) == [{"AFIB", "CRBBB", "TAB_"}, {"NORM", "SR"}]
    assert list(present(made.store, "superclass").values()) == [{"CD", "STTC"}, {"NORM"}]
