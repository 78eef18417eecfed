"""Number formats in the language of the user's Excel.

``NumberFormat`` is documented to take US codes, but for calls from outside Excel takes them in
the user's language or not, as the case may be: in a German Excel ``yyyy-mm-dd`` then shows just
these letters. ``NumberFormatLocal`` is always in the user's language, whose codes Excel tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from xlwings.constants import ApplicationInternational as Codes

GENERAL = "General"
CODES = {
    ".": Codes.xlDecimalSeparator,
    ",": Codes.xlThousandsSeparator,
    "y": Codes.xlYearCode,
    "m": Codes.xlMonthCode,
    "d": Codes.xlDayCode,
}


@dataclass(frozen=True)
class NumberFormats:
    """Sets number formats; ``codes`` has the user's codes by the US ones.

    Without codes (Excel told none) US formats are given as they are.
    """

    codes: Mapping[str, str] = field(default_factory=dict)
    general: str = GENERAL

    def put(self, target: Any, number_format: str) -> None:
        """Give cells or the labels of an axis a number format in US codes."""
        if self.codes:
            target.NumberFormatLocal = self.local(number_format)
        else:
            target.NumberFormat = number_format

    def local(self, number_format: str) -> str:
        """A format of digits and dates, without literal text, in the user's codes.

        >>> german = NumberFormats({".": ",", ",": ".", "y": "J", "m": "M", "d": "T"}, "Standard")
        >>> german.local("#,##0.00"), german.local("yyyy-mm-dd"), german.local("General")
        ('#.##0,00', 'JJJJ-MM-TT', 'Standard')
        """
        if number_format == GENERAL:
            return self.general
        return "".join(self.codes.get(letter, letter) for letter in number_format)


def formats_of(application: Any) -> NumberFormats:
    """The number formats of this Excel."""
    try:
        told = application.International  # all of them, in the order of their numbers
        codes = {us: str(told[code - 1]) for us, code in CODES.items()}
        general = str(told[Codes.xlGeneralFormatName - 1])
    except (IndexError, TypeError):
        return NumberFormats()
    letters = all(codes[us].isalpha() for us in "ymd") and general.isalpha()
    marks = not any(codes[us].isalnum() for us in ".,")
    single = all(len(code) == 1 for code in codes.values())
    return NumberFormats(codes, general) if letters and marks and single else NumberFormats()
