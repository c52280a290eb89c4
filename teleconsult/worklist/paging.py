"""How lists are read page by page: the parameters, alike wherever a list is."""

from typing import Annotated, Final

from fastapi import Query

PAGE: Final = 50
LISTED_AT_MOST: Final = 200

After = Annotated[str | None, Query(max_length=400)]  # `next` of the page before
Limit = Annotated[int, Query(ge=1, le=LISTED_AT_MOST)]
