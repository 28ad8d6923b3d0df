"""The guidelines and papers that rules stand on."""

SOURCES = {
    "gate": ("the quality gate of this package, docs/quality.md", ""),
    "part3": (
        "AHA/ACCF/HRS Recommendations for the Standardization and Interpretation of the Electrocardiogram, "
        "Part III: Intraventricular Conduction Disturbances, 2009",
        "10.1016/j.jacc.2008.12.013",
    ),
    "part4": (
        "the same, Part IV: The ST Segment, T and U Waves, and the QT Interval, 2009",
        "10.1016/j.jacc.2008.12.014",
    ),
    "part5": (
        "the same, Part V: Electrocardiogram Changes Associated With Cardiac Chamber Hypertrophy, 2009",
        "10.1016/j.jacc.2008.12.015",
    ),
    "part6": ("the same, Part VI: Acute Ischemia/Infarction, 2009", "10.1016/j.jacc.2008.12.016"),
    "infarction": (
        "ESC/ACC/AHA/WHF, Fourth Universal Definition of Myocardial Infarction, 2018",
        "10.1161/CIR.0000000000000617",
    ),
    "acs": ("ESC Guidelines for the management of acute coronary syndromes, 2023", "10.1093/eurheartj/ehad191"),
    "svt": (
        "ESC Guidelines for the management of patients with supraventricular tachycardia, 2019",
        "10.1093/eurheartj/ehz467",
    ),
    "af": ("ESC Guidelines for the management of atrial fibrillation, 2024", "10.1093/eurheartj/ehae176"),
    "race2": (
        "Van Gelder et al., Lenient versus strict rate control in patients with atrial fibrillation, 2010",
        "10.1056/NEJMoa1001337",
    ),
    "bradycardia": (
        "ACC/AHA/HRS Guideline on the evaluation and management of patients with bradycardia and cardiac conduction "
        "delay, 2018",
        "10.1016/j.jacc.2018.10.044",
    ),
    "pacing": (
        "ESC Guidelines on cardiac pacing and cardiac resynchronization therapy, 2021",
        "10.1093/eurheartj/ehab364",
    ),
    "als": ("European Resuscitation Council Guidelines 2021: Adult advanced life support", ""),
    "torsade": (
        "AHA/ACCF, Prevention of Torsade de Pointes in Hospital Settings, 2010",
        "10.1161/CIRCULATIONAHA.109.192704",
    ),
    "misread": (
        "Bae et al., Erroneous computer electrocardiogram interpretation of atrial fibrillation and its clinical "
        "consequences, 2012",
        "10.1002/clc.22000",
    ),
    "overread": (
        "Bogun et al., Misdiagnosis of atrial fibrillation and its clinical consequences, 2004",
        "10.1016/j.amjmed.2004.06.024",
    ),
}
"""Key -> (title and year, DOI or "")."""
