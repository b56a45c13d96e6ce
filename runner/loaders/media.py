"""Sound and film: what they are, and the waveform of sound."""

from attache.imports import need
from attache.loaders import apart
from attache.loaders.source import hushed, note

SECONDS = 10  # that reading the metadata may take; damaged files can make it endless
MAX_WAVEFORM = 256 << 20  # bytes of samples that are read at once
_NUMBERS = {"duration": 0.001, "bit_rate": 1, "sampling_rate": 1, "channel_s": 1, "width": 1, "height": 1, "frame_rate": 1, "bit_depth": 1}
_NAMES = {"sampling_rate": "sample_rate", "channel_s": "channels", "codec_id": "codec"}


def audio(src):
    """Return a dict: format, codec, duration (seconds), sample_rate (Hz),
    channels, bit_rate (bits a second), tags, and for WAV, FLAC, Ogg and what
    else libsndfile reads the waveform: an array of float32 from -1 to 1, of
    frames, or of frames × channels when there are several."""
    found = _big_endian(src) if src.head[:4] == b"RIFX" else _sound(src)
    waveform = _waveform(src, found)  # which knows better what it is
    return {**found, "waveform": waveform}


def _sound(src):
    """What MediaInfo says of the first track of sound."""
    info = _info(src)
    track = next((t for t in info["tracks"] if t["type"] == "audio"), None)
    if track is None:
        raise src.fail("holds no sound")
    return {"format": info["format"], **{k: v for k, v in track.items() if k != "type"}, "tags": info["tags"]}


def _big_endian(src):
    """A WAV whose numbers begin with the high byte, which MediaInfo does not read."""
    soundfile = need("soundfile")
    try:
        with hushed(), soundfile.SoundFile(src.path) as f:
            return {"format": f.subtype_info, "sample_rate": f.samplerate, "channels": f.channels, "tags": f.copy_metadata()}
    except soundfile.LibsndfileError as e:
        raise src.fail(f"could not be read as audio, it may be damaged or cut off: {e.error_string.rstrip('.')}") from None


def video(src):
    """Return a dict: format, duration (seconds), bit_rate (bits a second),
    width, height (pixels), frame_rate, codec, audio (a list of tracks),
    subtitles (how many), tags."""
    info = _info(src)
    picture = next((t for t in info["tracks"] if t["type"] == "video"), None)
    sound = [{k: v for k, v in t.items() if k != "type"} for t in info["tracks"] if t["type"] == "audio"]
    if picture is None:
        if sound:
            note(f"{src.name} has sound but no picture.")
            return audio(src)
        raise src.fail("holds neither picture nor sound that can be read")
    found = {"format": info["format"], "duration": info.get("duration"), "bit_rate": info.get("bit_rate")}
    found |= {k: v for k, v in picture.items() if k not in ("type", "duration", "bit_rate") or found.get(k) is None}
    found.pop("type", None)
    return {**found, "audio": sound, "subtitles": sum(t["type"] == "text" for t in info["tracks"]), "tags": info["tags"]}


def _info(src):
    need("pymediainfo")
    from pymediainfo import MediaInfo

    data = apart.read(src, lambda: MediaInfo.parse(src.path).to_data()["tracks"], SECONDS)
    general = next((t for t in data if t["track_type"] == "General"), {})
    tracks = [{"type": t["track_type"].lower(), **_facts(t)} for t in data if t["track_type"] in ("Audio", "Video", "Text")]
    if not tracks:
        raise src.fail("is not sound or film that can be read: it is damaged or cut off")
    if general.get("istruncated") == "Yes":
        note(f"{src.name} is cut off: a part of it is missing.")
    facts = _facts(general)
    bit_rate = general.get("overall_bit_rate")
    tags = {
        ours: str(general[theirs])
        for ours, theirs in (
            ("title", "title"), ("artist", "performer"), ("album", "album"), ("track", "track_name_position"), ("genre", "genre"),
            ("date", "recorded_date"), ("comment", "comment"), ("composer", "composer"), ("encoder", "writing_application"),
        )
        if general.get(theirs)
    }  # fmt: skip
    return {**facts, "bit_rate": int(bit_rate) if bit_rate else None, "tracks": tracks, "tags": tags}


def _facts(track):
    facts = {"format": track.get("format")}
    if track.get("codec_id"):
        facts["codec"] = track["codec_id"]
    for name, scale in _NUMBERS.items():
        value = track.get(name)
        if value is None:
            continue
        try:
            value = float(str(value).split(" / ")[0]) * scale
        except ValueError:
            continue
        facts[_NAMES.get(name, name)] = round(value, 3) if name in ("duration", "frame_rate") else int(value)
    return facts


def _waveform(src, found):
    soundfile = need("soundfile")
    try:
        with hushed(), soundfile.SoundFile(src.path) as f:
            found.update(sample_rate=f.samplerate, channels=f.channels)
            samples = f.read(dtype="float32") if f.frames * f.channels * 4 <= MAX_WAVEFORM else None
            found["duration"] = round(f.frames / f.samplerate, 3)
        if samples is None:
            note(f"{src.name} is too long for its waveform to be read at once: read it in parts with soundfile.blocks(path).")
        return samples
    except soundfile.LibsndfileError as e:
        if "unimplemented" in e.error_string and src.head[:4] in (b"RIFF", b"RIFX"):
            return _of_rare_width(src, found)
        if src.head[:4] in (b"RIFF", b"fLaC", b"OggS", b"FORM"):
            raise src.fail(f"could not be read as audio, it may be damaged or cut off: {e.error_string.rstrip('.')}") from None
        return None  # AAC, WMA: metadata only


def _of_rare_width(src, found):
    """The waveform of a WAV whose samples have a number of bits that libsndfile does not read, such as 36 or 64."""
    import numpy as np
    from scipy.io import wavfile

    try:
        rate, samples = wavfile.read(src.path)
    except ValueError:
        note(f"{src.name}: its samples are written in a way that can't be read; these are its metadata.")
        return None
    found.update(sample_rate=rate, channels=samples.shape[1] if samples.ndim > 1 else 1, duration=round(len(samples) / rate, 3))
    return (samples / -float(np.iinfo(samples.dtype).min)).astype("float32") if samples.dtype.kind == "i" else samples.astype("float32")
