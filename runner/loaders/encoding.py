"""The encoding of a text, and the text."""

import codecs
import re

from attache.loaders.source import note

_SAMPLE = 32 << 10  # bytes of lines with non-ASCII characters that decide among the old encodings

# Letters beyond ASCII of the languages written in each 8-bit Latin code page.
_WESTERN = ("äöüßÄÖÜ", "àâçéèêëîïôùûüœÀÂÇÉÈÊÎÔ", "áéíóúñü¿¡ÁÉÍÓÚÑ", "ãõáâàéêíóôúçÃÕÁÉÍÓÚÇ", "àèéìòùÀÈÉ", "åäöæøéÅÄÖÆØ", "áðéíóúýþæöÁÐÉÍÓÚÞÆÖ", "ëïéèöü")
_CENTRAL = ("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "áčďéěíňóřšťúůýžÁČĎÉÍŇÓŘŠŤÚŮÝŽ", "áéíóöőúüűÁÉÍÓÖŐÚÜŰ", "áäčďéíĺľňóôŕšťúýžČĎĽŇŠŤŽ", "čćđšžČĆĐŠŽ", "ăâîşţĂÂÎŞŢ")
_LATIN = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "cp1254": ("çğıöşüÇĞİÖŞÜâî",),
    "mac_roman": _WESTERN,
    "cp850": _WESTERN,
    "iso8859_2": _CENTRAL,
    "cp852": _CENTRAL,
    "cp1257": ("ąčęėįšųūžĄČĘĖĮŠŲŪŽ", "āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽ"),
    "iso8859_15": _WESTERN,
    "cp1258": ("ăâđêôơưĂÂĐÊÔƠƯàáèéùúóíÀÁÈÉÙÚÓÍ",),  # Vietnamese, whose marks follow their letters
}
_SYMBOLS_1252 = re.compile(rb"[\x80\x82-\x8c\x8e\x91-\x9c\x9e-\xbf]+")  # of cp1252, which has its letters above, but for a few
_SCRIPTS = [  # code pages, the letters that make up most of a text, all letters
    (("cp1251", "koi8_r", "cp866", "iso8859_5", "mac_cyrillic", "koi8_u"), "оеаинтсрвлкмдпуябьгзычй", re.compile("[А-Яа-яЁёІіЇїЄєҐґЎў]")),
    (("cp1253", "iso8859_7", "cp737"), "αοιετσνηυρπκμλςίόάέήύώωδγ", re.compile("[Α-Ωα-ωΆ-ώ]")),
    (("cp1256", "iso8859_6"), "اليمنرتوبهعدفسكقحأجةشصىطخضذثغزإظء", re.compile("[ء-ي]")),
    (("cp874",), "านรอกเงม่ีัิ้ยลวดทสตะปบคหแจพชขใไโผ์็ุูำ", re.compile("[กขคงจฉชซญฐณดตถทธนบปผฝพฟภมยรลวศษสหอฤะ-ฺเ-ไ็-์]")),
]
_ONE_BYTE = {"cp1251", "koi8_r", "cp1253", "cp1255", "cp1256"}
_EAST = {"cp932", "euc_jp", "gb18030", "big5", "euc_kr"}
_OTHERS = ["cp932", "euc_jp", "gb18030", "big5", "euc_kr", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "cp1252", "cp1250"]


def detect(data, whole=False):
    """Return the codec that data, or the beginning of it, is written in.

    UTF-8, UTF-16 and UTF-32 are recognised for certain; among the 8-bit and
    East Asian encodings the likeliest is returned, cp1252 when nothing speaks
    for another. Every byte string can be decoded with errors="replace".
    """
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (b"\x84\x31\x95\x33", "gb18030"),
    ):
        if data.startswith(mark):
            return codec
    zeros = data[:4096].count(0)
    odd = data[1:4096:2].count(0)
    if zeros > len(data[:4096]) // 5 and not 0.1 * zeros < odd < 0.9 * zeros:  # every other byte of plain text is zero
        return "utf-16-le" if odd > zeros // 2 else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=whole)
        return "iso2022_jp" if b"\x1b$B" in data or b"\x1b$@" in data else "utf-8"
    except UnicodeDecodeError:
        if _mostly_utf8(data):
            return "utf-8"
        return _legacy(_with_high_bytes(data))


def _mostly_utf8(data):
    """Whether all but a few of the characters beyond ASCII are UTF-8, which no other encoding looks like."""
    beyond = re.findall(r"[^\x00-\x7f]", data.decode("utf-8", "replace"))
    bad = beyond.count("\ufffd")
    return len(beyond) > 8 * bad


def decode(data):
    """Return data as text, and the codec."""
    codec = detect(data, whole=True)
    return data.decode(codec, "replace"), codec


def head(src):
    """Return the beginning of a file as text."""
    codec = detect(src.head, whole=src.size <= len(src.head))
    return codecs.getincrementaldecoder(codec)("replace").decode(src.head)


def tell(src, codec):
    """Say which encoding was guessed, when it was."""
    if not codec.startswith("utf"):
        note(f"{src.name} is not UTF-8; it was read as {codec}.")


def _with_high_bytes(data):
    """The lines that decide, up to a bound."""
    if len(data) <= _SAMPLE:
        return data
    lines, size = [], 0
    for m in re.finditer(rb"[^\r\n]*[\x80-\xff][^\r\n]*[\r\n]?", data):
        lines.append(m.group())
        size += len(lines[-1])
        if size > _SAMPLE:
            break
    return b"".join(lines)[: 2 * _SAMPLE]


def _legacy(sample):
    if set(sample) & set(range(128, 256)) == {0xA0}:
        return "cp1252"  # the blank that does not break; Spanish of DOS has other letters beside á
    runs = re.findall(rb"[\x80-\xff]+", re.sub(rb"(?<=[\xc0-\xff])[\x99\xa9\xae]+(?![\x80-\xff])", b"", sample))  # without what marks names
    if _big5(sample):
        return "big5"
    if _shift_jis(sample):
        return "cp932"
    # Latin scripts have single accented letters among ASCII, others whole words.
    within = re.findall(rb"(?<=[A-Za-z])[\xc0-\xff]{1,2}(?![\x80-\xff])", sample)
    if len(within) > 0.6 * len(runs):
        return _latin(sample)  # Größe
    single = sum(len(r) == 1 for r in runs)
    if single >= 0.6 * len(runs) and single >= 0.3 * sum(map(len, runs)) or all(_SYMBOLS_1252.fullmatch(r) for r in runs):
        return _latin(sample)
    high = b"".join(runs)
    if len(high) >= 30 and all(0xE0 <= b <= 0xFA for b in high):
        return "cp1255"  # Hebrew has no capitals; Russian would show some of ы ь э ю я
    script = _script(sample)
    if script:
        return script
    if _korean(sample):
        return "euc_kr" if _wide(sample, "euc_kr") else "cp949"
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=_OTHERS).best()
    beside = sum(len(r) < 4 for r in re.findall(rb"(?<=[A-Za-z])[\x80-\xff]+(?=[A-Za-z])", sample))  # within words of Latin letters
    mixed = beside > 0.5 * len(runs) and best and best.encoding in _ONE_BYTE
    if best and best.encoding in _EAST:
        words = _wide(sample, best.encoding)
        mixed = sum(w[0] < "\x80" and w[-1] < "\x80" for w in words) > 0.5 * len(words)
    return best.encoding if best and best.encoding not in _LATIN and not mixed else _latin(sample)


def _wide(sample, codec):
    """The words of characters of two bytes, with what is beside them; nothing where the bytes are none of this code."""
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError:
        return []
    return re.findall(r"[A-Za-z]?[^\x00-\x7f]+[A-Za-z]?", text)


def _big5(sample):
    """Whether the bytes are the frequent characters of Big5, whose second byte is often one of ASCII, and beside no letters."""
    words = _wide(sample, "big5")
    pairs = [c.encode("big5") for w in words for c in w if c > "\x7f"]
    plain = sum(w[0] > "\x7f" and w[-1] > "\x7f" for w in words)
    return len(pairs) > 5 and plain >= 0.9 * len(words) and sum(0xA1 <= p[0] <= 0xC6 for p in pairs) >= 0.95 * len(pairs) and sum(p[0] >= 0xA4 for p in pairs) > 0.7 * len(pairs) and sum(p[1] < 0x80 for p in pairs) >= 0.15 * len(pairs)


def _shift_jis(sample):
    """Whether the bytes are kana and the frequent characters of Shift-JIS, whose second byte is often one of ASCII, and beside no letters."""
    words = _wide(sample, "cp932")
    found = [c.encode("cp932") for w in words for c in w if c > "\x7f"]
    plain = sum(w[0] > "\x7f" and w[-1] > "\x7f" for w in words)
    usual = sum(len(c) == 2 and (0x81 <= c[0] <= 0x83 or 0x88 <= c[0] <= 0x97) for c in found)
    return len(found) > 5 and plain >= 0.9 * len(words) and usual >= 0.75 * len(found) and all(len(c) == 2 or 0xA1 <= c[0] <= 0xDF for c in found)


def _korean(sample):
    """Whether the bytes are syllables of Hangul: of the frequent Chinese characters in these places, a text has others as well."""
    found = [c.encode("cp949") for w in _wide(sample, "cp949") for c in w if c > "\x7f"]
    return len(set(found)) > 6 and sum(0xB0 <= p[0] <= 0xC8 and p[1] > 0xA0 for p in found) >= 0.9 * len(found)


def _script(sample):
    """The code page in which the bytes are words of Cyrillic, Greek or Thai letters as often as these are; or None."""
    best, best_score = None, 0.62
    for codecs_, common, letters in _SCRIPTS:
        for codec in codecs_:
            text = sample.decode(codec, "replace")
            words = re.findall(r"[^\x00-\x7f]+", text)
            count = sum(map(len, words))
            good = sum(1 if c in common[:14] else 0.5 if c in common else 0 for w in words for c in w.lower())
            known = sum(bool(letters.match(c)) for w in words for c in w)
            # A capital begins a word, or all of its letters are.
            broken = sum(not (w.isupper() or w[1:] == w[1:].lower()) for w in words) if count else 0
            score = 0.5 * good / count + 0.5 * known / count - 0.5 * broken / len(words) - (known < 0.97 * count)
            if score > best_score + 0.005:
                best, best_score = codec, score
    return best


def _latin(sample):
    best, best_score = "cp1252", -1.0
    old_mac = b"\r" in sample and b"\n" not in sample  # how only its programs ended lines
    for codec, languages in _LATIN.items():
        text = sample.decode(codec, "replace")
        beyond = [(text[max(0, m.start() - 1) : m.start()], m.group(), text[m.end() : m.end() + 1]) for m in re.finditer(r"[^\x00-\x7f]", text)]
        symbols = sum(_fits(*c) for c in beyond if not _letter(c[1]))
        words = [c for a, c, b in beyond if _letter(c) and _in_word(a, c, b) and (codec != "cp1252" or _western(c, b, text))]
        score = (symbols + max(sum(c in letters for c in words) for letters in languages)) / max(1, len(beyond))
        if codec != "cp1252" and not words:
            score *= 0.8  # symbols alone are those of Windows
        score += 0.1 * (old_mac and codec == "mac_roman")
        if score > best_score + 0.01:
            best, best_score = codec, score
    return best if best_score >= 0.25 else "cp1252"  # what several encodings have spoilt


def _letter(c):
    return c.isalpha() and c not in "\xb5\xaa\xba"


def _in_word(before, c, after):
    """Whether a letter stands where it may: beside another one, and not as a capital within small ones."""
    if c.isupper() and before.islower():
        return False
    return before.isalpha() or after.isalpha() or not before.strip() and not after.strip() and c in "àéèÀÉÈoóòÓyaíåäöÅÄÖæøÆØ"


def _western(c, after, text):
    """Whether a letter stands where the languages of Western Europe have it: ç before a vowel, and õ in Portuguese before an e."""
    if c == "ç" and after.isalpha():
        return after.lower() in "aeiouyàáâãèéêíîóôõúûü"
    return c != "õ" or after == "e" or "é" not in text


def _fits(before, c, after):
    """How well a symbol stands between its neighbours, from 0 to 1."""
    if "\u0300" <= c <= "\u0323":
        return 1.0 if before in tuple("aăâeêioôơuưyAĂÂEÊIOÔƠUƯY") else -1.0
    if c in "£¥" and after.isalpha() or "\u2500" <= c <= "\u259f" and (before.isalpha() or after.isalpha()):
        return -0.5
    if c in "\ufffd" or "\x80" <= c <= "\x9f":
        return -1.0
    if c in "\xae\xa9\u2122" and (after.islower() or c != "\xa9" and after.isalpha()):
        return 0.2  # a mark stands behind a name
    if c in "\u2013\u2014\u2026\xb0\xb1\xa9" and before.isalpha() and after.isalpha() or c in "\xbc\xbd\xbe" and (before.isalpha() or after.isalpha()):
        return 0.3
    if before.isalpha() and after.isalpha() and c not in "\u2019\u2018\xb7\xad\u2013\u2014":
        return -1.0  # no sign stands within a word
    if c in "\u2019\u2018\u201c\u201d\u201e\u2013\u2014\u2026\xa0\xab\xbb\u2022\xb7\u20ac\xa3\xae\u2122\xa9\xb0\xb2\xb3\xb5\xb1\xd7\xbd\xbc\xbe\xa7\xba\xaa\xbf\xa1\xa5\xa2\xb4":
        return 1.0 if c not in "\xba\xaa\xa7\xa2\xa5\xb4\xb7" else 0.7
    return 0.2
