"""Accuracy against speed, as SVG and PNG."""
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  The backend comes first.


def draw(rows, title, path):
    """rows: (name, times real time, word error rate in percent)."""
    figure, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    for name, speed, rate in rows:
        ours = name.startswith("stt-rpc")
        axes.scatter([speed], [rate], s=70 if ours else 45, color="#c0392b" if ours else "#5d6d7e", zorder=3)
        axes.annotate(name, (speed, rate), xytext=(7, 5), textcoords="offset points", fontsize=8,
                      fontweight="bold" if ours else "normal")
    axes.set_xlabel("times real time (more is faster)")
    axes.set_ylabel("word error rate, % (less is better)")
    axes.set_title(title, fontsize=10)
    axes.set_xlim(left=0, right=max(speed for _, speed, _ in rows) * 1.35)
    axes.set_ylim(bottom=0, top=max(rate for _, _, rate in rows) * 1.15 + 0.5)
    axes.grid(True, linewidth=0.5, alpha=0.5, zorder=0)
    for suffix in (".svg", ".png"):
        figure.savefig(path.with_suffix(suffix), dpi=140)
    plt.close(figure)
