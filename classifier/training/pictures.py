"""The picture of a calibration, as SVG."""

_SIDE, _MARGIN = 300, 44


def reliability(bins: list[tuple[float, float, int]]) -> str:
    """Draw how often tags of each score are right.

    Parameters
    ----------
    bins : list of (mean score, share of right tags, number of tags)
    """
    most = max((count for _, _, count in bins), default=1)

    def at(x: float, y: float) -> tuple[float, float]:
        return round(_MARGIN + x * _SIDE, 1), round(_MARGIN / 2 + (1 - y) * _SIDE, 1)

    marks = []
    for mean, share, count in bins:
        x, y = at(mean, share)
        radius = round(3 + 7 * (count / most) ** 0.5, 1)
        marks.append(
            f'<circle cx="{x}" cy="{y}" r="{radius}" fill="#1f6f8b" fill-opacity="0.8">'
            f"<title>{count} tags, mean score {mean:.2f}, right {share:.2f}</title></circle>"
        )
    axes = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        (x, bottom), (left, y) = at(tick, 0), at(0, tick)
        axes.append(f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{tick}</text>')
        axes.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{tick}</text>')
    (x0, y0), (x1, y1) = at(0, 0), at(1, 1)
    width, height = _SIDE + 2 * _MARGIN, _SIDE + 2 * _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12" role="img" aria-label="Share of right tags by score">'
        '<rect width="100%" height="100%" fill="white"/>'
        f'<rect x="{x0}" y="{y1}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#888"/>'
        f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="#888" stroke-dasharray="4 4"/>'
        + "".join(axes + marks)
        + f'<text x="{_MARGIN + _SIDE / 2}" y="{height - 14}" text-anchor="middle">score</text>'
        f'<text x="14" y="{_MARGIN / 2 + _SIDE / 2}" text-anchor="middle" '
        f'transform="rotate(-90 14 {_MARGIN / 2 + _SIDE / 2})">share right</text></svg>\n'
    )
