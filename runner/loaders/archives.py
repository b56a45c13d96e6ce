"""Archives: what is in them, and a careful way to get it out."""

import copy
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass

from attache.loaders import packed
from attache.loaders.source import FileLoadError, Source, note

MAX_FILES = 10_000  # members that are extracted at once
MAX_BYTES = 256 << 20  # bytes that are unpacked at once: what unpacks to more is taken for a bomb
SHOWN = 40
_UNKNOWN = "it is packed by a method that is not known here; pack it anew as a plain zip"


@dataclass
class Member:
    name: str
    size: int
    link: bool = False  # or a device: never extracted
    encrypted: bool = False
    handle: object = None


def archive(src, **options):
    """Return an Archive; of a single compressed file what is in it, as load_file gives it.

    The option password opens an encrypted archive.
    """
    password = options.pop("password", None)
    head = src.head
    if head.startswith((b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07")):
        from attache.loaders import sevenzip

        return Archive(src.name, sevenzip.SevenZip(src, password))
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")) or zipfile.is_zipfile(src.path):
        box = Archive(src.name, _zip(src, password))
        return _only_table(box, options) if src.kind == "archive" else box
    if _is_tar(src.path):
        return Archive(src.name, Tar(src.path))
    form = packed.form(src)
    if form is None:
        raise src.fail("is not an archive that can be read")
    inner = packed.inner_name(src.name)
    folder = tempfile.mkdtemp(prefix="unpacked-")
    keep = False
    try:
        path = os.path.join(folder, "content" + os.path.splitext(inner)[1])
        packed.unpack(src, form, path, MAX_BYTES)
        if keep := _is_tar(path):
            return Archive(src.name, Tar(path))  # which reads it for as long as the session lasts
        return _load(Source(path, {"filename": inner}), options, packed.how(form, inner))
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


_TABLES = {"csv", "tsv", "excel", "spreadsheet", "json", "jsonl", "parquet", "feather", "arrow", "orc", "avro", "spss", "stata", "sas", "rdata"}
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_ABOUT = re.compile(r"(?:datapackage|metadata|schema|dataset_description|croissant)\.json", re.I)  # of a table, not one
_EXPLAINS = re.compile(r"(?:readme|licen[cs]e|copying|notice|about|description|changelog|metadata|terms)[^/]*$", re.I)  # texts that go with a table


def _only_table(box, options):
    """What is in an archive of one table, which texts may explain; else the archive."""
    from attache.loaders import KINDS

    members = [m for m in box.members if not os.path.basename(m.name).startswith(".")]
    bare = lambda n: n[: n.rfind(".")] if n.lower().endswith(_PACKED) else n
    names = [m.name for m in members if KINDS.of(bare(m.name)) in _TABLES and not m.link and not _ABOUT.fullmatch(os.path.basename(m.name))]
    if len(names) != 1:
        return box
    others = [m.name for m in members if m.name != names[0]]
    if any(not _EXPLAINS.search(os.path.basename(n)) and not _ABOUT.fullmatch(os.path.basename(n)) for n in others):
        return box
    try:
        frame = box.load(names[0], **options)
    except FileLoadError:
        if options or any(m.encrypted for m in members if m.name == names[0]):
            raise
        return box
    beside = f"; beside it: {', '.join(others[:4])}" if others else ""
    note(f"{box.name} holds one table, {names[0]}, which was loaded{beside}.")
    return frame


class Archive:
    """The members of an archive, by name; iterating gives the names.

    read(name) returns bytes, load(name) what load_file would, extract(folder)
    writes regular files below a folder and returns their paths. Nothing is
    ever written outside of it, links and devices are left out, and so is what
    unpacks to more than the bounds.
    """

    def __init__(self, name, backend):
        self.name = name
        self._backend = backend
        self._members = {m.name: m for m in backend.members}

    @property
    def names(self):
        return list(self._members)

    @property
    def files(self):
        """The members as a DataFrame: name and size in bytes."""
        import pandas as pd

        return pd.DataFrame({"name": self.names, "size": [m.size for m in self._members.values()]})

    @property
    def members(self):
        """The members, each with name, size, link and encrypted."""
        return list(self._members.values())

    def __iter__(self):
        return iter(self._members)

    def __len__(self):
        return len(self._members)

    def __contains__(self, name):
        return name in self._members

    def __getitem__(self, name):
        return self.read(name)

    def __repr__(self):
        total = sum(m.size for m in self._members.values())
        lines = [f"{self.name}: {len(self):,} file{'s' * (len(self) != 1)}, {total:,} bytes unpacked"]
        lines += [f"  {m.size:>12,}  {m.name}{'  (encrypted)' * m.encrypted}{'  (link)' * m.link}" for m in list(self._members.values())[:SHOWN]]
        if len(self) > SHOWN:
            lines.append(f"  … and {len(self) - SHOWN:,} more")
        return "\n".join(lines)

    def read(self, name):
        """Return a member's bytes."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "member")
            self._write(self._member(name), path, MAX_BYTES)
            with open(path, "rb") as f:
                return f.read()

    def load(self, name, **options):
        """Return a member as load_file would."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "member" + os.path.splitext(name)[1])
            self._write(self._member(name), path, MAX_BYTES)
            return _load(Source(path, {"filename": os.path.basename(name)}), options, f"path = load_file(id).extract(members=[{name!r}])[0]")

    def extract(self, folder=None, members=None):
        """Write the members, or those named, below a folder; return the paths.

        The folder is made; without one it is named like the archive.
        """
        folder = folder or _free(os.path.basename(self.name).split(".")[0] or "archive")
        left, paths, room = [], [], MAX_BYTES
        for member in [self._member(n) for n in (self.names if members is None else members)]:
            parts = _safe_parts(member.name)
            if member.link or parts is None:
                left.append(f"{member.name} ({'a link' if member.link else 'its name leads out of the folder'})")
                continue
            if len(paths) == MAX_FILES:
                left.append(f"all after {MAX_FILES:,} files")
                break
            path = os.path.join(folder, *parts)
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                room -= self._write(member, path, room)
            except OSError as e:
                left.append(f"{member.name} ({e.strerror or e})")
                continue
            paths.append(path)
        if left:
            note(f"{self.name}: {len(left)} member(s) were left out: {'; '.join(left[:3])}{'; …' if len(left) > 3 else ''}")
        return paths

    def _member(self, name):
        if name not in self._members:
            raise KeyError(f"{self.name} has no {name!r}; names gives what it has")
        return self._members[name]

    def _write(self, member, path, room):
        """Write a member to a new file and return its size. What is larger than
        room, or can't be opened, raises FileLoadError and leaves no file."""
        source = Source.named(self.name)
        if member.encrypted and not self._backend.password:
            raise source.fail(f"is protected by a password: load it with load_file(id, password='…') to read {member.name}")
        done = False
        try:
            with open(path, "xb") as out:
                self._backend.copy(member, packed.Bounded(out, room, source, member.name))
            done = True
        except FileExistsError:
            raise OSError(None, "a file of this name is there already") from None
        except FileLoadError:
            raise
        except (RuntimeError, zipfile.BadZipFile, tarfile.TarError, EOFError, ValueError) as e:
            why = "the password is wrong" if "password" in str(e).lower() else _UNKNOWN if "Unsupported Method" in str(e) else f"it is damaged ({' '.join(str(e).split())[:120]})"
            raise source.fail(f"can't give {member.name}: {why}") from None
        finally:
            if not done and os.path.exists(path):
                os.unlink(path)
        return os.path.getsize(path)


class Zip:
    def __init__(self, path, password):
        self.path = path
        self.password = password
        with zipfile.ZipFile(path) as z:
            infos = [i for i in z.infolist() if not i.is_dir() and not i.filename.startswith("__MACOSX/")]
        names = _zip_names(infos)
        self.strange = any(i.compress_type not in (0, 8, 12, 14) for i in infos)
        self.members = [
            Member(n, i.file_size, (i.external_attr >> 28) in (0xA, 0x2, 0x6, 0x1), bool(i.flag_bits & 1), i) for n, i in zip(names, infos)
        ]

    def copy(self, member, out):
        with zipfile.ZipFile(self.path) as z, z.open(_named_before(z.fp, member.handle), pwd=self.password.encode() if self.password else None) as f:
            shutil.copyfileobj(f, out, 1 << 20)


class Tar:
    password = None

    def __init__(self, path):
        self.path = path
        with tarfile.open(path) as t:
            self.members = [Member(i.name, i.size, not i.isreg(), False, i) for i in t if not i.isdir()]

    def copy(self, member, out):
        with tarfile.open(self.path) as t:
            shutil.copyfileobj(t.extractfile(member.handle), out, 1 << 20)


def _is_tar(path):
    """Whether a file, also a compressed one, is a tar with something in it."""
    try:
        with tarfile.open(path) as t:
            return t.next() is not None
    except (tarfile.TarError, OSError, EOFError, ValueError):
        return False


def _zip(src, password):
    backend = Zip(src.path, password)
    if backend.strange:  # AES, Deflate64 and the like
        from attache.loaders import sevenzip

        return sevenzip.SevenZip(src, password)
    return backend


def _zip_names(infos):
    """The names; those that are not marked as UTF-8 are of whichever code page."""
    from attache.loaders import encoding

    old = [i for i in infos if not i.flag_bits & 0x800 and not i.filename.isascii()]
    if not old:
        return [i.filename for i in infos]
    try:
        codec = encoding.detect(b"\n".join(i.filename.encode("cp437") for i in old), whole=True)
        read = {i.filename: i.filename.encode("cp437").decode(codec, "replace") for i in old}
        return [i.filename if i.flag_bits & 0x800 else read.get(i.filename, i.filename) for i in infos]
    except UnicodeEncodeError:
        return [i.filename for i in infos]


def _named_before(file, info):
    """The member with the name that stands before its data, which Python wants to be that of the list of members; some programs write it otherwise."""
    file.seek(info.header_offset)
    head = file.read(30)
    name = file.read(int.from_bytes(head[26:28], "little"))
    info = copy.copy(info)
    try:
        info.orig_filename = name.decode("utf-8" if info.flag_bits & 0x800 else "cp437")
    except UnicodeDecodeError:
        info.flag_bits &= ~0x800
        info.orig_filename = name.decode("cp437")
    return info


def _safe_parts(name):
    """The parts of a member's name below the folder, or None when it leads out."""
    name = name.replace("\\", "/")
    if name.startswith("/") or "\x00" in name or (len(name) > 1 and name[1] == ":"):
        return None
    parts = [p for p in name.split("/") if p not in ("", ".")]
    return parts if parts and ".." not in parts else None


def _free(name):
    n, candidate = 1, name
    while os.path.lexists(candidate):
        n += 1
        candidate = f"{name}_{n}"
    return candidate


def _load(src, options, unpack):
    from attache import loaders

    src.unpack = unpack
    return loaders.run(loaders.decide(src), src, options)
