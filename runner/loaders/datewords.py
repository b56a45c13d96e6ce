"""Dates as people write them, with names of months and days in many languages: each as the usual form of the same."""

import functools
import re

# Names of months and of days as CLDR has them, lower case: English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish,
# Danish, Norwegian, Polish, Russian, Ukrainian, Czech, Turkish, Finnish, Greek, Romanian, Hungarian, Indonesian, Bulgarian, Slovak,
# Slovene, Serbian, Estonian, Lithuanian, Latvian, Catalan, Icelandic, Malay, Hebrew, Arabic; Vietnamese has numbers.
_MONTHS = {
    1: "january januar jänner janvier enero gennaio janeiro januari stycznia styczeń jan janv ene genn gen sty янв января январь січня ledna leden led ocak oca tammikuuta tammikuu tammi ιανουαρίου ιαν ianuarie ian január януари januára jaanuar sausio janvāris gener janúar ינואר בינואר يناير јануар",
    2: "february februar feber février febrero febbraio fevereiro februari lutego luty feb févr fév febr fev lut февр фев февраля февраль лютого února únor úno şubat şub helmikuuta helmikuu helmi φεβρουαρίου φεβ februarie február февруари februára veebruar vasario februāris febrer febrúar פברואר בפברואר فبراير фебруар",
    3: "march märz mars marzo março maart marts marca marzec mar mrz mär mrt марта март мар березня března březen bře mart maaliskuuta maaliskuu maalis μαρτίου μαρ martie március márc maret märts kovo març מרץ במרץ مارس mac",
    4: "april avril abril aprile kwietnia kwiecień apr avr abr kwi апр апреля апрель квітня dubna duben dub nisan nis huhtikuuta huhtikuu huhti απριλίου απρ aprilie április ápr април apríla apríl aprill balandžio aprīlis אפריל באפריל أبريل",
    5: "may mai mayo maggio maio mei maj maja mag мая май травня května květen kvě mayıs toukokuuta toukokuu touko μαΐου μαι május máj mája gegužės maijs maig maí מאי במאי مايو мај",
    6: "june juni juin junio giugno junho czerwca czerwiec jun giu cze июн июня июнь червня června červen čvn haziran haz kesäkuuta kesäkuu kesä ιουνίου ιουν iunie iun június jún юни júna juuni birželio jūnijs juny júní יוני ביוני يونيو јун јуни",
    7: "july juli juillet julio luglio julho lipca lipiec jul juil lug lip июл июля июль липня července červenec čvc temmuz tem heinäkuuta heinäkuu heinä ιουλίου ιουλ iulie iul július júl юли júla juuli liepos jūlijs juliol júlí יולי ביולי يوليو јул јули julai",
    8: "august août agosto augustus augusti sierpnia sierpień aug ago sie авг августа август серпня srpna srpen srp ağustos ağu elokuuta elokuu elo αυγούστου αυγ augusztus agustus agt avgust avgusta augusta rugpjūčio augusts agost ágúst אוגוסט באוגוסט أغسطس ogos",
    9: "september septembre septiembre settembre setembro września wrzesień sep sept set sett wrz сент сен сентября сентябрь вересня září zář eylül eyl syyskuuta syyskuu syys σεπτεμβρίου σεπ septembrie szeptember szept септември septembra rugsėjo septembris setembre ספטמבר בספטמבר سبتمبر септембар septembar",
    10: "october oktober octobre octubre ottobre outubro października październik oct okt ott out paź окт октября октябрь жовтня října říjen říj ekim eki lokakuuta lokakuu loka οκτωβρίου οκτ octombrie október октомври oktobra októbra oktoober spalio oktobris אוקטובר באוקטובר أكتوبر октобар oktobar",
    11: "november novembre noviembre novembro listopada listopad nov lis нояб ноя ноября ноябрь листопада kasım kas marraskuuta marraskuu marras νοεμβρίου νοε noiembrie noi ноември novembra lapkričio novembris nóvember נובמבר בנובמבר نوفمبر новембар novembar",
    12: "december dezember décembre diciembre dicembre dezembro grudnia grudzień dec dez déc dic gru дек декабря декабрь грудня prosince prosinec aralık ara joulukuuta joulukuu joulu δεκεμβρίου δεκ decembrie desember des декември decembra detsember gruodžio decembris desembre דצמבר בדצמבר ديسمبر децембар decembar disember",
}
MONTHS = {name: n for n, names in _MONTHS.items() for name in names.split()}
_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Names with marks above and below their letters, which are no letters to Python: Thai and Hindi.
_MARKED = {
    name: _ENGLISH[i]
    for names in (
        "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม",
        "ม.ค. ก.พ. มี.ค. เม.ย. พ.ค. มิ.ย. ก.ค. ส.ค. ก.ย. ต.ค. พ.ย. ธ.ค.",
        "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
        "जनवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितम्बर अक्तूबर नवम्बर दिसम्बर",
    )
    for i, name in enumerate(names.split())
}
_MARKED_NAME = re.compile("|".join(map(re.escape, sorted(_MARKED, key=len, reverse=True))))
_DAYS = set(
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun mo tu we th fr sa su"
    " montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag di mi do so"
    " lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim"
    " lunes martes miércoles jueves viernes sábado domingo mié jue vie sáb dom"
    " lunedì martedì mercoledì giovedì venerdì sabato domenica gio sab"
    " segunda-feira terça-feira quarta-feira quinta-feira sexta-feira seg ter qua qui sex"
    " maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ma wo vr za zo"
    " måndag tisdag onsdag torsdag fredag lördag söndag mån tis ons tor tors fre lör sön mandag tirsdag lørdag søndag man tir lør søn"
    " poniedziałek wtorek środa czwartek piątek sobota niedziela pon wt śr czw pt pią sob ndz"
    " понедельник вторник среда четверг пятница суббота воскресенье пн вт ср чт пт сб вс"
    " pondělí úterý středa čtvrtek pátek neděle po út st čt pá ne"
    " pazartesi salı çarşamba perşembe cuma cumartesi pazar maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai ke pe la"
    " le den am el il on".split()  # articles in front of a date
)
ZONES = {
    "Z": "+00:00", "UTC": "+00:00", "GMT": "+00:00", "UT": "+00:00", "CET": "+01:00", "CEST": "+02:00", "EET": "+02:00", "EEST": "+03:00", "WET": "+00:00", "WEST": "+01:00", "BST": "+01:00", "MSK": "+03:00", "MEZ": "+01:00", "MESZ": "+02:00",
    "EST": "-05:00", "EDT": "-04:00", "CDT": "-05:00", "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00", "JST": "+09:00", "KST": "+09:00", "AEST": "+10:00", "AEDT": "+11:00",
}  # fmt: skip
_ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018, "民國": 1911, "民国": 1911}  # the year before the first
_ERA = re.compile(rf"({'|'.join(_ERAS)})\s?(\d{{1,3}}|元)\s?年")
_HALVES = {  # the words for am and pm, in front of a time or behind it
    "am": "上午 午前 오전 π.μ. πμ ص öö de. dop. sa",
    "pm": "下午 午後 오후 μ.μ. μμ م ös du. odp. ch",
}
_HALF_OF = {word: half for half, words in _HALVES.items() for word in words.split()}
_HALF = re.compile(rf"(?<![^\W\d_])({'|'.join(map(re.escape, sorted(_HALF_OF, key=len, reverse=True)))})(?![^\W\d_])", re.I)
_TIME = re.compile(r"(?<![\d:])\d\d?:\d\d(?::\d\d)?(?![\d:])")
_VIETNAMESE = re.compile(r"(?:ngày )?(\d\d?) tháng (\d\d?),? (?:năm )?(\d{4})", re.I)
_ZONE = rf"[+-]\d\d:?\d\d|[+-]\d\d|(?:{'|'.join(ZONES)})(?![a-z])"
_WEEKDAY = re.compile(r"([^\W\d_]+(?:-feira)?)[.,]*\s*(?=\S)")
_BEHIND = re.compile(r"\s*(?:[(（][^\W\d]{1,12}\.?[)）]|\[[\w/+-]+\]|[星期周][一二三四五六日天]|г\.?|года)$")
_COLONS = re.compile(
    rf"(?:(?<=\d)T|(?<![\d.:])|(?<=/\d{{4}}):)(\d\d?)[:hH](\d\d)(?::(\d\d)(?:[.,](\d{{1,9}}))?)?\s?([ap])?(?(5)\.?\s?m\b\.?)\s?(?:uhr|hrs?|h)?\s?(?:(?:GMT|UTC)?({_ZONE}))?(?![\d:])", re.I
)
_POINTS = re.compile(rf"(?<=\S)\s+(\d\d?)\.(\d\d)(?:\.(\d\d)(?:[.,](\d{{1,9}}))?)?\s?([ap])?(?(5)\.?m\.?)\s?(?:uhr)?\s?({_ZONE})?$", re.I)
_HOUR = re.compile(rf"\s+(\d\d?)()()()\s?([ap])\.?m\.?\s?({_ZONE})?$", re.I)
_BLANKS = str.maketrans({c: " " for c in "\u00a0\u202f\u2009"})
_FILLER = re.compile(r"(?:\b(?:at|um|à|a las|alle|às|kl|klo|om|o|on|the|de|del|di|da|do|of)\b\.?|[,·|–—T]|\s)+$", re.I)
_PART = re.compile(r"\d+|[^\W\d_]+")
_BETWEEN = re.compile(r"(?:\s|[-./_:,'’年月日号년월일]|st\b|nd\b|rd\b|th\b|er\b|[ºª°]|\b(?:of|de|del|di|the|gada|m|d|พ\.ศ)\b)*", re.I)


@functools.lru_cache(maxsize=1 << 12)
def usual(text):
    """The date as 2024-03-05, or where the order of its parts is open with the signs that it has (5/3/2024), with its time
    and zone behind it; None where it is no date."""
    text = _VIETNAMESE.sub(r"\3-\2-\1", text.strip().translate(_BLANKS))
    if not text.isascii():
        text = _MARKED_NAME.sub(lambda m: _MARKED[m[0]], text)
        text = _ERA.sub(lambda m: f"{_ERAS[m[1]] + (1 if m[2] == '元' else int(m[2]))}年", text)
    if ":" in text and (half := _HALF.search(text)) and (time := _TIME.search(text[: half.start()] + " " * len(half[0]) + text[half.end() :])):
        bare = text[: half.start()] + " " * len(half[0]) + text[half.end() :]
        text = f"{bare[: time.end()]} {_HALF_OF[half[0].lower()]} {bare[time.end() :]}".strip()
    if not 6 <= len(text) <= 60 or not any(c.isdigit() for c in text):
        return None
    if not text[-1].isdigit():
        text = _BEHIND.sub("", text)
    text = text.strip("[]")
    m = None if text[:1].isdigit() else _WEEKDAY.match(text)
    if m and m[1].lower() in _DAYS:
        return (_read(text) if m[1].lower() in MONTHS else None) or _read(text[m.end() :])  # mar. is a day and a month in French
    return _read(text)


def _read(text):
    if not any(c in text for c in ":hH") and (day := _day(text.rstrip(" ,"))):
        return day
    for pattern in (_COLONS, _POINTS, _HOUR):
        if m := pattern.search(text):
            day, clock = _day(_trimmed(text[: m.start()].rstrip(":") + " " + text[m.end() :])), _clock(m)
            if day and clock:
                return day + clock
    return _day(text.rstrip(" ,"))


def _trimmed(text):
    """What stands beside a time, without the words that join them."""
    return _FILLER.sub("", text.strip(" ,·")).strip(" ,·")


def _clock(m):
    """The time of day as 14:05:06+01:00; None where it is none."""
    hour, minute, second, part, half, zone = m.groups()
    hour = int(hour)
    if half and not 1 <= hour <= 12 or hour > 23 or int(minute or 0) > 59 or int(second or 0) > 60:
        return None
    hour = hour % 12 + 12 * (half.lower() == "p") if half else hour
    offset = ZONES.get((zone or "").upper(), zone or "")
    if offset and ":" not in offset:
        offset = offset[:3] + ":" + (offset[3:] or "00")
    return f" {hour:02}:{minute or '00'}:{second or '00'}{'.' + part[:6].ljust(6, '0') if part else ''}{offset}"


def _day(text):
    """The day alone; None where the text has other parts than a day, a month and a year."""
    parts = _PART.findall(text)
    words = [p for p in parts if not p.isdigit() and p.lower() in MONTHS]
    if len(words) > 1 or not _BETWEEN.fullmatch((text.replace(words[0], " ", 1) if words else text).translate(_DIGITS)):
        return None
    numbers = [p for p in parts if p.isdigit()]
    if not words:
        return _numeric(text, numbers)
    month, at = MONTHS[words[0].lower()], parts.index(words[0])
    if len(numbers) == 2:
        first, last = numbers
        day, year = (last, first) if len(first) == 4 and len(last) < 3 else (first, last)
        if len(day) > 2 or not 1 <= int(day) <= 31:
            return None
        if len(year) == 4:
            return f"{year}-{month:02}-{int(day):02}"
        return f"{int(day)}-{_ENGLISH[month - 1]}-{year}" if len(year) == 2 and at == 1 else None
    if len(numbers) == 1 and len(numbers[0]) == 4:
        return f"{numbers[0]}-{month:02}-01"
    if len(numbers) == 1 and len(numbers[0]) == 2 and at == 0:  # a year, unless the column's others tell that these are days
        return f"{_ENGLISH[month - 1]}-{numbers[0]}"
    return None


_DIGITS = str.maketrans("", "", "0123456789")


def _numeric(text, numbers):
    """Three numbers: the year first, or in whichever order, with the sign between them."""
    if len(numbers) == 2 and len(numbers[0]) == 4 and re.search(r"[月월]", text) and 1 <= int(numbers[1]) <= 12:
        return f"{numbers[0]}-{int(numbers[1]):02}-01"
    if len(numbers) != 3:
        return None
    a, b, c = numbers
    sign = re.sub(r"[\d\s年月日号년월일_:]", "", text)
    if len(a) == 4 and len(b) <= 2 and len(c) <= 2:
        return f"{a}-{int(b):02}-{int(c):02}"
    if len(set(sign)) != 1 or sign[0] not in "-./" or len(a) > 2 or len(b) > 2 or len(c) not in (2, 4):
        return None
    return sign[0].join(numbers)
