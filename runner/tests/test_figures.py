import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
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
