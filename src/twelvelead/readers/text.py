"""Numbers and text as files write them."""

from math import isfinite


def number(written: str) -> float | None:
    """A finite number, with a decimal point or comma; None where the text is none."""
    if written.count(",") == 1 and "." not in written:
        written = written.replace(",", ".")
    try:
        # float() takes the underscores of Python's own literals
        value = float(written if "_" not in written else "none")
    except ValueError:
        return None
    return value if isfinite(value) else None


def decode(content: bytes) -> str:
    """The text that bytes stand for: UTF-16 or UTF-8 by their mark or by what they hold, else Latin-1; no error is
    raised at an end that cuts a character in two."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "ignore")
    sample = content[:400]
    # every second byte of Latin text in UTF-16 is zero
    if len(sample) >= 8 and sample.count(0) >= len(sample) // 3:
        for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            if not sample[1 - first :: 2].count(0):
                return content.decode(encoding, "ignore")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
