"""How soon a critical result must be known: the categories, which categories.json names."""

import json
from enum import StrEnum
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

SHIPPED = Path(__file__).with_name("categories.json")


class Category(StrEnum):
    """ACR categories 1, 2 and 3; the source stands in categories.json."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"


class BothLanguages(BaseModel):
    model_config = ConfigDict(frozen=True)

    en: str
    zh: str

    @property
    def both(self) -> str:
        return f"{self.zh} {self.en}"


class CategoryWords(BaseModel):
    """What a category is called, and examples of what belongs in it."""

    model_config = ConfigDict(frozen=True)

    code: Category
    title: BothLanguages
    examples: BothLanguages


class Categories(BaseModel):
    source: str
    categories: tuple[CategoryWords, ...]


@cache
def shipped_categories() -> Categories:
    return Categories.model_validate(json.loads(SHIPPED.read_text()))


def title_of(category: Category) -> BothLanguages:
    return next(one.title for one in shipped_categories().categories if one.code is category)
