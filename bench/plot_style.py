"""How the benchmarks' pictures look: the same data gives the same file. Needs matplotlib."""

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402, F401

# Colours that also the colour-blind tell apart (Okabe, Ito), on white, whatever the page around it is.
BLUE, SKY, GREEN, ORANGE, VERMILION = "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00"
GREY, DARK = "#999999", "#333333"
STYLE = {
    "svg.hashsalt": "tcp-forwarder",  # else the ids in the file are random
    "svg.fonttype": "none",  # text stays text
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "legend.frameon": False,
}


def save(figure, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, facecolor="white", metadata={"Date": None, "Creator": None})
    lines = path.read_text().splitlines()
    path.write_text("".join(f"{line.rstrip()}\n" for line in lines))
