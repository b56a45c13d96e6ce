"""What the words in a column's name say about its values."""

import functools
import re
import unicodedata

# Measures whose totals mean something, the most telling first.
FLOW = frozenset(
    """revenue sales turnover amount amt gross profit profits net cost costs spend spent spending expense expenses expenditure
    quantity qty units unit orders order count counts visits clicks views impressions conversions downloads installs sessions
    pageviews passengers deaths births cases fatalities offences offenses crimes incidents accidents injuries injured
    casualties killed wounded arrests generation production produced output consumption consumed emissions imports exports
    import export rainfall precipitation precip rain snowfall donations donation votes tickets goals wins losses runs hits trips
    rides rentals rented arrivals departures tourists visitors attendance enrolments enrollments enrolment enrollment
    applications admissions admitted doses vaccinations shipments shipped deliveries delivered sold kwh mwh gwh twh energy fuel
    shares freight shipping subtotal tax taxes tip tips fee fees payment payments payout claims transactions hires bookings calls complaints
    purchases purchased returns refunds registrations signups hours minutes items pieces tonnes tons harvest catch yielded
    migrants immigrants emigrants marriages divorces budget budgets budgeted actual actuals appropriation appropriations streams plays likes comments posts messages shots assists homers rbi rbis walks strikeouts bases touchdowns interceptions sacks fouls
    uebernachtungen ubernachtungen übernachtungen logiernachte logiernächte ankunfte ankünfte besuche besucher gaste gäste nuitees nuitées pernoctaciones umsatz umsaetze betrag menge anzahl kosten ausgaben einnahmen erloes gewinn stueckzahl faelle geburten todesfaelle
    ventes montant quantite recettes depenses couts nombre naissances deces ventas importe cantidad ingresos gastos
    monto unidades nacimientos muertes vendite importo quantita ricavi omzet bedrag aantal vendas quantidade receita
    prodazhi summa kolichestvo продажи выручка сумма количество расходы доход прибыль""".split()
)
# Levels at a moment: they add up over groups, not over time.
STOCK = frozenset(
    """population pop inventory stock balance headcount fte ftes students pupils teachers employees staff workers members subscribers followers users debt assets
    liabilities area acreage households houses dwellings beds vehicles capacity installed reserves deposits gdp gnp
    bevoelkerung einwohner bestand poblacion habitants habitantes inhabitants residents население""".split()
)
# What is neither summed nor a level that adds up, whatever else the name says.
LEVEL = frozenset(
    """price prices mean avg average median rating score scores temperature temp humidity pressure speed velocity density age
    worst ages height width length depth thickness altitude elevation income incomes salary wage wages capita level
    ph efficiency accuracy probability prob std stdev variance var min max minimum maximum low high open close closing adj rank
    ranking percentile quantile expectancy percap percapita voltage current frequency magnitude mag bmi iq gpa grade carat cholesterol glucose
    sleep awake horsepower displacement acceleration index idx latitude longitude ratio per rate weight distance intensity
    concentration wind deviation error sd se preis preise alter groesse temperatur einkommen gehalt prix precio precios edad prezzo
    prijs leeftijd preco idade цена возраст температура""".split()
)
RATE = frozenset(
    """rate rates ratio percent pct percentage share proportion fraction margin growth change yield interest discount
    probability prob utilization utilisation occupancy penetration prevalence incidence anteil quote prozent taux tasa
    porcentaje tasso percentuale доля процент""".split()
)
# The same, in scripts that are not parted into words: looked for anywhere in a name.
_FLOW_PARTS = ("売上", "数量", "金額", "件数", "人数", "個数", "销售", "銷售", "数目", "金额", "收入", "利润", "매출", "수량", "금액", "건수", "ยอดขาย", "จำนวน", "बिक्री", "मात्रा", "مبيعات", "كمية", "المبلغ")
_STOCK_PARTS = ("人口", "在庫", "库存", "庫存", "인구", "재고", "ประชากร", "जनसंख्या", "السكان")
_LEVEL_PARTS = ("単価", "价格", "單價", "单价", "價格", "価格", "평균", "가격", "率", "比", "气温", "気温", "温度", "年齢", "年龄", "기온", "ราคา", "मूल्य", "السعر")

ID = frozenset("id ids uid uuid guid key index idx rownum rownames sr serial isbn ssn phone telephone tel mobile fax iban account imei vin barcode ean upc hash token".split())
# Numbers of things: an identifier where each is another, a code where they come back.
CODE = frozenset(
    """zip zipcode postcode postal plz fips tract geoid code codes class classe pclass klasse type typ category cat cluster label
    labels group grp ward district precinct block route sku icd naics sic cpt ndc nuts iso area_code channel segment
    status state region county dept department division team sector zone line room flight batch lot version target species codigo
    cod código kode kod bin cohort fold split experiment trial subject participant respondent patient fp fips bucket quintile decile tercile ce""".split()
)
NUMBER = frozenset("no nr num number nummer numero número numéro #".split())
ORDINAL = frozenset("rating ratings stars star score level grade rank ranking priority severity satisfaction likert quality stage tier round pclass difficulty".split())
YEAR = frozenset("year years yr jahr año ano année annee anno год 年 年度 year_ jaar rok season".split())
_OF_TIME = frozenset("fiscal calendar school academic survey report reporting data season tax financial crop water the of obs observation record time period sales order week".split())
DATE = frozenset("date dates datetime time timestamp ts day month week period when datum zeit fecha data jour dato дата created at 日 日期 日付 날짜 updated".split())
# Dates that tell something of the row's subject, not when the row was recorded.
_RECORD = frozenset("birth born dob birthday built founded founding opened established expiry expires expiration due end ended finish closed modified updated update death died renovated remodel add release released model hire hired join joined manufactured garage yrbuilt".split())
PLACES = {"country", "countries", "nation", "state", "province", "region", "county", "city", "municipality", "district"}
LATITUDE = frozenset("lat latitude breitengrad latitud широта 纬度 緯度".split())
LONGITUDE = frozenset("lon lng long longitude laengengrad längengrad longitud долгота 经度 経度".split())
PARTS = {  # part of a date: words, lowest and highest number
    "quarter": (frozenset("quarter qtr quartal trimestre".split()), 1, 4),
    "month": (frozenset("month mon monat mes mois mese mnth mo 月 月份 месяц".split()), 1, 12),
    "week": (frozenset("week wk woche semaine semana".split()), 0, 53),
    "weekday": (frozenset("weekday dow dayofweek day_of_week wochentag".split()), 0, 7),
    "day": (frozenset("day tag jour dia día dayofmonth".split()), 1, 31),
    "hour": (frozenset("hour hr stunde heure hora".split()), 0, 24),
}
MONTHS = "january february march april may june july august september october november december".split()
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()

_ORDERS = [
    [d[:3] for d in WEEKDAYS], WEEKDAYS, [m[:3] for m in MONTHS], MONTHS,
    "q1 q2 q3 q4".split(), "spring summer autumn winter".split(), "spring summer fall winter".split(), "winter spring summer fall".split(),
    "xxs xs s m l xl xxl xxxl".split(), "small medium large".split(), "small medium large huge".split(), "extra small|small|medium|large|extra large".split("|"),
    "very low|low|medium|high|very high".split("|"), "low moderate high".split(), "low normal high".split(), "low middle high".split(), "low medium high critical".split(),
    "minor moderate major severe critical".split(), "mild moderate severe".split(), "never rarely sometimes often always".split(),
    "very poor|poor|fair|good|very good|excellent".split("|"), "fair|good|very good|premium|ideal".split("|"), "poor average good excellent".split(),
    "bad average good".split(), "bronze silver gold platinum".split(), "beginner intermediate advanced expert".split(), "junior mid senior lead".split(),
    "strongly disagree|disagree|neither agree nor disagree|agree|strongly agree".split("|"), "strongly disagree|disagree|neutral|agree|strongly agree".split("|"),
    "very dissatisfied|dissatisfied|neutral|satisfied|very satisfied".split("|"),
    "first second third fourth fifth".split(), "one two three four five six seven eight nine ten".split(), "morning afternoon evening night".split(),
    "breakfast lunch dinner".split(), "child teenager adult senior".split(), "primary secondary tertiary".split(), "freshman sophomore junior senior".split(),
]  # fmt: skip
TOTAL = re.compile(r"(?:(?:grand|sub)?[ -]?total|total(?:s| general| général| generale| geral)?|all (?:rows|regions|countries|groups|products|categories)|sum(?:me|ma)?|gesamt(?:summe)?|insgesamt|somme|suma|итого|всего|合計|合计|總計|总计|総計|小計|합계|총계|รวม|कुल|المجموع)\W*", re.I)
MAYBE_TOTAL = re.compile(r"(?:all|any|both(?: sexes)?|overall|world|total .{1,40}|.{1,40} total|alle|tous|todos|tutti|全体|全国|계)", re.I)


@functools.lru_cache(4096)
def of(name):
    """The words of a name in lower case: "unitPrice (EUR)" is unit, price, eur."""
    name = re.sub(r"(?<![A-Za-z])[kMGT]Wh?(?![A-Za-z])", lambda m: m[0].lower(), str(name))
    name = re.sub(r"([a-z\d])([A-Z])", r"\1 \2", name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", name)
    return tuple(re.findall(r"[^\W_]+|#|%", name.lower()))


@functools.lru_cache(4096)
def plain(text):
    """A text to compare by: lower case, without accents, one blank between words."""
    text = unicodedata.normalize("NFKD", str(text).casefold())
    return " ".join("".join(c for c in text if not unicodedata.combining(c)).split())


def has(name, words):
    """Whether one of the words is in a name, also as an ascii spelling of it."""
    mine = of(name)
    return any(w in words or plain(w) in words for w in mine)


def additive(name):
    """"flow" for what adds up, "stock" for a level that adds up over groups only, "" for neither or not known."""
    mine = of(name)
    lower = name.lower()
    if any(p in lower for p in _LEVEL_PARTS):
        return ""
    if any(p in lower for p in _STOCK_PARTS):
        return "stock"
    if any(p in lower for p in _FLOW_PARTS):
        return "flow"
    if not mine or "%" in mine or set(mine) & {"pct", "percent", "percentage", "per", "capita", "log", "z", "normalized", "norm", "economy"} or re.search(r"/\s?[kmgt]wh", lower):
        return ""
    if len(mine) > 1 and mine[-1] in {"in", "into", "at"}:  # minutes_in: where, not how many
        return ""
    if {"cumulative", "cum", "cumul"} & set(mine):
        return "stock"
    strong = set(mine) & (RATE | LEVEL)
    if strong - {"net", "high", "low", "max", "min", "weight", "change", "discount", "yield", "wind", "current", "open", "close", "length", "distance"}:
        return ""
    if mine[-1:] in (("amount",), ("total",)) and set(mine) & {"discount", "discounts"}:
        return "flow"
    if set(mine) & {"change", "growth", "unit", "discount", "yield"} and len(mine) > 1:
        return ""
    if mine[:1] in (("n",), ("num",), ("nb",), ("number",), ("no",), ("#",)) and len(mine) > 1:
        return "flow"
    ascii_words = {plain(w).replace("ß", "ss") for w in mine} | set(mine)
    if ascii_words & STOCK and not ascii_words & {"growth"}:
        return "stock"
    if ascii_words & FLOW and not strong & {"max", "min", "high", "low", "open", "close"}:
        return "flow"
    if mine == ("story", "points"):
        return "flow"
    if set(mine) & {"sick", "absence", "absences", "overtime"}:
        return "flow"
    if mine[-1:] == ("total",) or (mine[:1] == ("total",) and len(mine) > 1 and mine[1] not in {"cholesterol", "bilirubin", "protein", "phenols", "acidity", "sulfur"}):
        return "flow"
    return ""


def telling(name):
    """How likely a measure is the one that a table is about: lower is more."""
    first = "revenue sales turnover umsatz ventes ventas amount total gross profit generation production deaths cases passengers".split()
    mine = of(name)
    return min((first.index(w) for w in mine if w in first), default=len(first))


_DEDUCTED = frozenset("discount discounts discounted refund refunds refunded tax taxes fee fees shipping tip tips deposit rebate vat commission".split())


def deducted(name):
    """Whether an amount is but a part of what was paid, or goes back: a discount, a tax, a fee."""
    return bool(set(of(name)) & _DEDUCTED)


def is_rate(name):
    mine = of(name)
    return "%" in mine or "%" in name or bool(set(mine) & RATE) or "per" in mine[1:]


def time_year(name):
    """Whether a column of years tells when a row was recorded, not something of its subject."""
    mine = set(of(name))
    return bool(mine & YEAR) and not mine & _RECORD and mine <= YEAR | _OF_TIME | NUMBER


def recorded(name):
    """Whether a date tells of the subject (a birth, a deadline), not of the time of the row."""
    return bool(set(of(name)) & _RECORD)


def order(values):
    """Values that have an order of their own, in it; None where they have none."""
    spelled = {plain(v): v for v in values}
    if len(spelled) < 2 or len(spelled) != len(values):
        return None
    for known in _ORDERS:
        if set(spelled) <= set(known):
            return [spelled[k] for k in known if k in spelled]
    for names in (WEEKDAYS, MONTHS):
        at = {v: next((i for i, n in enumerate(names) if len(t.rstrip(".")) >= 3 and n.startswith(t.rstrip("."))), None) for t, v in spelled.items()}
        if None not in at.values() and len(set(at.values())) == len(at):
            return sorted(at, key=at.get)
    bands = {}
    for text, value in spelled.items():
        m = re.fullmatch(r"(?:(?:under|below|less than|up to|<=?|over|above|>=?|age|ages|aged)\s*)?\$?(\d[\d,.]*)\s*(k|m)?(?:\s*(?:-|–|to|and|\+|years?|yrs?|under|over|older|or more|or over|and over)\s*\$?\d*[\d,.]*\s*(?:k|m)?)*(?:\s*(?:years?|yrs?|old|over|older|more|up))*", text)
        if not m:
            return None
        number = float(m[1].replace(",", "").rstrip(".") or 0) * {"k": 1e3, "m": 1e6, None: 1}[m[2]]
        bands[value] = number - (0.5 if re.match(r"under|below|less|up to|<", text) else 0) + (0.5 if re.match(r"over|above|>", text) else 0)
    return sorted(bands, key=bands.get)


def total(name, shown=None):
    """The total of a column in words; of one that is named so, its sum."""
    return f"{'sum of' if set(of(name)) & {'total', 'totals', 'sum'} else 'total'} {shown or name}"
