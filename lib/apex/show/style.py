"""One house style: colours with a fixed meaning, one list of system fonts, seaborn's theme over both.

Every colour is a token with a name; the same tokens stand in `house.css` as CSS variables, light and dark, and the
charts refer to those, so that a page changes its clothes without being drawn again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

TOKENS = {
    "ink": "#1d2326",
    "soft": "#5d676c",
    "mute": "#b4b9b4",
    "line": "#e4e1d9",
    "paper": "#fbfaf7",
    "card": "#ffffff",
    "young": "#f3f1ec",
    "stage-1": "#bcd7d3",
    "stage-2": "#6fb0ab",
    "stage-3": "#2b7f83",
    "stage-4": "#0f4a58",
    "ahead": "#2f7d4f",
    "careful": "#b7791f",
    "behind": "#b03a2e",
}
# System fonts only. Chinese faces stand in the same list: a list in font.family falls back, one in font.sans-serif does
# not (matplotlib takes the first face it finds there).
FONTS = [
    "Inter",
    "Segoe UI",
    "Helvetica Neue",
    "Arial",
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
]
TEXT = 14  # px; shown at no less than 86 % of it, text never falls under 12 px


def stage_colours(number: int) -> list[str]:
    """Hex colours for a number of stages, shallow to deep: the deeper, the darker; others than four lie in between."""
    return [colour for colour, _ in _stage_scale(number)]


def css_colours(number: int = 4) -> dict[str, str]:
    """Hex colour → what stands for it in CSS, for the tokens and a scale of `number` stages."""
    named = {colour: f"var(--{name}, {colour})" for name, colour in TOKENS.items()}
    return named | {colour: css for colour, css in _stage_scale(number) if colour not in named}


def _stage_scale(number: int) -> list[tuple[str, str]]:
    depths = [TOKENS[f"stage-{depth}"] for depth in (1, 2, 3, 4)]
    scale = []
    for position in range(number):
        place = 3 * position / (number - 1) if number > 1 else 2
        lower = min(int(place), 2)
        part = place - lower
        low, high = list(pairwise(depths))[lower]
        mixed = "#" + "".join(
            f"{round(int(low[i : i + 2], 16) * (1 - part) + int(high[i : i + 2], 16) * part):02x}" for i in (1, 3, 5)
        )
        css = (
            f"color-mix(in srgb, var(--stage-{lower + 2}, {high}) {part:.0%}, var(--stage-{lower + 1}, {low}))"
            if 0 < part < 1
            else f"var(--stage-{lower + 1 + round(part)}, {mixed})"
        )
        scale.append((mixed, css))
    return scale


def use_style() -> None:
    """Set seaborn's theme, our palette and our fonts together, because the theme alone resets the fonts.

    For an analyst's own charts in JupyterLab; the helpers of `apex.show` apply it by themselves.
    """
    import seaborn as sns
    from matplotlib import font_manager

    present = set(font_manager.get_font_names())
    sns.set_theme(
        style="white",
        palette=stage_colours(4)[::-1],
        rc={
            "font.family": [font for font in FONTS if font in present] + ["DejaVu Sans"],
            "svg.fonttype": "none",
            "svg.hashsalt": "apex",
            "text.parse_math": False,  # a dollar sign is money here
            "axes.unicode_minus": True,
            "font.size": TEXT,
            "axes.titlesize": TEXT,
            "axes.labelsize": TEXT,
            "xtick.labelsize": TEXT,
            "ytick.labelsize": TEXT,
            "text.color": TOKENS["ink"],
            "axes.labelcolor": TOKENS["soft"],
            "xtick.color": TOKENS["soft"],
            "ytick.color": TOKENS["soft"],
            "axes.edgecolor": TOKENS["line"],
            "grid.color": TOKENS["line"],
            "axes.spines.top": False,
            "axes.spines.right": False,
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "savefig.facecolor": "none",
        },
    )


@contextmanager
def styled() -> Iterator[None]:
    """The house style for a while, with matplotlib's own face, so that every machine draws the same bytes.

    The face only sizes what matplotlib lays out; text stays text and is set in the reader's font.
    """
    import matplotlib as mpl

    with mpl.rc_context():
        use_style()
        mpl.rcParams["font.family"] = ["DejaVu Sans"]
        yield
