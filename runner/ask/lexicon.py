"""The words of questions: what they ask for, whatever the table."""

import re

from attache.analyze import words

AGGS = {
    "mean": "average|mean|avg|on average|usually|normally|usual|typical|typically|averaged|averages|means",
    "sum": "total|sum|sum of|altogether|in total|overall|combined|summed|add up|in all|totals|sum up",
    "max": "maximum|max|highest|largest|biggest|greatest|peak|most|best|peaked|record high|top",
    "min": "minimum|min|lowest|smallest|least|fewest|worst|record low|bottom",
    "median": "median|middle|midpoint|medians",
    "count": "how many times|count|headcount|head count|number of|how many|count of|counts|no of|how often",
    "nunique": "unique|distinct|different|number of different|number of unique|number of distinct|how many different|how many distinct|how many unique|how many diff|number of diff",
    "std": "standard deviation|std|stdev|std dev|variability|sd",
    "var": "variance",
    "range": "range|range of",
    "mode": "most common|most frequent|commonest|most popular|mode|most often|most frequently",
    "rare": "least common|rarest|least frequent|least popular",
}
# Superlatives that imply a measure: what they ask for, and words of its name.
IMPLIED = {
    "oldest": ("max", "age"), "youngest": ("min", "age"), "cheapest": ("min", "price cost fare"), "priciest": ("max", "price cost fare"),
    "most expensive": ("max", "price cost fare"), "least expensive": ("min", "price cost fare"), "heaviest": ("max", "weight mass"), "lightest": ("min", "weight mass"),
    "tallest": ("max", "height"), "shortest": ("min", "height length duration distance"), "longest": ("max", "length duration runtime minute hour second distance mile km"), "fastest": ("max", "speed velocity horsepower bpm tempo"),
    "slowest": ("min", "speed velocity horsepower bpm tempo"), "hottest": ("max", "temperature temp"), "warmest": ("max", "temperature temp"), "coldest": ("min", "temperature temp"),
    "coolest": ("min", "temperature temp"), "wettest": ("max", "precipitation rain rainfall"), "rainiest": ("max", "precipitation rain rainfall"), "driest": ("min", "precipitation rain rainfall"),
    "windiest": ("max", "wind"), "richest": ("max", "income gdp wealth worth"), "poorest": ("min", "income gdp wealth worth"), "most populous": ("max", "population pop"),
    "strongest": ("max", "magnitude strength"), "farthest": ("max", "distance"), "furthest": ("max", "distance"), "nearest": ("min", "distance"), "closest": ("min", "distance"), "deepest": ("max", "depth"), "busiest": ("max", ""), "latest": ("max", "date time year"), "newest": ("max", "date time year"), "earliest": ("min", "date time year"),
}  # fmt: skip
COMPARED = {"closer": ("<", "distance"), "nearer": ("<", "distance"), "farther": (">", "distance"), "further": (">", "distance"), "older": (">", "age"), "younger": ("<", "age"), "cheaper": ("<", "price cost fare"), "heavier": (">", "weight mass"), "lighter": ("<", "weight mass"), "taller": (">", "height"), "longer": (">", "length duration runtime distance"), "shorter": ("<", "height length duration runtime distance"), "faster": (">", "speed"), "slower": ("<", "speed"), "hotter": (">", "temperature temp"), "warmer": (">", "temperature temp"), "colder": ("<", "temperature temp")}  # fmt: skip
OPS = {
    ">=": ">=|at least|no less than|not less than|minimum of|at minimum|or more than",
    "<=": "<=|at most|up to|no more than|not more than|maximum of",
    ">": ">|more than|greater than|larger than|bigger than|higher than|over|above|exceeding|exceeds|exceed|bigger|greater",
    "<": "<|less than|under|below|lower than|smaller than|fewer than|beneath",
    "!=": "!=|<>|is not|are not|isn't|aren't|not equal to|other than|was not|were not|wasn't",
    "==": "==|=|equal to|equals|is equal to|equal|exactly",
    "between": "between|from between|in the range",
    "after": "after|later than",
    "before": "before|earlier than|prior to",
    "since": "since|starting|starting in|as of",
    "until": "until|till|through|up until|up to and including",
    "contains": "contains|contain|containing|includes|including|that mention|mentioning",
    "starts": "starts with|starting with|begins with|beginning with|start with|begin with",
    "ends": "ends with|ending with|end with",
}
POSTFIX = {">=": "or more|or higher|or above|or over|and above|and over|and up|or older|or greater|plus", "<=": "or less|or lower|or below|or under|or fewer|and below|and under|or younger"}
WORDS = {
    "by": "by|per|for each|for every|in each|in every|across|grouped by|group by|broken down by|split by|for all|within each|each|every|of each|of every|depending on|for the different|for different",
    "over_time": "over time|over the years|over the year|through time|time series|trend|trends|trend of|evolution|evolve|evolved|evolves|timeline|over the months|over the days|over the period|over the whole period|as time goes by|along time|development|history|change over time|changed over time|changes over time|changed over the years|develop|developed|progression",
    "vs": "vs|versus|against|as a function of|compared to|compared with|relative to",
    "corr": "corr|correl|correlation|correlate|correlated|correlates|correlations|relationship|relation|association|related|dependence|depend on|depends on|linked|connection|relate|relates|relate to|relates to|go with|goes with|go together with|goes together with|move with|moves with|tied to|affect|affects|influence|influences|impact|impacts|impact of|effect of",
    "dist": "distribution|distributed|spread|histogram|histogram of|distribution of|how is|hist",
    "share": "share|percentage|percent|proportion|fraction|what part|portion|shares|percentages|pct|rate",
    "missing": "missing|null|nulls|empty|blank|nan|nas|incomplete|gaps|blanks|unknown values|missings",
    "show": "show|list|display|give|print|find|view|see|filter",
    "which": "which|wich|who|what|whose|where is|where was",
    "when": "when|what day|what date|on which date",
    "rows": "everyone|everybody|anyone|row|rows|record|records|entry|entries|line|lines|observation|observations|item|items|case|cases|sample|samples|data point|data points|example|examples|instance|instances",
    "columns": "columns|fields|variables|column names|column|attributes|features",
    "compare": "gap between|diff between|compare|comparison|comparison of|difference between|differences between|difference|differ|differs|contrast",
    "describe": "describe|summary|summarize|summarise|statistics|stats|overview|describe the|summary of|quantiles|quartiles|key figures",
    "dup": "duplicate|duplicates|duplicated|repeated|duplicate rows|duplicated rows|repeated rows",
    "first": "first|head",
    "last": "last|tail",
    "only": "only|just|restrict to|limited to|restricted to|keep only|filter to|narrow to",
    "without": "without|outside|outside of|other than|except|excluding|exclude|ignoring|but not|leave out|remove|drop|apart from|besides|minus|not",
    "same": "the same|same|again|same thing|do the same|repeat that|repeat|same again|the same thing|likewise",
    "about": "instead|rather|what about|how about|and for|and what about|and in|and how about",
    "sort": "sorted by|sort by|order by|ordered by|sorted|sort|ordered|ranked by|rank by|ranked|rank|order",
    "desc": "descending|desc|highest first|largest first|from high to low|decreasing|most first|biggest first",
    "asc": "ascending|asc|lowest first|smallest first|from low to high|increasing",
    "by name": "sort by name|sorted by name|sort alphabetically|sorted alphabetically|alphabetically|order by name|in alphabetical order|alphabetical order",
    "where": "where|with|whose|when the|that have|having|that has|which have|which has|if|for which|in which|for|in|of|on|among|from|that are|who are|which are|that were|who were|at",
    "log": "log scale|logarithmic scale|logarithmic|log axis|on a log scale|log|logscale|a log scale|log y axis|in log scale",
    "linear": "linear scale|linear axis|linear",
    "sold": "sold|sell|sells|selling",
    "date_range": "first and last date|first and last dates|first and last day|earliest and latest date|earliest and latest dates|date range|range of dates|time range|time span|what period|time period|which period|period covered|what dates|which dates|cover|covers|covered",
}
CHARTS = {
    "bar": "bar chart|bars|bar graph|bar plot|barchart|column chart|bar|barplot|bar diagram",
    "line": "line chart|line graph|line|line plot|lines|linechart|curve",
    "pie": "pie chart|pie|pie graph|donut|donut chart|doughnut chart",
    "scatter": "scatter plot|scatter|scatterplot|scatter chart|scatter graph|points",
    "hist": "histogram chart",
    "box": "box plot|boxplot|box|boxplots|box plots|box and whisker",
    "table": "as table|as a table|table|in a table|numbers only|no chart|without a chart|without chart",
    "plot": "plot|chart|graph|draw|visualize|visualise|diagram|picture",
}
PERIODS = {
    "year": "year|years|yearly|annual|annually|per annum|a year|calendar year",
    "quarter": "quarter|quarters|quarterly|a quarter",
    "month": "month|months|monthly|a month",
    "week": "week|weeks|weekly|a week",
    "day": "day|days|daily|a day|date",
    "hour": "hour|hours|hourly|an hour",
    "decade": "decade|decades",
    "weekday": "weekday|weekdays|day of the week|day of week|days of the week",
    "month of the year": "month of the year|calendar month|months of the year",
    "hour of the day": "hour of the day|hour of day|time of day",
}
NUMBERS = {w: i for i, w in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())} | {"twenty": 20, "fifty": 50, "hundred": 100, "dozen": 12}
# Nouns for the rows of a table that name no column.
NOUNS = frozenset(
    """ppl folks sale people person persons individual individuals passenger passengers customer customers client clients order orders transaction transactions
    purchase purchases product products employee employees student students patient patients participant participants respondent respondents subject subjects
    car cars vehicle vehicles model models flight flights trip trips ride rides house houses home homes property properties listing listings city cities country countries
    penguin penguins animal animals flower flowers plant plants diamond diamonds movie movies film films song songs book books player players team teams game games match matches
    party parties staff worker workers guest guests meal meals visit visits event events accident accidents earthquake earthquakes station stations airport airports school schools company companies store stores
    day days measurement measurements reading readings result results thing things bill bills ticket tickets user users member members invoice invoices bird birds wine wines
    character characters baby babies birth births loan loans planet planets storm storms mammal mammals survey surveys hotel hotels restaurant restaurants hospital hospitals university universities college colleges episode episodes article articles paper papers post posts tweet tweets video videos app apps commit commits pull request requests review reviews payment payments subscription subscriptions deal deals lead leads contact contacts issue issues task tasks incident incidents alert alerts shipment shipments charge charges refund refunds""".split()
)
STOP = frozenset(
    """is are was were be been being the a an to me my our us please can could would should you your i we they them their its it this that these those there here then than do does did done
    have has had having will shall may might must tell what's whats let lets let's want need like know get got give look looks show shows much many how what which who whom whose why as at by in of on or and for from with into
    data dataset file value values figure figures amount amounts level levels between all any some each both total overall so also too but if so-called about per very really just ever generally
    made make makes up out had go went goes come comes coming came happen happened happens occur occurred take takes took taken use used earn earned earns pay paid pays spend spent cost costs earning paying costing buy bought gave gives left wrote won win scored played measured observed received receive contain holds held am born ordered placed visited watched drove flew ate eat eats leave leaves travelling traveling recorded money embark embarked boarded traveled travelled spending live lived lives work works worked reach reached
    lol lmao haha bruh dude pls plz plss thx ty bro bot mate now hey hi hello ok okay thanks thank right exactly currently present given split result results answer question column plot plots see well table group groups category kind same one ones part put turn turned make into them be changed change vary varies varied name names named found appear appears recorded reported gets kinds types type""".split()
)


def _compiled(*tables):
    phrases = {}
    for kind, table in tables:
        for value, text in table.items():
            for phrase in text.split("|"):
                phrases.setdefault(tuple(phrase.split()), (kind, value))
    return phrases


# A phrase of words: (kind, value). The first table to have it wins.
PHRASES = _compiled(
    ("post", POSTFIX),
    ("op", OPS),
    ("agg", {"mode": AGGS["mode"], "rare": AGGS["rare"], "nunique": AGGS["nunique"]}),
    ("chart", CHARTS),
    ("agg", AGGS),
    ("kw", WORDS),
)
PERIOD_PHRASES = _compiled(("per", PERIODS))
LONGEST = max(map(len, [*PHRASES, *PERIOD_PHRASES]))
SYNONYMS = [
    set(g.split())
    for g in (
        "revenue sales turnover amount takings", "quantity qty units pieces", "temperature temp", "precipitation rain rainfall precip", "unemployment unemp", "visibility visib vis", "population pop inhabitants people", "country nation", "sex gender",
        "cost price fare expense", "weight mass weigh weighs", "department dept", "employee emp staff", "number no nr num", "percent pct percentage", "horsepower hp power", "mpg mileage economy",
        "year yr", "salary wage pay income earnings", "category kind type", "city town", "state province", "name title", "height tall", "length long", "amount value spend",
        "date day time", "max maximum high highest", "min minimum low lowest", "avg average mean", "customer client", "product item article lineitem", "score rating rated", "duration runtime", "life lifetime", "expectancy exp lifeexp", "gdp gdppercap",
        "departure dep", "arrival arr", "destination dest", "customer cust", "product prod", "description desc", "address addr", "distance dist", "account acct", "invoice inv", "manufacturer mfr", "location loc", "response resp", "volume vol", "transaction tx",
    )
]  # fmt: skip
# Names of columns in other languages, by one word of their group above or a group of their own.
ABROAD = {
    "revenue": "umsatz umsätze erlös erlöse ventes recettes ventas ingresos facturación vendas receita faturamento fatturato ricavi vendite omzet przychód przychody sprzedaż obrót satış satışlar ciro gelir выручка продажи оборот 销售额 銷售額 营业额 营收 売上 売上高 売上額 매출 매출액",
    "quantity": "menge anzahl stückzahl quantité cantidad unidades quantidade quantità aantal ilość miktar adet количество 数量 수량",
    "price": "preis einzelpreis stückpreis prix precio preço prezzo prijs cena fiyat цена 价格 單價 单价 価格 単価 가격 단가",
    "cost": "kosten coût coûts costo coste costes custo custos costi koszt koszty maliyet стоимость затраты 成本 费用 費用 비용 원가",
    "profit": "gewinn bénéfice beneficio ganancia lucro profitto winst zysk kâr прибыль 利润 利潤 利益 이익",
    "date": "datum fecha data tarih дата 日期 日付 날짜",
    "budget": "presupuesto presupuestos orçamento bilancio begroting budżet bütçe бюджет 预算 預算 予算 예산",
    "region": "gebiet région región região regione regio bölge регион 地区 地區 地域 지역",
    "country": "land pays país paese kraj ülke страна 国家 國家 国 국가",
    "city": "stadt ort ville ciudad cidade città stad miasto şehir il город 城市 都市 市 도시",
    "product": "produkt artikel produit producto produto prodotto ürün продукт товар 产品 產品 商品 製品 제품 상품",
    "customer": "kunde kunden client cliente klient müşteri клиент 客户 客戶 顾客 顧客 고객",
    "category": "kategorie catégorie categoría categoria kategoria kategori категория 类别 類別 分类 カテゴリ カテゴリー 분류 카테고리",
    "age": "alter âge edad idade età leeftijd wiek yaş возраст 年龄 年齡 年齢 나이 연령",
    "salary": "gehalt lohn einkommen salaire revenu salario sueldo salário stipendio salaris wynagrodzenie pensja maaş зарплата 工资 薪资 薪水 給与 給料 급여 연봉",
    "temperature": "temperatur température temperatura temperatuur sıcaklık температура 温度 溫度 气温 氣溫 気温 온도 기온",
    "population": "bevölkerung einwohner población população popolazione bevolking ludność nüfus население 人口 인구",
    "weight": "gewicht poids peso waga ağırlık вес 重量 体重 體重 무게 체중",
    "height": "größe grösse höhe taille hauteur altura estatura altezza hoogte wzrost wysokość boy yükseklik рост высота 高度 身高 身長 키 높이",
    "name": "nombre nome nom naam nazwa imię isim ad имя название 名称 名稱 姓名 名前 氏名 이름",
    "gender": "geschlecht sexe sexo género gênero genere geslacht płeć cinsiyet пол 性别 性別 성별",
    "year": "jahr année año ano anno jaar rok yıl год 年 年份 年度 연도",
    "department": "abteilung département departamento dipartimento afdeling dział bölüm departman отдел 部门 部門 部署 부서",
    "branch": "filiale niederlassung zweigstelle succursale agence sucursal filial vestiging oddział şube филиал 门店 支店 지점",
    "invoice": "rechnung faktura facture factura fatura fattura factuur faktúra счет 发票 請求書 송장",
    "order": "bestellung auftrag commande pedido encomenda ordine bestelling zamówienie sipariş заказ 订单 注文 주문",
    "station": "bahnhof haltestelle gare estación estação stazione stacja istasyon станция 车站 駅 역",
    "departure": "abfahrt abflug départ salida partida partenza vertrek odjazd kalkış отправление 出发 出発 출발",
    "arrival": "ankunft arrivée llegada chegada arrivo aankomst przyjazd varış прибытие 到达 到着 도착",
    "delay": "verspätung verzögerung retard retraso atraso ritardo vertraging opóźnienie gecikme задержка 延误 遅延 지연",
    "duration": "dauer durée duración duração durata duur czas süre длительность 时长 時間 기간",
    "cancelled": "storniert abgesagt ausgefallen annulé annulés annulée annulées cancelado cancelados anulado annullato annullati geannuleerd anulowane iptal отменен 取消 취소",
    "paid": "bezahlt payé payée réglé pagado pagada pago pagato betaald zapłacone ödendi оплачено 已付 支払済 결제",
    "canton": "kanton cantón cantone",
    "municipality": "gemeinde kommune commune municipio município comune gemeente gmina belediye муниципалитет 市町村",
    "train": "zug züge train trains tren trenes trem treno treni trein pociąg поезд 列车 列車 기차",
    "employee": "mitarbeiter employé empleado funcionário dipendente medewerker pracownik çalışan сотрудник 员工 員工 従業員 社員 직원",
}
for _word, _names in ABROAD.items():
    if not any(_word in g for g in SYNONYMS):
        SYNONYMS.append({_word})
    for _group in SYNONYMS:
        if _word in _group:
            _group.update(_names.split())


# What a value is called by other words: of a column that has the value.
CALLED = {"kid": "child", "woman": "female", "lady": "female", "girl": "female", "man": "male", "gentleman": "male", "boy": "male", "japanese": "japan", "american": "usa", "european": "europe", "german": "germany", "french": "france", "british": "uk", "chinese": "china", "indian": "india"}  # fmt: skip

# And by its first letter, in a column of that name.
CALLED_BY_LETTER = {"democrat": ("party", ("d", "dem")), "democratic": ("party", ("d", "dem")), "republican": ("party", ("r", "rep", "gop")), "independent": ("party", ("i", "ind"))}

# Words of their own that are one letter away from a word that asks: no typos of it.
OTHERS = frozenset(
    """early nearly dearly bears ears fears gears hears pears rears sears tears wears arrest belated confection connections convection dependency effects elation relations
    relaxed relayed imparts attribute attributed feature featured beans deans jeans leans meals meats meant overage beaked leaked pealed pecked peeked beast east feast leapt lease leash lest
    yeast worse bedsides outsider outsides outsize resides sealing shelling smelling spelling swelling telling welling yelling bordered combine combines coverall overalls summer tonal coveted
    hovered contract contrasts county court courts fount mount dairy daisy decide decides decode decodes developer developments revolution timelines fiddle media middle middles riddle kissing
    massing messing misting fours ours pours tours yours sampler samplers sentries fraction faction traction geeks leeks seeks weeds orange rage ranger moth moths mouth mouths quartet quartets
    stale slate stake skate prize pride prime tales cite pity fame dame lame tame gate late hate fate mate fear gear bear tear pear coast cast lost post host scope scare store shore core tape hype
    glass lass tile titled beam seam term prayer eight lime dime tide repealed shatter swatter staring starring thorough include included""".split()
)

# How columns of those who go are called, and what is said of those who do, and of the others.
LEAVING = ("attrition", "churn", "churned", "exited", "left", "quit", "resigned")
STAYING = ("stayed", "remained", "retained")

# What says no of a column of yes and no.
OPPOSITES = {"died": "survived", "dead": "survived", "perished": "survived", "drowned": "survived", "die": "survived", "inactive": "active", "unemployed": "employed", "lost": "won", "failed": "passed", "unpaid": "paid", "parttime": "fulltime"}

UNITS = frozenset(
    """kg g mg t lb lbs oz km m cm mm mi ft in l ml gal mph kmh kph hp kw kwh mw gwh usd eur gbp chf min sec s h hr hrs ms °c °f c f deg pts dollar dollars euro euros
    pound pounds cent cents degree degrees celsius fahrenheit mile miles meter meters metre metres kilometer kilometers kilometre kilometres inch inches foot feet
    year years month months minute minutes hour hours second seconds percent ton tons tonne tonnes gram grams kilogram kilograms liter liters litre litres people stars points""".split()
)


def stem(word):
    """A word as it is compared: lower case, without accents, in the singular."""
    w = words.plain(word)
    irregular = {"percap": "percapita", "women": "woman", "men": "man", "children": "child", "people": "person", "countries": "country", "species": "species", "series": "series", "data": "data", "mice": "mouse", "feet": "foot"}
    if w in irregular:
        return irregular[w]
    if len(w) > 4 and w.endswith("ies"):
        return w[:-3] + "y"
    if len(w) > 4 and w.endswith("ie"):
        return w[:-2] + "y"  # one hoodie, two hoodies
    if len(w) > 4 and w.endswith(("sses", "xes", "zes", "ches", "shes")):
        return w[:-2]
    if len(w) > 5 and w.endswith("oes") and not w.endswith("shoes") and w not in ("canoes", "tiptoes"):
        return w[:-2]
    if len(w) > 3 and w.endswith("s") and not w.endswith(("ss", "us", "is")):
        return w[:-1]
    return w


_TOKEN = re.compile(
    r""""(?P<quoted>[^"]+)"|`(?P<code>[^`]+)`|“(?P<curly>[^”]+)”
    |(?P<iso>\d{4}-\d\d?-\d\d?|\d{4}-\d\d(?!\d)|\d\d?/\d\d?/\d{4})
    |[$€£]?(?P<number>[-−]?\d+(?:,\d{3})+(?:\.\d+)?|[-−]?\d*\.?\d+)\s?(?P<unit>%|k\b|m\b|bn\b|million\b|billion\b|thousand\b|°[cf]\b|[a-z]{1,3}\b)?
    |(?P<op>>=|<=|!=|<>|==|[<>=])|(?P<word>[^\W\d_][\w'’]*|\#)|(?P<sep>[,;&])""",
    re.X | re.I,
)

# The names of countries that most tables of countries have: a column of such values is one of countries, whatever its name.
COUNTRIES = frozenset(
    """argentina australia austria belgium brazil canada chile china colombia croatia cuba cyprus denmark egypt estonia ethiopia finland france georgia germany ghana greece hungary iceland india indonesia iran iraq
    ireland israel italy jamaica japan jordan kazakhstan kenya kuwait latvia lebanon lithuania luxembourg malaysia mexico morocco nepal netherlands nicaragua nigeria norway oman pakistan panama paraguay peru philippines
    poland portugal qatar romania russia senegal serbia singapore slovakia slovenia spain sudan sweden switzerland syria taiwan tanzania thailand tunisia turkey uganda ukraine uruguay venezuela vietnam yemen zambia zimbabwe""".split()
)
