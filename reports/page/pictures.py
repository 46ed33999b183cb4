"""Small charts as SVG with their figures in words."""

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT, LEFT, BOTTOM = 480, 150, 44, 22


def line(title: str, points: Sequence[tuple[str, int]], top: int, unit: str = "") -> Markup:
    """A line over labelled points, from 0 to `top`; its description reads every figure out."""
    if not points:
        return Markup('<p class="muted">{}: no runs yet.</p>').format(title)
    step = (WIDTH - LEFT - 12) / max(1, len(points) - 1)
    places = [
        (round(LEFT + number * step, 1), round(_height(value, top), 1)) for number, (_, value) in enumerate(points)
    ]
    path = " ".join(f"{x},{y}" for x, y in places)
    dots = Markup("").join(Markup('<circle class="dot" cx="{}" cy="{}" r="2.5"/>').format(x, y) for x, y in places)
    body = Markup('<polyline class="line" points="{}"/>{}').format(path, dots)
    return _framed(title, points, top, unit, body)


def bars(title: str, points: Sequence[tuple[str, int]], unit: str = "") -> Markup:
    """A bar for each labelled figure."""
    top = max([value for _, value in points], default=0) or 1
    width = (WIDTH - LEFT - 12) / max(1, len(points))
    drawn = []
    for number, (label, value) in enumerate(points):
        x, y = round(LEFT + number * width + width * 0.15, 1), round(_height(value, top), 1)
        middle = round(x + width * 0.35, 1)
        drawn.append(
            Markup(
                '<rect class="bars" x="{}" y="{}" width="{}" height="{}"/>'
                '<text x="{}" y="{}" text-anchor="middle">{}</text>'
                '<text x="{}" y="{}" text-anchor="middle">{:,}</text>'
            ).format(
                x,
                y,
                round(width * 0.7, 1),
                round(HEIGHT - BOTTOM - y, 1),
                middle,
                HEIGHT - 6,
                label,
                middle,
                round(y - 4, 1),
                value,
            )
        )
    return _framed(title, points, top, unit, Markup("").join(drawn), labelled=False)


def _height(value: int, top: int) -> float:
    return 18 + (HEIGHT - BOTTOM - 18) * (1 - value / max(1, top))


def _framed(
    title: str, points: Sequence[tuple[str, int]], top: int, unit: str, body: Markup, labelled: bool = True
) -> Markup:
    words = "; ".join(f"{label}: {value:,}{unit}" for label, value in points)
    axis = Markup('<line class="axis" x1="{0}" y1="{1}" x2="{2}" y2="{1}"/>').format(LEFT, HEIGHT - BOTTOM, WIDTH - 8)
    ends = Markup("")
    if labelled:
        ends = Markup(
            '<text x="{}" y="{}">{}</text><text x="{}" y="{}" text-anchor="end">{}</text>'
            '<text x="{}" y="22" text-anchor="end">{:,}{}</text><text x="{}" y="{}" text-anchor="end">0{}</text>'
        ).format(
            LEFT,
            HEIGHT - 6,
            points[0][0],
            WIDTH - 8,
            HEIGHT - 6,
            points[-1][0],
            LEFT - 6,
            top,
            unit,
            LEFT - 6,
            HEIGHT - BOTTOM,
            unit,
        )
    return Markup(
        '<figure><figcaption>{}</figcaption><svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}. {}">'
        "{}{}{}</svg></figure>"
    ).format(title, WIDTH, HEIGHT, title, words, axis, ends, body)
