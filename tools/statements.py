"""The table of statements with their codes, made from the tables at hand, and docs/statements.md made of it.

    python tools/statements.py SCP_STATEMENTS CHALLENGE_SNOMED

SCP_STATEMENTS is PTB-XL's scp_statements.csv (AHA, aECG, CDISC and DICOM's former SNOMED RT codes), CHALLENGE_SNOMED
the table of diagnoses of the PhysioNet/CinC Challenges 2020 and 2021 (SNOMED CT), and DICOM's context groups come from
pydicom's code dictionary. No code is written here: `MAPPED` says by name which entry of those tables a statement is,
and how exactly.
"""

import argparse
import csv
from pathlib import Path
from typing import Any, NamedTuple

from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

from twelvelead.files import replacing
from twelvelead.weights.statements import COLUMNS, FILE, load_statements

DOCS = Path(__file__).resolve().parents[1] / "docs" / "statements.md"
GROUPS = (3230, 3677)
"""ECG Findings, and Summary Codes ECG."""


class Mapped(NamedTuple):
    """Which entries a statement is.

    Attributes:
        challenge: description in the Challenge's table; "" for none.
        relation: of that code to the statement: "same", "wider" or "narrower".
        dicom: keyword in pydicom's dictionary; "" for none.
        dicom_relation: of that code.
    """

    challenge: str = ""
    relation: str = ""
    dicom: str = ""
    dicom_relation: str = ""


MAPPED = {
    "NDT": Mapped("t wave abnormal", "wider"),
    "NST_": Mapped("s t changes", "wider", "NonspecificSTTAbnormality", "wider"),
    "LNGQT": Mapped("prolonged qt interval", "same"),
    "NORM": Mapped(dicom="ECGNormal", dicom_relation="same"),
    "IMI": Mapped("myocardial infarction", "wider"),
    "ASMI": Mapped("myocardial infarction", "wider"),
    "LVH": Mapped("left ventricular hypertrophy", "same"),
    "LAFB": Mapped("left anterior fascicular block", "same", "LeftAnteriorFascicularBlock", "same"),
    "ISC_": Mapped("myocardial ischemia", "wider"),
    "IRBBB": Mapped("incomplete right bundle branch block", "same", "IncompleteRightBundleBranchBlock", "same"),
    "1AVB": Mapped("1st degree av block", "same", "FirstDegreeAtrioventricularBlock", "same"),
    "IVCD": Mapped(
        "nonspecific intraventricular conduction disorder", "same", "IntraventricularConductionDisturbance", "wider"
    ),
    "ISCAL": Mapped("myocardial ischemia", "wider"),
    "CRBBB": Mapped("complete right bundle branch block", "same", "RightBundleBranchBlock", "wider"),
    "CLBBB": Mapped("left bundle branch block", "wider", "LeftBundleBranchBlock", "wider"),
    "ILMI": Mapped("myocardial infarction", "wider"),
    "LAO/LAE": Mapped("left atrial enlargement", "same"),
    "AMI": Mapped("myocardial infarction", "wider"),
    "ALMI": Mapped("myocardial infarction", "wider"),
    "ISCIN": Mapped("inferior ischaemia", "same"),
    "LMI": Mapped("myocardial infarction", "wider"),
    "ISCIL": Mapped("myocardial ischemia", "wider"),
    "LPFB": Mapped("left posterior fascicular block", "same", "LeftPosteriorFascicularBlock", "same"),
    "ISCAS": Mapped("myocardial ischemia", "wider"),
    "ISCLA": Mapped("lateral ischaemia", "same"),
    "RVH": Mapped("right ventricular hypertrophy", "same"),
    "RAO/RAE": Mapped("right atrial abnormality", "wider"),
    "WPW": Mapped("wolff parkinson white pattern", "same", "VentricularPreExcitation", "wider"),
    "ILBBB": Mapped("incomplete left bundle branch block", "same", "IncompleteLeftBundleBranchBlock", "same"),
    "IPLMI": Mapped("myocardial infarction", "wider"),
    "ISCAN": Mapped("anterior ischemia", "same"),
    "IPMI": Mapped("myocardial infarction", "wider"),
    "SEHYP": Mapped("ventricular hypertrophy", "wider"),
    "PMI": Mapped("myocardial infarction", "wider"),
    "3AVB": Mapped("complete heart block", "same", "ThirdDegreeAtrioventricularBlock", "same"),
    "2AVB": Mapped("2nd degree av block", "same", "SecondDegreeAtrioventricularBlock", "same"),
    "ABQRS": Mapped("ECG: QRS complex abnormal", "same"),
    "PVC": Mapped("premature ventricular contractions", "same", "VentricularPrematureContraction", "same"),
    "STD_": Mapped("st depression", "wider", "STSegmentDepression", "wider"),
    "QWAVE": Mapped("qwave abnormal", "narrower"),
    "LOWT": Mapped("t wave abnormal", "wider"),
    "NT_": Mapped("t wave abnormal", "wider"),
    "PAC": Mapped("premature atrial contraction", "same", "AtrialPrematureContraction", "same"),
    "LPR": Mapped("Prolonged PR interval", "same"),
    "INVT": Mapped("t wave inversion", "same"),
    "LVOLT": Mapped("low qrs voltages", "same"),
    "TAB_": Mapped("t wave abnormal", "same"),
    "STE_": Mapped("st elevation", "wider", "STSegmentElevation", "wider"),
    "SR": Mapped("sinus rhythm", "same"),
    "AFIB": Mapped("atrial fibrillation", "same", "AtrialFibrillation", "same"),
    "STACH": Mapped("sinus tachycardia", "same"),
    "SARRH": Mapped("sinus arrhythmia", "same"),
    "SBRAD": Mapped("sinus bradycardia", "same"),
    "PACE": Mapped("pacing rhythm", "wider"),
    "SVARR": Mapped("Cardiac arrhythmia", "wider"),
    "AFLT": Mapped("atrial flutter", "same"),
    "SVTAC": Mapped("supraventricular tachycardia", "same", "SupraventricularTachycardia", "same"),
    "PSVT": Mapped("paroxysmal supraventricular tachycardia", "same", "SupraventricularTachycardia", "wider"),
}
"""Statement -> its entries. Those that are not here have none: the tables have no entry for them, or (BIGU, TRIGU) only
entries that name an origin which the statement leaves open, or (VCLVH) one that means the disease, not the voltage.
AMI and ASMI have the code of any infarction: what the Challenge calls "anterior myocardial infarction", 54329005, is an
acute one in SNOMED CT, and the statements leave the age open."""

HEAD = """\
# Statements and their codes

<!-- made by `python tools/statements.py` from tables at hand; do not edit -->

The 71 statements of PTB-XL with the codes that public tables have for them. AHA, aECG (HL7, IEEE 11073 reference ids),
CDISC and SNOMED RT codes (DICOM's former ones) are PTB-XL's own (`scp_statements.csv`, Wagner et al. 2020, CC BY 4.0).
SNOMED CT codes are those of the PhysioNet/CinC Challenges 2020 and 2021 (Reyna et al. 2021), in which PTB-XL took part.
DICOM codes are of CID 3230 *ECG Findings* and CID 3677 *Summary Codes, ECG*, from pydicom's dictionary; they are SNOMED
CT too, and where they differ from the Challenge's, both stand as their tables have them. SNOMED CT is licensed by
SNOMED International; whoever sends its codes needs their licence.

A code that means more than the statement is marked *wider*, one that means less *narrower*. `AMI` and `ASMI` have the
code of any infarction: 54329005, which the Challenges call anterior myocardial infarction, is an acute one in SNOMED
CT, and the statements leave the age open. No code was written from memory: an empty cell says that none of these tables
has one. The superclasses NORM, MI, STTC, CD and HYP have no code of anybody else's, since none means the same; they are
ours (`twelvelead:MI`).

| statement | | kind | SNOMED CT | DICOM | aECG | AHA | CDISC | SNOMED RT |
|---|---|---|---|---|---|---|---|---|
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("statements", type=Path)
    parser.add_argument("challenge", type=Path)
    options = parser.parse_args()
    write_table(options.statements, options.challenge, FILE)
    with replacing(DOCS) as partial:
        partial.write_text(page(), encoding="utf-8")


def write_table(statements: Path, challenge: Path, dest: Path) -> None:
    """Write the table of codes.

    Raises:
        KeyError: an entry that `MAPPED` names is not in its table.
    """
    with challenge.open(newline="", encoding="utf-8") as stream:
        snomed = {row["description"].strip(): row["snomed_ct"] for row in csv.DictReader(stream)}
    with statements.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    with replacing(dest) as partial, partial.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            mapped = MAPPED.get(row[""], Mapped())
            writer.writerow(
                {
                    "statement": row[""],
                    "description": row["description"],
                    "kinds": " ".join(kind for kind in ("diagnostic", "form", "rhythm") if row[kind]),
                    "superclass": row["diagnostic_class"],
                    "subclass": row["diagnostic_subclass"],
                    "snomed": snomed[mapped.challenge] if mapped.challenge else "",
                    "snomed_relation": mapped.relation,
                    "dicom": dicom_code(mapped.dicom) if mapped.dicom else "",
                    "dicom_relation": mapped.dicom_relation,
                    "aecg": row["aECG REFID"],
                    "aha": row["AHA code"],
                    "cdisc": row["CDISC Code"],
                    "snomed_rt": row["DICOM Code"],
                }
            )


def dicom_code(keyword: str) -> str:
    """SNOMED CT code of a keyword of the context groups.

    Raises:
        KeyError: none of `GROUPS` has it.
    """
    if not any(keyword in cid_concepts[group].get("SCT", ()) for group in GROUPS):
        raise KeyError(keyword)
    entry: Any = concepts["SCT"][keyword]
    (code,) = entry
    return str(code)


def page() -> str:
    """docs/statements.md."""
    statements = load_statements()
    rows = [
        " | ".join(
            (
                f"| `{one.statement}`",
                one.description,
                ", ".join(one.kinds),
                _marked(one.snomed, one.snomed_relation),
                _marked(one.dicom, one.dicom_relation),
                one.aecg,
                one.aha,
                one.cdisc,
                f"{one.snomed_rt} |",
            )
        )
        for one in statements
    ]
    lacking = [f"`{one.statement}`" for one in statements if not (one.snomed or one.dicom or one.aecg or one.aha)]
    return HEAD + "\n".join(rows) + f"\n\nWithout any code: {', '.join(lacking)}.\n"


def _marked(code: str, relation: str) -> str:
    return f"{code} ({relation})" if relation not in ("", "same") else code


if __name__ == "__main__":
    main()
