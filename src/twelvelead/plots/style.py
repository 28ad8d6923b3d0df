"""How the figures of an evaluation look, and their way into a file."""

import os
from io import BytesIO
from typing import TYPE_CHECKING

from twelvelead.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

INK, QUIET, BLUE, ORANGE, LIGHT = "#1f2933", "#6b7785", "#1f6fb2", "#d1662b", "#e3e8ee"
COLOURS = (BLUE, ORANGE, "#2e8b57", "#8a56ac")


def new_figure(width: float, height: float, layout: str | None = "constrained", dpi: int = 150) -> "Figure":
    """An empty figure in inches with its own Agg canvas, without pyplot and so safe in threads."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=dpi, layout=layout, facecolor="white")  # type: ignore[arg-type]
    FigureCanvasAgg(figure)
    return figure


def plain(axes: "Axes") -> None:
    """Two quiet spines, small quiet ticks."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)
    axes.tick_params(which="both", colors=INK, labelsize=7, length=2.5)


def save_png(figure: "Figure", path: str | os.PathLike[str]) -> None:
    """Write the figure as PNG, whole or not at all."""
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": "twelvelead"})


def svg(figure: "Figure", part: "Bbox | None" = None) -> bytes:
    """The figure, or a part of it in inches, as SVG, its text as outlines; the same figure gives the same bytes."""
    from matplotlib import rc_context

    buffer = BytesIO()
    with rc_context({"svg.hashsalt": "twelvelead", "svg.fonttype": "path", "path.simplify_threshold": 0.2}):
        figure.savefig(buffer, format="svg", bbox_inches=part, metadata={"Date": None, "Creator": "twelvelead"})
    return buffer.getvalue()
