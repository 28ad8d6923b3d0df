"""An image on a page, drawn pixel by pixel."""

from typing import Any

import numpy as np
from matplotlib.image import AxesImage
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray


class Pixels(AxesImage):
    """An RGB image of squares. Resampling to the page, as every other image is, makes copies of it in floating point
    that take more memory than all the rest of the page.

    Args:
        axes: that it lies on, in mm, y downwards.
        image: [y, x, 3] uint8, y downwards.
        extent: left, right, bottom and top, mm.
    """

    def __init__(self, axes: Any, image: NDArray[np.uint8], extent: tuple[float, float, float, float]) -> None:
        super().__init__(axes, interpolation="none", extent=extent, zorder=0.5)
        self.set_data(image)
        self._image = image
        self._corners = [(extent[0], extent[2]), (extent[1], extent[3])]

    def make_image(self, renderer: Any, magnification: float = 1.0, unsampled: bool = False) -> Any:
        """What the canvas takes: [y, x, 4] uint8, y upwards, where its lower left corner lies, and no more to do."""
        if unsampled:
            return super().make_image(renderer, magnification, unsampled)
        lower, upper = np.rint(self.get_transform().transform(self._corners)).astype(int)
        columns, rows = (
            (np.arange(size) + 0.5) * held // size
            for size, held in zip(upper - lower, self._image.shape[1::-1], strict=True)
        )
        pixels = np.full((len(rows), len(columns), 4), 255, np.uint8)
        pixels[:, :, :3] = self._image[::-1][rows.astype(int)[:, None], columns.astype(int)]
        return pixels, float(lower[0]), float(lower[1]), Affine2D()
