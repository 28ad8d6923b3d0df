"""Numbers and words as files write them."""

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


def filters(low: float | None, high: float | None, notch: str = "") -> str | None:
    """Filters of an acquisition in words, as in "0.05-150 Hz, notch 50 Hz"; None where none is known.

    Args:
        low, high: edges of the passband in Hz; None or 0 where unknown.
        notch: frequencies of the notch filter in Hz, as in "50" or "50 and 60"; "" where there is none.
    """
    band = (
        f"{low:g}-{high:g} Hz" if low and high else f"from {low:g} Hz" if low else f"up to {high:g} Hz" if high else ""
    )
    return ", ".join(part for part in (band, f"notch {notch} Hz" if notch else "") if part) or None


def name_of(family: str, given: str, middle: str = "") -> str | None:
    """A name in DICOM's form, family^given^middle; None for nothing."""
    parts = [" ".join(part.split()) for part in (family, given, middle)]
    if any(parts[1:]):
        parts = [part.replace("^", " ") for part in parts]
    return "^".join(parts).rstrip("^") or None  # a family name alone may have been written in this form


def joined(*parts: str) -> str | None:
    """Words with a space between, without those that are empty or said before; None for nothing."""
    said: list[str] = []
    for part in (" ".join(part.split()) for part in parts):
        if part and part.lower() not in " ".join(said).lower():
            said.append(part)
    return " ".join(said) or None


def printable(written: str) -> str | None:
    """Words without control characters and surrounding space; None for nothing."""
    return "".join(character if character.isprintable() else " " for character in written).strip() or None
