"""National IDs (身分證統一編號、居留證號): form and checksum, over a whole column.

Source: format 1.0, "National ID".
"""

import polars as pl

#: The number that a letter stands for; published with the format.
LETTER_NUMBERS = {
    "A": 10, "B": 11, "C": 12, "D": 13, "E": 14, "F": 15, "G": 16, "H": 17, "I": 34, "J": 18, "K": 19, "L": 20, "M": 21,
    "N": 22, "O": 35, "P": 23, "Q": 24, "R": 25, "S": 26, "T": 27, "U": 28, "V": 29, "W": 32, "X": 30, "Y": 31, "Z": 33,
}  # fmt: skip
#: What the first letter adds to the weighted sum: its number's digits weigh 1 and 9.
_FIRST = {letter: number // 10 + number % 10 * 9 for letter, number in LETTER_NUMBERS.items()}
#: The second character: a digit, or in the old resident form the last digit of the letter's number.
_SECOND = {**{digit: int(digit) for digit in "1289"}, **{letter: LETTER_NUMBERS[letter] % 10 for letter in "ABCD"}}
#: Of the third to the tenth character; the second weighs 8.
REST_WEIGHTS = (7, 6, 5, 4, 3, 2, 1, 1)
_FORM = r"^[A-Z][1289A-D][0-9]{8}$"


def is_valid(person_id: pl.Expr) -> pl.Expr:
    """Whether each text is a national ID of one of the three forms with a right checksum."""
    rest = person_id.str.slice(2, 8).cast(pl.Int64, strict=False)
    total = (
        person_id.str.slice(0, 1).replace_strict(_FIRST, default=None, return_dtype=pl.Int64)
        + person_id.str.slice(1, 1).replace_strict(_SECOND, default=None, return_dtype=pl.Int64) * 8
    )
    for place, weight in enumerate(REST_WEIGHTS):
        total += rest // 10 ** (7 - place) % 10 * weight
    return (person_id.str.contains(_FORM) & (total % 10 == 0)).fill_null(value=False)
