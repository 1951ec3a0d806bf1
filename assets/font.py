"""The Chinese font that is shipped: charts and PDF are set in it, and pages where the reader has none."""

from pathlib import Path

#: The characters of Big5 and of the platform's own texts, of Noto Sans CJK TC; its licence lies beside it.
FONT = Path(__file__).parent / "fonts" / "AttendanceSansTC-Regular.otf"
