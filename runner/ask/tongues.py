"""Simple questions in German, French and Spanish, as the English that the grammar knows. A language is a table of its words."""

import re

from attache.ask import lexicon
from attache.ask.lexicon import stem

# {English: the same in the language, the longer phrases of several words first where one begins another}. "" is left out.
TONGUES = {
    "German": {
        "women": "frauen|weiblich", "men": "männer|männlich", "children": "kinder", "most common": "häufigste|häufigster|häufigstes|häufigsten|am häufigsten", "difference between": "unterschied zwischen|differenz zwischen|unterschied von",
        "how many": "wie viele|wieviele|wieviel|wie viel", "number of": "anzahl der|anzahl", "different": "unterschiedliche|unterschiedlichen|verschiedene|verschiedenen",
        "average": "durchschnittlicher|durchschnittliche|durchschnittliches|durchschnittlichen|durchschnittlich|durchschnitt|mittelwert|mittlere|mittlerer|mittleres|im schnitt|im mittel",
        "total": "summe|gesamtsumme|gesamter|gesamte|gesamtes|gesamten|gesamt|insgesamt", "median": "medianwert",
        "highest": "höchste|höchster|höchstes|höchsten|größte|größter|größtes|größten|maximaler|maximale|maximales|beste|bester|bestes|besten|am meisten|meisten|meiste",
        "lowest": "niedrigste|niedrigster|niedrigstes|niedrigsten|kleinste|kleinster|kleinstes|kleinsten|geringste|geringster|geringsten|minimaler|minimale|minimales|am wenigsten|wenigsten",
        "by": "nach|pro|je", "over time": "über die zeit|im zeitverlauf|im verlauf der zeit|im laufe der zeit|zeitlicher verlauf", "trend of": "entwicklung des|entwicklung der|entwicklung von|entwicklung",
        "share of": "anteil der|anteil des|anteil von|anteil an|anteil|anteile", "percent of": "prozent der|prozent", "of": "am|an",
        "distribution of": "verteilung der|verteilung des|verteilung von|verteilung", "correlation between": "korrelation zwischen|zusammenhang zwischen", "missing values in": "fehlende werte in|fehlende werte bei", "missing values": "fehlende werte|fehlen",
        "show": "zeige mir|zeig mir|zeige|zeig|liste", "rows": "zeilen|datensätze|einträge", "columns": "spalten", "compare": "vergleiche|vergleich von|vergleich", "and": "und", "or": "oder", "with": "mit", "without": "ohne|außer",
        "more than": "mehr als|größer als|höher als|über", "less than": "weniger als|kleiner als|niedriger als|unter", "between": "zwischen", "before": "vor", "after": "seit dem ende von", "since": "seit|ab", "from": "vom|von", "until": "bis",
        "which": "welche|welcher|welches|welchen", "who": "wer", "when": "wann", "has": "hat|haben", "in": "im jahr|im", "for": "für", "only": "nur", "same": "dasselbe|das gleiche|das selbe",
        "as a bar chart": "als balkendiagramm|als säulendiagramm", "as a pie chart": "als kreisdiagramm|als tortendiagramm", "as a line chart": "als liniendiagramm", "log scale": "logarithmisch|logarithmische skala",
        "month": "monat|monate|monaten", "monthly": "monatlich|monatlicher|monatliche", "year": "jahr|jahre|jahren", "day": "tag|tage", "week": "woche|wochen", "quarter": "quartal|quartale", "orders": "bestellungen|aufträge", "customers": "kunden",
        "january": "januar", "february": "februar", "march": "märz", "may": "mai", "june": "juni", "july": "juli", "october": "oktober", "december": "dezember",
        "": "wie hoch ist|wie hoch sind|wie hoch war|wie groß ist|was ist|was sind|was war|was|gibt es|gab es|die|der|das|den|dem|des|ein|eine|einen|einer|eines|ist|sind|war|waren|es|mir|bitte|wurden|wurde|verkauft|als",
    },
    "French": {
        "women": "femmes", "men": "hommes", "children": "enfants", "most common": "le plus fréquent|la plus fréquente|le plus courant|la plus courante|plus fréquent|plus fréquente", "difference between": "différence entre|écart entre",
        "how many": "combien de|combien d|combien", "number of": "nombre de|nombre d|nombre", "different": "différents|différentes|distincts|distinctes",
        "average": "moyenne de|moyenne|moyen|moyens|moyennes|en moyenne", "total": "somme de|somme|totale|totaux", "median": "médiane|médian",
        "highest": "le plus élevé|la plus élevée|le plus grand|la plus grande|le plus haut|les plus élevés|les plus grands|les plus grandes|le plus de|le plus|la plus|maximal|maximale|maximales|les plus élevées|les plus hautes|plus élevé|plus élevée|plus élevées|plus grand|plus grande",
        "lowest": "le plus bas|la plus basse|le plus petit|la plus petite|le plus faible|la plus faible|le moins de|le moins|minimal|minimale|minimales|les plus basses|les plus faibles", "top": "meilleurs|meilleures|premiers|premières",
        "by": "par|pour chaque", "over time": "au fil du temps|dans le temps|au cours du temps", "trend of": "évolution de|évolution des|évolution du|évolution",
        "share of": "part de|part des|part du|proportion de|proportion des|répartition de|répartition des", "percent of": "pourcentage de|pourcentage des|pourcentage du|pourcentage", "of": "dans",
        "distribution of": "distribution de|distribution des|distribution du", "correlation between": "corrélation entre|lien entre", "missing values in": "valeurs manquantes dans|valeurs manquantes pour", "missing values": "valeurs manquantes",
        "show": "montre moi|montrez moi|montre|montrez|affiche|affichez|liste", "rows": "lignes|enregistrements", "columns": "colonnes", "compare": "comparer|comparez", "and": "et", "or": "ou", "with": "avec", "without": "sans|sauf",
        "more than": "plus de|supérieur à|supérieure à|supérieurs à|supérieures à", "less than": "moins de|inférieur à|inférieure à|inférieurs à|inférieures à", "between": "entre", "before": "avant", "after": "après", "since": "depuis", "until": "jusqu à|jusqu en",
        "which": "quel|quelle|quels|quelles", "who": "qui", "when": "quand", "has": "a|ont", "in": "en|au|aux", "for": "pour", "only": "seulement|uniquement", "same": "la même chose|pareil|même chose",
        "as a bar chart": "en barres|en graphique à barres|en diagramme en barres", "as a pie chart": "en camembert|en secteurs", "log scale": "échelle logarithmique",
        "month": "mois", "year": "année|années|an|ans", "day": "jour|jours", "week": "semaine|semaines", "quarter": "trimestre|trimestres", "orders": "commandes", "customers": "clients",
        "january": "janvier", "february": "février", "march": "mars", "april": "avril", "may": "mai", "june": "juin", "july": "juillet", "august": "août", "september": "septembre", "october": "octobre", "november": "novembre", "december": "décembre",
        "": "y a t il|il y a|est ce que|le|la|les|l|de|du|des|d|un|une|est|sont|sur|s il vous plaît",
    },
    "Spanish": {
        "women": "mujeres", "men": "hombres", "children": "niños", "most common": "más frecuente|más común|más comunes|más frecuentes", "older than": "mayores de|mayor de", "difference between": "diferencia entre",
        "how many": "cuántos|cuántas|cuantos|cuantas", "number of": "número de|cantidad de", "different": "diferentes|distintos|distintas",
        "average": "promedio de|promedio|media de|media|medio", "total": "suma de|suma", "median": "mediana",
        "highest": "más alto|más alta|más altos|más altas|más grande|más grandes|máximo|máxima|máximos|máximas|mayor|más", "lowest": "más bajo|más baja|más bajos|más bajas|más pequeño|más pequeña|mínimo|mínima|mínimos|mínimas|menor|menos", "top": "mejores|primeros|primeras|mayores",
        "by": "por|para cada", "over time": "a lo largo del tiempo|con el tiempo|en el tiempo", "trend of": "evolución de|evolución",
        "share of": "proporción de|participación de|cuota de|parte de", "percent of": "porcentaje de|porcentaje|por ciento de", "distribution of": "distribución de", "correlation between": "correlación entre|relación entre",
        "missing values in": "valores faltantes en|datos faltantes en|valores perdidos en", "missing values": "valores faltantes|datos faltantes|valores perdidos",
        "show": "muéstrame|muestra|mostrar|enseña|lista", "rows": "filas|registros", "columns": "columnas", "compare": "compara|comparar", "and": "y|e", "or": "o", "with": "con", "without": "sin|excepto",
        "more than": "más de|mayor que|mayores que|superior a|superiores a", "less than": "menos de|menor que|menores que|inferior a|inferiores a", "between": "entre", "before": "antes de", "after": "después de", "since": "desde", "until": "hasta",
        "which": "qué|cuál|cuáles", "who": "quién", "when": "cuándo", "has": "tiene|tienen", "in": "en", "for": "para", "only": "solo|sólo|solamente", "same": "lo mismo",
        "as a bar chart": "como gráfico de barras|en barras", "as a pie chart": "como gráfico circular", "log scale": "escala logarítmica",
        "month": "mes|meses", "year": "año|años", "day": "día|días", "week": "semana|semanas", "quarter": "trimestre|trimestres", "orders": "pedidos", "customers": "clientes",
        "january": "enero", "february": "febrero", "march": "marzo", "april": "abril", "may": "mayo", "june": "junio", "july": "julio", "august": "agosto", "september": "septiembre", "october": "octubre", "november": "noviembre", "december": "diciembre",
        "": "hay|el|la|los|las|de|del|un|una|unos|unas|es|son|fue|al|por favor|me",
    },
}  # fmt: skip
# Words that only an English question has.
_ENGLISH = frozenset("the of by how many much what which is are show and per average mean between with for over who when where than from each number count list compare do does did".split())
# Words of a language that are others in English or in names (Los Angeles): they alone do not show it.
_SLIGHT = frozenset("los las die war es me al am an el la le les l d a y e o un on et en pro par sin con plus ab des solo".split())
_PREFIXES = {"gesamt": "total", "durchschnitts": "average", "höchst": "highest"}
_WORD = re.compile(r"[^\W\d_]+")


def _phrases(table):
    return {tuple(p.split()): english for english, texts in table.items() for p in texts.split("|")}


_PHRASES = {name: _phrases(table) for name, table in TONGUES.items()}
_LONGEST = max(len(p) for table in _PHRASES.values() for p in table)


def english(question, vocabulary):
    """The question in English where it is in one of the languages, else as it is. Names and values of the table stay."""
    words = [w.lower() for w in _WORD.findall(question)]
    if not words or _ENGLISH & set(words):
        return question
    made = {name: _said(question, table, vocabulary) for name, table in _PHRASES.items()}
    name = max(made, key=lambda n: made[n][1])
    text, known, strange = made[name]
    return text if known and strange <= known else question


def _said(question, table, vocabulary):
    """The question with the phrases of a language replaced, how many of its words they were, and how many words nothing is known of."""
    pieces = re.findall(r'"[^"]*"|[^\W\d_]+|[\d.,]*\d%?|[<>=!]+|[,;]', question)
    out, known, strange, i = [], 0, 0, 0
    while i < len(pieces):
        run = [p.lower() for p in pieces[i : i + _LONGEST]]
        kept = next((n for n in (3, 2) if len(run) >= n and tuple(map(stem, run[:n])) in vocabulary.values), 0)
        if kept:
            out += pieces[i : i + kept]
            i += kept
            continue
        n = next((n for n in range(len(run), 0, -1) if tuple(run[:n]) in table and (n > 1 or not _names(pieces[i], vocabulary))), 0)
        if n:
            out.append(table[tuple(run[:n])])
            known += sum(w not in _SLIGHT for w in run[:n]) if n == 1 else n
        else:
            out.append(_uninflected(pieces[i], vocabulary))
            known += out[-1] != pieces[i] and " " in out[-1]
            strange += pieces[i][0].isalpha() and not _known(out[-1], vocabulary)
        i += n or 1
    if not known and strange == 0:
        known = sum(p.lower() in ("par", "pro", "des", "en", "solo") for p in pieces)  # ventes par région
    return " ".join(filter(None, out)), known, strange


def _names(word, vocabulary):
    """Whether a word is a name or a value of the table; articles and the like are none, unless they are written as a value."""
    key = (stem(word),)
    return len(word) > 2 and (vocabulary.column(key) is not None or key in vocabulary.values)


def _known(text, vocabulary):
    word = text.split()[-1]
    return _names(word, vocabulary) or any(word.lower() in g or stem(word) in g for g in lexicon.SYNONYMS) or bool(lexicon.PHRASES.get((word.lower(),))) or vocabulary.near((stem(word),)) is not None


def _uninflected(word, vocabulary):
    """A noun as the table or the synonyms have it: Umsatz for Umsatzes and Umsätze."""
    if _names(word, vocabulary) or len(word) < 5:
        return word
    for prefix, english in _PREFIXES.items():
        rest = word[len(prefix) :]
        if word.lower().startswith(prefix) and (_names(rest, vocabulary) or any(rest in g for g in lexicon.SYNONYMS)):
            return f"{english} {rest}"
    for end in ("es", "en", "er", "s", "n", "e"):
        bare = word[: -len(end)]
        if word.lower().endswith(end) and (_names(bare, vocabulary) or any(bare.lower() in g for g in lexicon.SYNONYMS)):
            return bare
    return word
