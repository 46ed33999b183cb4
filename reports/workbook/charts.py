"""A page's chart as openpyxl draws it: one series over cells, quiet colours."""

from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.chart.axis import ChartLines
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties, RegularTextRun
from openpyxl.drawing.text import Font as DrawingFont
from openpyxl.worksheet.worksheet import Worksheet

from reports.sheet import Chart
from reports.workbook.styles import FONT, INK, NAVY, RULE

_CM_PER_POINT = 2.54 / 72


def chart_of(chart: Chart, sheet: Worksheet) -> BarChart | LineChart:
    """The chart over cells of the sheet it stands on."""
    made = BarChart() if chart.bars else LineChart()
    made.title = Title(tx=Text(rich=_text(chart.title, 1_000, bold=True)), overlay=False)
    made.legend = None
    wide, high = chart.points
    made.width = wide * _CM_PER_POINT  # type: ignore[assignment]
    made.height = high * _CM_PER_POINT
    made.style = 2
    made.add_data(_column(sheet, chart, chart.numbers), titles_from_data=False)
    made.set_categories(_column(sheet, chart, chart.labels))
    [series] = made.series
    color = NAVY[2:]
    series.graphicalProperties = GraphicalProperties(solidFill=color, ln=LineProperties(solidFill=color, w=22_000))
    if isinstance(made, LineChart):
        series.smooth = False
        series.marker.symbol = "circle"
        series.marker.size = 5
        series.marker.graphicalProperties = GraphicalProperties(solidFill=color)
    made.y_axis.number_format = chart.number_format
    if "%" in chart.number_format:
        made.y_axis.scaling.max = 1  # no rate is more than all
    made.y_axis.majorGridlines = ChartLines(GraphicalProperties(ln=LineProperties(solidFill=RULE[2:], w=6_000)))
    made.x_axis.txPr = made.y_axis.txPr = _text("", 800)
    # openpyxl leaves axes out unless they are told to stay.
    made.x_axis.delete = made.y_axis.delete = False
    return made


def _text(text: str, hundredths: int, *, bold: bool = False) -> RichText:
    """A text in the sheet's font, its size in hundredths of a point; empty: how others are written."""
    font = CharacterProperties(latin=DrawingFont(typeface=FONT), sz=hundredths, b=bold, solidFill=INK[2:])
    runs = [RegularTextRun(rPr=font, t=text)] if text else None
    return RichText(p=[Paragraph(pPr=ParagraphProperties(defRPr=font), r=runs, endParaRPr=font)])


def _column(sheet: Worksheet, chart: Chart, column: int) -> Reference:
    return Reference(sheet, min_col=column + 1, min_row=chart.first, max_row=chart.last)
