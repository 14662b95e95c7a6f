"""Draws the curves of several runs beside each other, a panel for each value, as one SVG.

    python3 Benchmarks/curves.py RESULTS.json -o docs/pictures/reasoning.svg

RESULTS.json is what Benchmarks/reasoning.py writes. Each point is the mean of ten rollouts.
"""
import argparse
import json
from xml.sax.saxutils import escape

PANELS = [("pass_rate", "right in rollouts"), ("completion_length", "tokens of an answer"), ("entropy", "entropy, nats"),
          ("zero_variance_fraction", "groups of one reward")]
COLOURS = ["#0f6674", "#c2571a", "#6a4c93", "#4d4d4d", "#2e7d32", "#ad1457", "#b8860b"]
WIDTH, HEIGHT, LEFT, TOP, GAP = 300, 150, 56, 40, 54
MEAN = 10


def points(rows, key):
    """Means of ten rollouts in a row, at the middle of each."""
    values = [(row["step"], row[key]) for row in rows if key in row]
    parts = [values[begin:begin + MEAN] for begin in range(0, len(values), MEAN)]
    return [(sum(x for x, _ in part) / len(part), sum(y for _, y in part) / len(part)) for part in parts]


def panel(title, lines, x, y):
    everything = [p for _, line in lines for p in line]
    right = max(p[0] for p in everything)
    low, high = min(p[1] for p in everything), max(p[1] for p in everything)
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    place = lambda p: (x + p[0] / right * WIDTH, y + HEIGHT - (p[1] - low) / (high - low) * HEIGHT)
    out = [f'<text x="{x}" y="{y - 10}" font-weight="600">{escape(title)}</text>',
           f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#bbb"/>',
           f'<text x="{x - 6}" y="{y + 10}" text-anchor="end">{high:.3g}</text>',
           f'<text x="{x - 6}" y="{y + HEIGHT}" text-anchor="end">{low:.3g}</text>',
           f'<text x="{x + WIDTH}" y="{y + HEIGHT + 16}" text-anchor="end">rollout {right:.0f}</text>']
    for colour, line in lines:
        drawn = " ".join(f"{a:.1f},{b:.1f}" for a, b in map(place, line))
        out.append(f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results")
    parser.add_argument("-o", "--output", required=True)
    a = parser.parse_args()
    curves = json.load(open(a.results))["curves"]
    colours = {name: COLOURS[at % len(COLOURS)] for at, name in enumerate(sorted(curves))}
    width, rows = LEFT * 2 + 2 * WIDTH + GAP, (len(PANELS) + 1) // 2
    legend = TOP + rows * (HEIGHT + GAP) + 8
    height = legend + 18 * len(curves) + 10
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" font-size="12" fill="#222">',
           f'<rect width="{width}" height="{height}" fill="#fff"/>']
    for at, (key, title) in enumerate(PANELS):
        lines = [(colours[name], points(curves[name], key)) for name in sorted(curves)]
        out += panel(title, lines, LEFT + at % 2 * (WIDTH + GAP + 16), TOP + at // 2 * (HEIGHT + GAP))
    for at, name in enumerate(sorted(curves)):
        y = legend + 18 * at
        out += [f'<line x1="{LEFT}" x2="{LEFT + 24}" y1="{y}" y2="{y}" stroke="{colours[name]}" stroke-width="2"/>',
                f'<text x="{LEFT + 32}" y="{y + 4}">{escape(name)}</text>']
    with open(a.output, "w") as file:
        file.write("\n".join([*out, "</svg>", ""]))


main()
