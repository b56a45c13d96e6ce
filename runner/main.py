"""Boot: take over the channel, import what every session needs, serve."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def preload():
    """Import the libraries that nearly every question needs.

    The process is checkpointed after this, so a session gets them for nothing.
    """
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot  # noqa: F401

    from attache import fonts

    fonts.install()
    import numpy
    import pandas
    import pyarrow.parquet  # noqa: F401
    import scipy.stats  # noqa: F401
    import seaborn  # noqa: F401
    from PIL import Image  # noqa: F401

    # What pandas and matplotlib import only at the first use, done before the
    # checkpoint: a figure with text, a CSV and a group.
    import io

    frame = pandas.read_csv(io.StringIO("a,b\nx,1\ny,2\n"))
    frame.groupby("a")["b"].mean().to_string()
    matplotlib.pyplot.figure()
    seaborn.barplot(data=frame, x="a", y="b", errorbar=None)
    matplotlib.pyplot.title("x")
    matplotlib.pyplot.savefig(io.BytesIO(), format="png")
    matplotlib.pyplot.close("all")
    numpy.linalg.svd(numpy.eye(8))


def main():
    import threading

    from attache import channel, session

    threading.stack_size(2 << 20)  # addresses are limited, and 64 stacks of 8 MB would take half
    link = channel.take_over()
    preload()
    session.Session(link).serve()


main()
