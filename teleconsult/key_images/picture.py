"""How the picture of a key image is drawn."""

from teleconsult.dicomweb.rendered import Rendering
from teleconsult.key_images.key_image import KeyImage


def as_marked(one: KeyImage, size_px: int) -> Rendering:
    """Its frame, in the window and lying as it was marked; `size_px` is the longer side, at most."""
    window, turn = one.window, one.turn
    return Rendering(
        frame=one.frame,
        size_px=size_px,
        media_type="image/jpeg",
        window=(window.center, window.width) if window else None,
        invert=one.invert if window else None,
        rotation=turn.rotation if turn else 0,
        flip=turn.flip if turn else False,
    )
