import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from attache import figures
from PIL import Image


def test_a_chart_says_what_it_shows(tmp_path):
    figure, (left, right) = plt.subplots(1, 2)
    figure.suptitle("Sales of 2024")
    left.plot([1, 2], label="north")
    left.plot([2, 1], label="Süden")
    left.legend()
    left.set(title="By month", xlabel="month", ylabel="sales")
    right.set(ylabel="sales")
    want = "Sales of 2024. By month. sales by month. of north, Süden. sales"
    assert figures.describe(figure) == want
    assert figures.describe(plt.figure()) == "A chart"
    plt.close("all")


@pytest.mark.parametrize("draw, want", [
    (lambda: plt.bar(["北京", "東京", "서울"], [3, 1, 2.5]), "3 bars, highest 北京: 3, lowest 東京: 1"),
    (lambda: plt.barh(["a", "b"], [3000, 1]), "2 bars, highest a: 3,000, lowest b: 1"),
    (lambda: plt.plot([1, 2, 3, 9]), "From 0: 1 to 3: 9, highest 3: 9, lowest 0: 1"),
    (lambda: plt.plot(pd.date_range("2024-01-01", periods=3), [1, 9, 4]), "From 2024-01-01: 1 to 2024-01-03: 4, highest 2024-01-02: 9, lowest 2024-01-01: 1"),
    (lambda: pd.Series([5, 2, 8], index=pd.period_range("2024-01", periods=3, freq="M")).plot(), "From 2024-01: 5 to 2024-03: 8, highest 2024-03: 8, lowest 2024-02: 2"),
    (lambda: pd.Series([5, 2], index=["x", "y"]).plot.bar(), "2 bars, highest x: 5, lowest y: 2"),
    (lambda: plt.plot([1, float("nan"), 3, 4]), "From 0: 1 to 3: 4, highest 3: 4, lowest 0: 1"),
    (lambda: plt.plot([float("nan")] * 4), "A chart"),
    (lambda: (plt.plot([1, 2, 3]), plt.plot([3, 2, 1])), "A chart"),
    (lambda: plt.pie([1, 2]), "A chart"),
    (lambda: plt.scatter([1, 2, 3], [1, 2, 3]), "A chart"),
])
def test_a_chart_says_what_it_comes_to(draw, want):
    plt.figure()
    draw()
    assert figures.describe(plt.gcf()) == want
    plt.close("all")
