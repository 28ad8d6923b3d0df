"""An interpretation in a notebook: the table and the page, as HTML without scripts."""

from base64 import b64encode
from html import escape

from twelvelead.ecg import paper
from twelvelead.inference.interpretation import NOTICE, Interpretation
from twelvelead.inference.shown import show_class, show_probability, show_spread
from twelvelead.output.picture import draw_answer
from twelvelead.output.words import LEAVE
from twelvelead.reading.compose import compose


def render_html(interpretation: Interpretation) -> str:
    """What is grave, the reading, the table of classes, and the page as a picture.

    Nothing about the patient but age and sex is in it, unless the recording was read with `identify=True`.
    """
    grave = "".join(
        f"<p><strong>{escape(finding.message)}</strong></p>" for finding in interpretation.findings if finding.grave
    )
    rows = "".join(
        f"<tr><td>{escape(show_class(result.name))}</td><td>{escape(show_probability(result.probability))}"
        f"{'' if result.spread is None else f' {escape(show_spread(result.spread))}'}</td>"
        f"<td>{escape(result.decision)}</td><td>{result.threshold:.2f}</td></tr>"
        for result in interpretation.classes
    )
    reading = compose(interpretation)
    cautions = "".join(f"<p>{escape(caution.text)}</p>" for caution in reading.cautions)
    leave = f"<p>{escape(LEAVE)}</p>" if interpretation.abstains else ""
    page = b64encode(paper.encode(draw_answer(interpretation), "png")).decode()
    return (
        f"<div>{grave}<p><strong>{escape(reading.conclusion.text)} {escape(reading.urgency.text)}</strong></p>"
        f"<p>{escape(reading.findings)}</p>{cautions}{leave}"
        "<table><thead><tr><th>class</th><th>probability</th><th>decision</th><th>from</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
        f'<img alt="the ECG on paper, with the answer" style="max-width: 100%" src="data:image/png;base64,{page}">'
        f"<p>{escape(NOTICE)}</p></div>"
    )
