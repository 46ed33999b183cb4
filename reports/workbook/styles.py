"""The one style sheet: named styles, number formats per currency."""

from copy import copy
from functools import lru_cache

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side

from recon.money import Currencies

FONT = "Arial"
INK = "FF1F2933"
MUTED = "FF5F6B76"
NAVY = "FF1F3A5F"
RULE = "FFB8C2CC"
# "_)" keeps numbers off the cell's edge.
RATE_FORMAT = "0.00%_)"
COUNT_FORMAT = "#,##0_)"
DAY_FORMAT = "yyyy-mm-dd"
MOMENT_FORMAT = "yyyy-mm-dd hh:mm:ss"

# Where openpyxl keeps a workbook's styles.
_STYLES = (
    "_fonts",
    "_fills",
    "_borders",
    "_alignments",
    "_protections",
    "_number_formats",
    "_named_styles",
    "_cell_styles",
)
_SYMBOLS = {
    "THB": "฿",
    "SGD": "S$",
    "JPY": "¥",
    "MYR": "RM ",
    "USD": "US$",
    "EUR": "€",
    "GBP": "£",
    "KRW": "₩",
}
_HAIR = Border(bottom=Side(style="hair", color=RULE))
_TOP = Border(top=Side(style="thin", color=NAVY))
_THIN = Side(style="thin", color=RULE)
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_LEFT = Alignment(horizontal="left", vertical="top", indent=1)
_RIGHT = Alignment(horizontal="right", vertical="top")
_WRAP = Alignment(horizontal="left", vertical="top", wrap_text=True, indent=1)
_MIDDLE = Alignment(horizontal="left", vertical="center", indent=1)
_CENTRE = Alignment(horizontal="center", vertical="center", wrap_text=True)


def money_style(currency: str) -> str:
    """The name of a currency's style."""
    return f"money {currency}"


def total_money_style(currency: str) -> str:
    """The name of a currency's style in a row of totals."""
    return f"total {money_style(currency)}"


def severity_style(word: str) -> str:
    """The name of a severity's style."""
    return f"severity {word}"


def money_format(currency: str, currencies: Currencies) -> str:
    """The currency's own format: its symbol or code, its decimals, negatives red and with a sign."""
    exponent = currencies.exponent(currency)
    symbol = _SYMBOLS.get(currency, f"{currency} ").replace('"', '""')
    number = "#,##0" + ("." + "0" * exponent if exponent else "") + "_)"
    return f'"{symbol}"{number};[Red]-"{symbol}"{number}'


def register(workbook: Workbook, used: list[str], currencies: Currencies) -> dict[str, int]:
    """Give the workbook every style, and a money style for each used currency that has an exponent; their ids."""
    model, ids = _model(tuple((code, money_format(code, currencies)) for code in used))
    for name in _STYLES:
        theirs = getattr(model, name)
        own = type(theirs)()
        list.extend(own, theirs)  # its own way hashes each anew
        vars(own).update({key: copy(value) for key, value in vars(theirs).items()})
        setattr(workbook, name, own)
    return dict(ids)


@lru_cache(maxsize=16)
def _model(money_formats: tuple[tuple[str, str], ...]) -> tuple[Workbook, dict[str, int]]:
    """A workbook with all styles and their ids, made once: to make them takes a tenth of a small workbook's time."""
    workbook = Workbook()
    normal = workbook._named_styles["Normal"]  # type: ignore[attr-defined]
    normal.font = _font()
    money = (
        _style(money_style(code), number_format=number_format, alignment=_RIGHT, border=_HAIR)
        for code, number_format in money_formats
    )
    cells = (*_cell_styles(), *_severity_styles(), *money)
    totals = (_total(code, number_format) for code, number_format in money_formats)
    for style in (*_page_styles(), *cells, *map(_on_a_page, cells), *totals):
        workbook.add_named_style(style)
    return workbook, style_ids(workbook)


def _total(code: str, number_format: str) -> NamedStyle:
    alignment = Alignment(horizontal="right", vertical="center")
    return _style(
        total_money_style(code), font=_font(bold=True), number_format=number_format, alignment=alignment, border=_TOP
    )


def style_ids(workbook: Workbook) -> dict[str, int]:
    """The id of every named style: what openpyxl will write for a cell that has it."""
    sheet = workbook.create_sheet()
    ids = {}
    for number, name in enumerate(workbook.named_styles, start=1):
        cell = sheet.cell(1, number)
        cell.style = name
        ids[name] = cell.style_id
    workbook.remove(sheet)
    return ids


def page_style(name: str) -> str:
    """The name of a cell's style on a page: in the middle of its row, where a table's cells begin at the top."""
    return f"page {name}"


def _on_a_page(style: NamedStyle) -> NamedStyle:
    alignment = copy(style.alignment)
    alignment.vertical = "center"
    return NamedStyle(
        page_style(style.name), copy(style.font), copy(style.fill), copy(style.border), alignment, style.number_format
    )


def _page_styles() -> tuple[NamedStyle, ...]:
    return (
        _style("page title", font=_font(size=18, bold=True, color=NAVY), alignment=_MIDDLE),
        _style("page subtitle", font=_font(size=11, color=MUTED), alignment=_MIDDLE),
        _style("banner good", font=_font(bold=True, color=NAVY), fill=_fill("FFE3ECF5"), alignment=_MIDDLE),
        _style(
            "banner bad",
            font=_font(size=12, bold=True, color="FFFFFFFF"),
            fill=_fill("FFA61B1B"),
            alignment=Alignment(horizontal="left", vertical="center", wrap_text=True, indent=1),
        ),
        _style(
            "section",
            font=_font(size=12, bold=True, color=NAVY),
            alignment=_MIDDLE,
            border=Border(bottom=Side(style="medium", color=NAVY)),
        ),
        _style("label", font=_font(color=MUTED), alignment=_MIDDLE, border=_HAIR),
        _style("left", alignment=_MIDDLE, border=_HAIR, number_format=COUNT_FORMAT),
        _style("box", alignment=_MIDDLE, border=_BOX),
        _style("box text", alignment=_WRAP, border=_BOX),
        _style("box label", font=_font(bold=True), alignment=_MIDDLE, border=_BOX),
        _style("verdict good", alignment=_MIDDLE, border=_HAIR),
        _style("verdict bad", font=_font(bold=True, color="FFA61B1B"), alignment=_MIDDLE, border=_HAIR),
        _style("total", font=_font(bold=True), alignment=_MIDDLE, border=_TOP),
        _style("total count", font=_font(bold=True), alignment=_RIGHT, border=_TOP, number_format=COUNT_FORMAT),
    )


def _cell_styles() -> tuple[NamedStyle, ...]:
    return (
        _style("header", font=_font(bold=True, color="FFFFFFFF"), fill=_fill(NAVY), alignment=_CENTRE, border=_BOX),
        _style("text", alignment=_LEFT, border=_HAIR, number_format="@"),
        _style("wrapped", alignment=_WRAP, border=_HAIR, number_format="@"),
        _style("link", font=_font(color="FF0B5CAD", underline="single"), alignment=_LEFT, border=_HAIR),
        _style("hash", font=Font(name="Courier New", size=9, color=INK), alignment=_LEFT, border=_HAIR),
        _style("count", alignment=_RIGHT, border=_HAIR, number_format=COUNT_FORMAT),
        _style("rate", alignment=_RIGHT, border=_HAIR, number_format=RATE_FORMAT),
        _style("day", alignment=_LEFT, border=_HAIR, number_format=DAY_FORMAT),
        _style("moment", alignment=_LEFT, border=_HAIR, number_format=MOMENT_FORMAT),
        _style("money as text", alignment=_RIGHT, border=_HAIR, number_format="@"),
    )


def _severity_styles() -> tuple[NamedStyle, ...]:
    # From dark to none, and from bold to light: the order survives a grey printer.
    return (
        _style(
            severity_style("critical"),
            font=_font(bold=True, color="FFFFFFFF"),
            fill=_fill("FF8E1616"),
            alignment=_LEFT,
            border=_HAIR,
        ),
        _style(severity_style("high"), font=_font(bold=True), fill=_fill("FFF2A65A"), alignment=_LEFT, border=_HAIR),
        _style(severity_style("medium"), fill=_fill("FFFBE7B2"), alignment=_LEFT, border=_HAIR),
        _style(severity_style("low"), font=_font(color=MUTED), alignment=_LEFT, border=_HAIR),
    )


def _font(*, size: int = 10, bold: bool = False, color: str = INK, underline: str | None = None) -> Font:
    return Font(name=FONT, size=size, bold=bold, color=color, underline=underline)  # type: ignore[arg-type]


def _fill(color: str) -> PatternFill:
    return PatternFill("solid", fgColor=color)


def _style(
    name: str,
    *,
    font: Font | None = None,
    fill: PatternFill | None = None,
    alignment: Alignment | None = None,
    border: Border | None = None,
    number_format: str = "General",
) -> NamedStyle:
    style = NamedStyle(name=name, font=font or _font(), alignment=alignment, border=border)
    style.number_format = number_format
    if fill is not None:
        style.fill = fill
    return style
