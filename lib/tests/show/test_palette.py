"""The palette for eyes that see fewer colours: stages stay apart in every kind of colour blindness and in grey.

Verdicts are told apart by their shapes; their colours have to stay apart for the common kinds all the same.
"""

import itertools
import re

import numpy as np
import pytest

from apex import show
from apex.show.style import TOKENS, stage_colours

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB; grey is luminance alone.
SEEN = {
    "full": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
    "grey": np.full((3, 3), [0.2126, 0.7152, 0.0722]),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour, eyes):
    """CIE Lab (D65) of a hex colour as these eyes see it."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.array(SEEN[eyes]) @ linear, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def nearest(colours, eyes):
    """The smallest distance (CIE76) between two of the colours."""
    return min(np.linalg.norm(lab(a, eyes) - lab(b, eyes)) for a, b in itertools.combinations(colours, 2))


def dark():
    """The tokens of dark mode."""
    block = re.search(r"prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}", show.house_css(), re.S)[1]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))


def test_distances_are_what_they_should_be():
    assert nearest(["#000000", "#ffffff"], "full") == pytest.approx(100, abs=0.1)
    assert nearest(["#ff0000", "#00ff00"], "deuteranopia") < nearest(["#ff0000", "#00ff00"], "full") / 2


@pytest.mark.parametrize("eyes", SEEN)
@pytest.mark.parametrize("tokens", [TOKENS, dark()], ids=["light", "dark"])
def test_stages_stay_apart(tokens, eyes):
    assert nearest([tokens[f"stage-{i}"] for i in (1, 2, 3, 4)], eyes) > 14


@pytest.mark.parametrize("eyes", SEEN)
def test_seven_stages_stay_apart_too(eyes):
    assert nearest(stage_colours(7), eyes) > 6


@pytest.mark.parametrize("eyes", ["full", "protanopia", "deuteranopia", "tritanopia"])
@pytest.mark.parametrize("tokens", [TOKENS, dark()], ids=["light", "dark"])
def test_verdicts_stay_apart(tokens, eyes):
    assert nearest([tokens[verdict] for verdict in ("ahead", "careful", "behind")], eyes) > 10
