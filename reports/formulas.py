"""What a spreadsheet would take a text for: a formula, or the next cell; in Japan the wide forms of the signs too."""

STARTS = tuple("=+-@|\t\r\n＝＋－＠")


def marked_as_text(text: str) -> str:
    """The text, behind the mark that has a spreadsheet take it as it is where it would not."""
    return f"'{text}" if text.startswith(STARTS) else text
