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
}
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
    ):
        if data.startswith(mark):
            return codec
    zeros = data[:4096].count(0)
    if zeros > len(data[:4096]) // 5:
        return "utf-16-le" if data[1:4096:2].count(0) > zeros // 2 else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=whole)
        return "utf-8"
    except UnicodeDecodeError:
        return _legacy(_with_high_bytes(data))


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
    for m in re.finditer(rb"[^\n]*[\x80-\xff][^\n]*\n?", data):
        lines.append(m.group())
        size += len(lines[-1])
        if size > _SAMPLE:
            break
    return b"".join(lines)[: 2 * _SAMPLE]


def _legacy(sample):
    runs = re.findall(rb"[\x80-\xff]+", sample)
    # Latin scripts have single accented letters among ASCII, others whole words.
    single = sum(len(r) == 1 for r in runs)
    if single >= 0.6 * len(runs):
        return _latin(sample)
    high = b"".join(runs)
    if len(high) >= 30 and all(0xE0 <= b <= 0xFA for b in high):
        return "cp1255"  # Hebrew has no capitals; Russian would show some of ы ь э ю я
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=_OTHERS).best()
    return best.encoding if best else _latin(sample)


def _latin(sample):
    best, best_score = "cp1252", -1.0
    for codec, languages in _LATIN.items():
        text = sample.decode(codec, "replace")
        beyond = [c for c in text if ord(c) > 127 and c not in "€£§°µ²³«»“”„‘’–—…©®™\xa0"]
        score = max(sum(c in letters for c in beyond) for letters in languages) / max(1, len(beyond))
        if score > best_score + 0.01:
            best, best_score = codec, score
    return best
