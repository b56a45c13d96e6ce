"""Rows that sum up others: they stay in the table, and are named."""

import re

from attache.loaders.source import note

_TOTAL = re.compile(
    r"totals?: \S.{0,40}|gesamt: \S.{0,40}|(?:grand |sub[- ]?|over)?(?:total|totals)(?: (?:all|overall|general|sum|amount))?:?|sum:?|all (?:regions|countries|categories|departments)"
    r"|(?:gesamt|summe|insgesamt|gesamtsumme|gesamtergebnis|zwischensumme|total général|total general|total geral|totaux|ensemble|somme|sous-total|subtotal|totale|totais|suma|suma total|totaal|subtotaal|eindtotaal|razem|ogółem|suma końcowa"
    r"|итого|всего|общий итог|сума|усього|разом|celkem|celkový součet|spolu|összesen|végösszeg|toplam|genel toplam|yhteensä|totalt|i alt|sammenlagt|summa|σύνολο|γενικό σύνολο|total general|ukupno|skupaj|iš viso|kopā|kokku|общо"
    r"|المجموع|الإجمالي|סה[\"״]כ|جمع|جمع کل|कुल|कुल योग|รวม|รวมทั้งหมด|tổng|tổng cộng|jumlah|合计|总计|總計|合計|小計|総計|합계|총계|총합계):?",
    re.I,
)

_ANY = re.compile(r"(?:\S+ ){1,3}totals?:?|(?:total|totals|totale|totaal|totaux|summe|suma|soma|итого|razem)(?: \S+){1,3}|\S{0,6}(?:合计|总计|小计|合計|總計)\S{0,3}", re.I)
_GROUP = re.compile(r"(.+?)[ :-]+(?:sub-?)?(?:total|totals|summe|ergebnis|totale?|suma|итог)|(?:(?:sub-?)?total|summe|sous-total|totale?|итого)[ :-]+(?:for |of |de |di |für )?(.+)", re.I)


def is_total(text):
    """Whether a text is the name of a total."""
    return bool(_TOTAL.fullmatch(text.strip()))


def rows(frame):
    """The positions of the rows whose first text says that they are totals, above numbers."""
    texts = [i for i, t in enumerate(frame.dtypes) if t == object or str(t) in ("str", "string")]
    if len(frame) < 3 or len(texts[:3]) == frame.shape[1]:
        return []
    found = {len(frame) - 1} if _last(frame, texts) or _sums_up(frame, texts) else set()
    texts = texts[:3]
    numbers = frame.iloc[:, [i for i, t in enumerate(frame.dtypes) if t.kind in "iufb"]] if len(frame) <= 20_000 else frame.iloc[:0, :0]
    bare = numbers.isna().all(axis=1).tolist() if numbers.shape[1] else []
    for i in texts:
        column = frame.iloc[:, i]
        hits = [k for k, v in enumerate(column.tolist() if len(frame) <= 20_000 else column.iloc[-50:].tolist()) if isinstance(v, str) and _TOTAL.fullmatch(v.strip())]
        offset = 0 if len(frame) <= 20_000 else len(frame) - 50
        if len(hits) <= 0.3 * len(frame):
            found |= {k + offset for k in hits}
        of_groups = _of_groups(column, bare)
        if len(of_groups) <= 0.5 * len(frame):
            found |= of_groups
    return sorted(found)


def _last(frame, texts):
    """Whether the last row says nothing but that it is a total, where those above have words in several columns: "Transactions Total"."""
    said = [v for v in (frame.iloc[-1, i] for i in texts) if isinstance(v, str) and v.strip()]
    return len(said) == 1 and _ANY.fullmatch(said[0].strip()) is not None and sum(frame.iloc[:-1, i].notna().mean() > 0.4 for i in texts) > 1


def _sums_up(frame, texts):
    """Whether the last row has no words, where all above have, and a sum of theirs in a column of whole numbers."""
    above = frame.iloc[:-1]
    if not texts or len(above) < 3 or len(frame) > 20_000 or frame.iloc[-1, texts].notna().any() or not (above.iloc[:, texts].notna().mean() > 0.9).all():
        return False
    whole = [above.iloc[:, i] for i, t in enumerate(frame.dtypes) if t.kind in "iu"]
    return any(c.sum() == frame[c.name].iloc[-1] != 0 and (c != 0).sum() > 2 for c in whole if list(frame.columns).count(c.name) == 1)


def _of_groups(column, bare):
    """The rows of a total of each group: "North Total" below rows of "North", or below a row "North" without numbers (bare)."""
    if len(column) > 20_000:
        return set()
    named = [(k, m[1] or m[2]) for k, v in enumerate(column.tolist()) if isinstance(v, str) and not _TOTAL.fullmatch(v.strip()) and (m := _GROUP.fullmatch(v.strip()))]
    if not named:
        return set()
    groups = {v.strip() for v in column.dropna() if isinstance(v, str)}
    above = column.mask(column.astype("str").str.strip().isin([column.iloc[k].strip() for k, _ in named])).ffill().shift()  # the group's own name, at its rows or only at the first
    headed = {}
    for k in [k for k, b in enumerate(bare) if b and isinstance(column.iloc[k], str)]:
        headed.setdefault(column.iloc[k].strip(), k)
    found = {k for k, group in named if group in groups and (str(above.iloc[k]).strip() == group or headed.get(group, k) < k)}
    return found if len(found) >= 0.8 * len(named) else set()


def tell(frame, name, before, same=False):
    """Say which rows are totals: before the words among days became missing, and now, unless the columns are the same."""
    found = before if same else sorted({*rows(frame), *before})
    if found:
        which = ", ".join(str(k + 1) for k in found[:5]) + (", …" if len(found) > 5 else "")
        note(f"{name}: {len(found)} row(s) are totals (row {which}); they are kept, leave them out of sums.")
