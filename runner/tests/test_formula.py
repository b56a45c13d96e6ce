import json

import pytest
from attache import formula
from PIL import Image

DRAWN = [
    r"x = \frac{-b \pm \sqrt{b^2-4ac}}{2a}",
    r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}^{-1} = \frac{1}{ad-bc}\begin{bmatrix} d & -b \\ -c & a \end{bmatrix}",
    r"f(x) = \begin{cases} x^2 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}",
    r"\begin{aligned} \hat{\beta} &= (X^\top X)^{-1} X^\top y \\ \bar{x} &= \frac1n\sum\limits_{i=1}^n x_i \end{aligned}",
    r"\left| \begin{array}{cc} 1 & 2 \\ 3 & 4\end{array} \right| = -2",
    r"\int_{-\infty}^{\infty} e^{-x^2}\,dx = \sqrt\pi",
    r"\text{softmax}(z)_i = \frac{e^{z_i}}{\sum_{j=1}^K e^{z_j}} \implies \sum_i p_i = 1",
    r"\Big\{ x \in \R \;\Big|\; \lVert x \rVert_2 \le 1 \Big\}",
    r"a = b \\ c = \cfrac{1}{1+\cfrac{1}{x}}",
    r"\binom{n}{k} p^k (1-p)^{n-k} \quad \overline{AB} \parallel \vec{v}",
    r"\sigma = \sqrt{\frac{1}{N-1} \sum_{i=1}^N (x_i - \bar x)^2} \tag{1}",
    r"\begin{align*} a &= b \\[4pt] &= \begin{vmatrix} 1 \end{vmatrix} \end{align*}",
    r"\underbrace{\int_0^1 f}_{=1} + \overbrace{a+b}^{\text{small}} + \underbrace{c}",
    r"\frac{\begin{pmatrix}a&b\\c&d\end{pmatrix}}{2} + \sqrt{\begin{matrix}1\end{matrix}} + \frac{\text{Umsatz}}{\underbrace{x}_{y}}",
    r"a \xrightarrow[h]{t \to \infty} b \xleftarrow{} c + \cancel{x} + \textcolor{red}{y}",
    r"\operatorname*{arg\,max}_{\theta} {n \choose k} + {a \over b} + \ce{2H2 + O2 -> 2H2O}",
    r"f = \begin{cases} \frac12 & x \\ \underbrace{\begin{pmatrix}1\\2\end{pmatrix}}_{v} & y \end{cases}",
]
NOT_DRAWN = [
    "", " ", r"\unknown{x}", r"\frac{1}", "{" * 500, r"\begin{pmatrix}", r"\begin{nothing} x \end{nothing}", r"\text{中文}", "^_^",
    "x" * 3000, r"\left(" * 200, r"\sqrt{" * 300 + "}" * 300, "x+" * 900 + "x", r"\SI{5}{\meter}", r"\underbrace{" * 30 + "}" * 30,
    r"\begin{pmatrix}" * 30 + r"\end{pmatrix}" * 30, "\x00", "\ud800",
]


@pytest.mark.parametrize("tex", DRAWN)
def test_drawn(tex, tmp_path, capsys):
    formula.draw([tex], tmp_path / "f.png")
    assert json.loads(capsys.readouterr().out) == [0]
    with Image.open(tmp_path / "f.png") as made:
        grey = made.convert("L")
        assert made.format == "PNG" and grey.getextrema() == (0, 255)
        # Nothing is cropped: there is a margin on all sides.
        left, top, right, bottom = grey.point(lambda v: 255 * (v < 200)).getbbox()
        assert left >= 5 and top >= 5 and right <= made.width - 5 and bottom <= made.height - 5


def test_what_cannot_be_drawn_is_left_out(tmp_path, capsys):
    formula.draw([DRAWN[0], *NOT_DRAWN[:5], DRAWN[1]], tmp_path / "f.png")
    assert json.loads(capsys.readouterr().out) == [0, 6]
    assert (tmp_path / "f.png").exists()


@pytest.mark.parametrize("tex", NOT_DRAWN, ids=range(len(NOT_DRAWN)))
def test_not_drawn(tex, tmp_path, capsys):
    formula.draw([tex], tmp_path / "f.png")
    assert json.loads(capsys.readouterr().out) == []
    assert not (tmp_path / "f.png").exists()


def test_a_picture_is_bounded(tmp_path, capsys):
    tall = r"\begin{pmatrix}" + r"1 \\ " * 60 + r"\end{pmatrix}"
    formula.draw([tall] * 40, tmp_path / "f.png")
    assert len(json.loads(capsys.readouterr().out)) < 5
    with Image.open(tmp_path / "f.png") as made:
        assert made.width <= formula.WIDEST and made.height <= formula.HIGHEST + 100
