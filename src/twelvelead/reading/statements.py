"""What a reading needs to know of the statements: where each is said, what covers it, what excludes it."""

SECTIONS: dict[str, tuple[str, ...]] = {
    "rhythm": (
        "PACE", "SR", "STACH", "SBRAD", "SARRH", "AFIB", "AFLT", "PSVT", "SVTAC", "SVARR",
    ),
    "conduction": (
        "3AVB", "2AVB", "1AVB", "LPR", "WPW", "CLBBB", "ILBBB", "CRBBB", "IRBBB", "IVCD", "LAFB", "LPFB", "ABQRS",
    ),
    "axis": (),
    "intervals": ("LNGQT",),
    "infarction": (
        "INJAS", "INJAL", "INJLA", "INJIL", "INJIN",
        "ASMI", "AMI", "ALMI", "LMI", "ILMI", "IMI", "IPLMI", "IPMI", "PMI", "QWAVE",
    ),
    "st_t": (
        "STE_", "STD_", "ISCAS", "ISCAN", "ISCAL", "ISCLA", "ISCIL", "ISCIN", "ISC_", "ANEUR", "INVT", "LOWT", "NST_",
        "NDT", "NT_", "TAB_", "DIG", "EL",
    ),
    "hypertrophy": ("LVH", "RVH", "SEHYP", "LAO/LAE", "RAO/RAE", "VCLVH", "HVOLT", "LVOLT"),
    "ectopy": ("BIGU", "TRIGU", "PVC", "PAC", "PRC(S)"),
    "other": (),
}  # fmt: skip
"""Section -> the statements that are said there, in this order. `NORM` is said in the conclusion; "other" is for
classes that are not PTB-XL's."""

SITES: dict[str, dict[str, str]] = {
    "injury": {
        "INJAS": "anteroseptal",
        "INJAL": "anterolateral",
        "INJLA": "lateral",
        "INJIL": "inferolateral",
        "INJIN": "inferior",
    },
    "infarction": {
        "ASMI": "anteroseptal",
        "AMI": "anterior",
        "ALMI": "anterolateral",
        "LMI": "lateral",
        "ILMI": "inferolateral",
        "IMI": "inferior",
        "IPLMI": "inferoposterolateral",
        "IPMI": "inferoposterior",
        "PMI": "posterior",
    },
    "ischaemia": {
        "ISCAS": "anteroseptal",
        "ISCAN": "anterior",
        "ISCAL": "anterolateral",
        "ISCLA": "lateral",
        "ISCIL": "inferolateral",
        "ISCIN": "inferior",
    },
}
"""Families whose statements are one sentence with their sites: family -> statement -> site."""

INFARCTIONS, INJURIES = tuple(SITES["infarction"]), tuple(SITES["injury"])
ISCHAEMIAS = (*SITES["ischaemia"], "ISC_")
MASKED = tuple(dict.fromkeys((*INFARCTIONS, "QWAVE", *INJURIES, *SECTIONS["st_t"], "MI", "STTC")))
"""Statements and classes on infarction, ST segment and T wave, which an abnormal activation of the ventricles imitates
or hides."""

_CONDUCTION = ("WPW", "CLBBB", "ILBBB", "CRBBB", "IRBBB", "IVCD")

COVERS: dict[str, tuple[str, ...]] = {
    "SR": ("STACH", "SBRAD", "SARRH"),
    "SVTAC": ("PSVT",),
    "SVARR": ("AFIB", "AFLT", "PSVT", "SVTAC"),
    "LPR": ("1AVB",),
    "ABQRS": ("PACE", *_CONDUCTION, *INFARCTIONS, "QWAVE"),
    "QWAVE": INFARCTIONS,
    "AMI": ("ASMI", "ALMI"),
    "LMI": ("ALMI", "ILMI", "IPLMI"),
    "IMI": ("ILMI", "IPMI", "IPLMI"),
    "ILMI": ("IPLMI",),
    "IPMI": ("IPLMI",),
    "PMI": ("IPMI", "IPLMI"),
    "INJLA": ("INJAL", "INJIL"),
    "INJIN": ("INJIL",),
    "ISC_": tuple(SITES["ischaemia"]),
    "ISCAN": ("ISCAS", "ISCAL"),
    "ISCLA": ("ISCAL", "ISCIL"),
    "ISCIN": ("ISCIL",),
    "NST_": ("STE_", "STD_", *ISCHAEMIAS),
    "NDT": ("INVT", "LOWT", *ISCHAEMIAS),
    "NT_": ("INVT", "LOWT", "NDT"),
    "TAB_": ("INVT", "LOWT", "NDT", "NT_"),
    "VCLVH": ("LVH",),
    "HVOLT": ("VCLVH", "LVH"),
    "PRC(S)": ("BIGU", "TRIGU", "PVC", "PAC"),
}
"""A general statement -> the specific ones of which it says no more. Where one of these is said as surely, the general
one has no sentence of its own; its probability stands with theirs."""

EXCLUSIVE: tuple[tuple[frozenset[str], ...], ...] = (
    (
        frozenset({"SR", "STACH", "SBRAD", "SARRH"}),
        frozenset({"AFIB"}),
        frozenset({"AFLT"}),
        frozenset({"PSVT", "SVTAC"}),
    ),
    (frozenset({"STACH"}), frozenset({"SBRAD"})),
    (frozenset({"1AVB", "LPR"}), frozenset({"2AVB"}), frozenset({"3AVB"})),
    (frozenset({"AFIB", "AFLT"}), frozenset({"1AVB", "LPR"})),
    (frozenset({"AFIB"}), frozenset({"2AVB"})),
    (frozenset({"WPW"}), frozenset({"1AVB", "LPR"})),
    (frozenset({"CLBBB"}), frozenset({"ILBBB"}), frozenset({"CRBBB"}), frozenset({"IRBBB"}), frozenset({"IVCD"})),
    (frozenset({"LAFB"}), frozenset({"LPFB"})),
    (frozenset({"LVOLT"}), frozenset({"HVOLT", "VCLVH"})),
    (frozenset({"BIGU"}), frozenset({"TRIGU"})),
)
"""Groups of alternatives of which at most one can be true."""

MEASURED_WITH = {
    "1AVB": "pr_ms",
    "LPR": "pr_ms",
    "WPW": "pr_ms",
    "CLBBB": "qrs_ms",
    "ILBBB": "qrs_ms",
    "CRBBB": "qrs_ms",
    "IRBBB": "qrs_ms",
    "IVCD": "qrs_ms",
    "LNGQT": "qtc_fridericia_ms",
}
"""Statement -> the measurement that stands in brackets behind it."""

NORMAL = frozenset({"NORM", "SR", "SARRH"})
"""Statements that leave an ECG normal."""

BORDERLINE = frozenset(
    {
        "STACH", "SBRAD", "1AVB", "LPR", "IRBBB", "PAC", "PRC(S)", "NDT", "NST_", "NT_", "TAB_", "LOWT",
        "VCLVH", "HVOLT", "LVOLT", "ABQRS",
    }
)  # fmt: skip
"""Statements that alone make it borderline; with any other it is abnormal. The choice is ours."""

CLASS_SECTIONS = {"MI": "infarction", "STTC": "st_t", "CD": "conduction", "HYP": "hypertrophy"}
"""PTB-XL's superclass -> the section where it is said."""
