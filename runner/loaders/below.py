"""What stands below a table and does not belong to it: where it is from, when it was made, how many rows it has."""

import re

from attache.loaders import forms, headers

_MOST = 12  # lines that are looked at
_NOTE = re.compile(
    r"(?:sources?|notes?|footnotes?|last[ -]?updated|updated|as of|data from|data (?:was |were )?extracted|extracted|legend|abbreviations|symbols?(?: legend)?|data source|generated|exported|created|printed|report|copyright|licen[cs]e|disclaimer|end of|page \d"
    r"|quellen?|stand|hinweis|anmerkung|fuente|fonte|nota|bron|källa|źródło|источник|примечание|资料来源|注|出典|注記)\b[^\d\n]{0,3}.*|©.*|\(c\).*"
    r"|\(?[\d,.]+ (?:rows?|records?|lines?|entries|results?|zeilen|filas|lignes|rader)\b.*|(?:total |number of )?(?:rows?|records?|row count|count|datensätze|anzahl(?: der)?(?: \w+)?|zeilen|registros|filas|enregistrements|lignes|righe|rader|linhas) ?[:=] ?\d+.*|\*{1,3}[^\d*].*|\[\d+\].*|<eof>|eof|-- ?end.*",
    re.I | re.S,
)


_SAID = re.compile(r"(?:sources?|notes?|footnotes?|data sources?|quellen?|hinweis|anmerkung(?:en)?|fuentes?|fontes?|nota|bron|källa|źródło|источник|примечание|出典|注記|资料来源)\s?[::].+", re.I | re.S)


NOTHING = re.compile(  # what a bank writes below the names where there are no rows
    r"(?:there (?:are|were) )?no (?:\w+ ){0,2}(?:transactions?|records?|results?|data|rows?|entries|items|bookings|movements|orders|payments|matches|activity)\b.{0,80}"
    r"|(?:\w+ (?:sind|wurden|liegen) )?(?:keine?|aucune?|ning[uú]n[ao]?|nessun[ao]?|nenhuma?|geen|brak|ingen|inga) (?:.{0,60} )?(?:gefunden|vorhanden|verfügbar|umsätze|buchungen|daten|trouvée?s?|opérations?|disponibles?|encontrad[ao]s?|movimientos|trovat[aoie]|movimenti|transações|gevonden|transacties|danych|transakcji|transaktioner|hittades)\b.{0,40}"
    r"|нет (?:данных|операций|записей).{0,60}|операци[ий] не найден[ыо].{0,40}|没有(?:记录|数据|交易).{0,20}|該当するデータ.{0,20}",
    re.I,
)


def count(rows, width):
    """How many of the last rows, lists of texts, are notes below a table of this width."""
    filled = [[c.strip() for c in r] for r in rows]
    kinds = [headers.usual_form([r for r in filled[:-_MOST] if any(r)], i) for i in range(width)]
    said = not any(r and _SAID.fullmatch(r[0]) for r in filled[:-_MOST])  # a note with commas has as many fields as a row
    k = len(filled)
    while k and len(filled) - k < _MOST and (_few(filled[k - 1], width) or _strange(filled[k - 1], kinds) or said and _SAID.fullmatch(filled[k - 1][0])):
        k -= 1
    body = [r for r in filled[:k] if any(r)]
    while k < len(filled) and (not any(filled[k]) or not _is_note(filled[k], body, width)):
        k += 1
    return len(filled) - k


def _strange(row, kinds):
    """Whether a row is the line of a frame, or text with commas: words in a column of values, and blank cells at its end."""
    words = any(k in ("n", "d", "c") and forms.form(c) == "s" and len(c) > 8 for k, c in zip(kinds, row) if k)
    return headers.is_rule(row) or words and not row[-1] and not any(k in ("n", "d", "c") and forms.form(c) == k for k, c in zip(kinds, row) if k)


def _few(row, width):
    """Whether cells are filled from the left, and few of them; or none."""
    n = sum(map(bool, row))
    return n == 0 or all(row[:n]) and n <= max(1, width // 2) and n < width


def _is_note(row, body, width):
    if headers.is_rule(row):
        return True
    if _SAID.fullmatch(row[0]) and not any(_SAID.fullmatch(r[0]) for r in body):
        return True  # a comma in it makes more fields
    if len(body) < 2 or any(_few(r, width) for r in body[-50:]) and not _NOTE.fullmatch(row[0]):
        return False
    if _NOTE.fullmatch(row[0]):
        return True
    first = [forms.form(r[0]) for r in body[-50:] if r[0]]
    values = sum(f in ("n", "d", "c") for f in first) > 0.9 * len(first)
    shapes = {re.sub(r"\d+", "9", r[0]) for r in body[-50:]}
    values = values or len(body) > 9 and len(shapes) == 1 and "9" in min(shapes) and re.sub(r"\d+", "9", row[0]) not in shapes  # 20180101:0030, W-12
    return values and width > 2 and forms.form(row[0]) == "s" and len(row[0]) > 8
