"""Which letters are Chinese."""

FIRST_CHINESE = "\u2e80"  # CJK Radicals Supplement; everything that is written in Chinese comes after it


def is_chinese(letter: str) -> bool:
    return letter >= FIRST_CHINESE
