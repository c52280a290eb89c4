"""The option of commands that says which installation they are about."""

from pathlib import Path
from typing import Annotated

import typer

from teleconsult.settings import REPOSITORY

DataFolder = Annotated[
    Path, typer.Option("--data", help="Folder that holds everything this installation keeps.")
]
DEFAULT_DATA = REPOSITORY / "data"
