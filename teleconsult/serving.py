"""What uvicorn serves: the application, made without looking for garbage.

All that is imported stays. To look through it again and again while it grows is a fifth of the time until
the first answer.
"""

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI


def create_app() -> "FastAPI":
    gc.disable()
    try:
        from teleconsult.app import create_app as create

        return create()
    finally:
        gc.freeze()
        gc.enable()
