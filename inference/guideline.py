"""What the tables of guidelines have in common: a row, its words, and what it advises."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from imaging.finding import Category


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence for users, in English and Chinese."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Advice:
    """What a guideline advises, and for whom where that depends on what images do not tell."""

    text: Words
    applies_to: Words | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` on, and below `below`."""

    low: float = 0.0
    below: float = float("inf")

    def holds(self, value: float) -> bool:
        """Return whether the value lies in it."""
        return self.low <= value < self.below


ANY_SIZE: Final = Range()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a row of a guideline's table says.

    Attributes:
        category: with the row's condition, in English, as its rule.
        condition: likewise in both languages.
        advice: one or more.
    """

    category: Category
    condition: Words
    advice: tuple[Advice, ...]


@dataclass(frozen=True, slots=True)
class Guideline:
    """A guideline with its table.

    Attributes:
        scheme: of its categories' codes.
        applies: for whom it was made.
    """

    scheme: str
    name: Words
    source: str
    applies: Words
    outcomes: tuple[Outcome, ...]

    def outcome_of(self, category: Category) -> Outcome | None:
        """Return the row that gave a category, None where this version of the table has no such row."""
        return next((each for each in self.outcomes if each.category == category), None)


def guideline_of(category: Category, guidelines: Iterable[Guideline]) -> Guideline | None:
    """Return the guideline that a category is of, None if it is of none of these."""
    return next((each for each in guidelines if each.scheme == category.scheme), None)
