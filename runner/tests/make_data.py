"""Writes the test data that other software makes; SOURCES.md lists the rest.

Run it in an environment of its own, with Node beside (npm i xlsx@0.18.5 bson):

    uv run --no-project --python 3.11 --with av,pypandoc-binary,ormsgpack,polars,\\
pyreadstat,geopandas,rasterio,meshio,h5netcdf,tables,pandas,pillow,lxml,joblib,h5py make_data.py data

It needs zip, tar, gzip, bzip2, xz, zstd and sqlite3 on the PATH. What it
writes is committed, so that the tests need none of this.
"""

import datetime
import io
import os
import struct
import subprocess
import sys

import numpy as np
import pandas as pd

CITIES = pd.DataFrame(
    {
        "city": ["Zürich", "Kyōto", "São Paulo"],
        "people": [443037, 1463723, 11451245],
        "area": [87.88, 827.83, 1521.11],
        "visited": pd.to_datetime(["2001-02-03", "2004-05-06", "2007-08-09"]),
        "capital": [False, False, True],
    }
)


def tables():
    CITIES.to_csv("cities.tab", sep="\t", index=False)
    CITIES.assign(visited=CITIES["visited"].astype(str)).to_json("cities.jsonl", orient="records", lines=True, force_ascii=False)
    CITIES.assign(visited=CITIES["visited"].astype(str)).to_json("cities.ndjson", orient="records", lines=True)
    CITIES.to_xml("cities.xml", index=False)
    CITIES.to_stata("cities.dta", write_index=False, version=118)
    CITIES.to_pickle("cities.pkl")
    pd.to_pickle({"a": [1, 2, 3], "when": datetime.date(2024, 2, 29)}, "object.pickle", protocol=2)
    CITIES.to_hdf("cities.h5", key="cities", format="table", complevel=9)
    with pd.HDFStore("two.hdf5", "w") as store:
        store["areas"], store["numbers"] = CITIES[["people", "area"]], pd.DataFrame({"n": range(4)})
    import polars

    polars.DataFrame(CITIES.to_dict("list")).write_ipc("cities.arrow")
    import pyreadstat

    pyreadstat.write_xport(CITIES[["people", "area"]].assign(city=["Zurich", "Kyoto", "Sao Paulo"]), "cities.xpt", file_format_version=5)
    import ormsgpack

    open("cities.msgpack", "wb").write(ormsgpack.packb(CITIES.drop(columns="visited").to_dict("records")))
    open("object.joblib", "wb").write(_joblib({"model": "linear", "weights": np.arange(6.0).reshape(2, 3)}))
    node = """
const XLSX = require('xlsx'), fs = require('fs'), { serialize, ObjectId } = require('bson');
const rows = [['city', 'people', 'area'], ['Zürich', 443037, 87.88], ['Kyōto', 1463723, 827.83], ['São Paulo', 11451245, 1521.11]];
const book = XLSX.utils.book_new();
XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet(rows), 'cities');
for (const ext of ['xlsb', 'xlsm']) XLSX.writeFile(book, 'cities.' + ext);
XLSX.writeFile(book, 'cities-2003.xls', { bookType: 'xlml' });
XLSX.writeFile(book, 'cities-html.xls', { bookType: 'html' });
const docs = [{ _id: new ObjectId('65a1b2c3d4e5f60718293a4b'), name: 'Ada', born: new Date('1815-12-10') }, { name: 'Grace', born: new Date('1906-12-09') }];
fs.writeFileSync('people.bson', Buffer.concat(docs.map(d => serialize(d))));
"""
    subprocess.run(["node", "-e", node], check=True)


def _joblib(value):
    import joblib

    out = io.BytesIO()
    joblib.dump(value, out, compress=3)
    return out.getvalue()


def databases():
    sql = "CREATE TABLE cities (city TEXT, people INTEGER); INSERT INTO cities VALUES ('Zürich', 443037), ('Kyōto', 1463723); CREATE VIEW big AS SELECT * FROM cities WHERE people > 1000000;"
    open("cities.sql", "w").write(sql.replace("; ", ";\n") + "\n")
    for name in ("cities.db", "cities.sqlite", "cities.sqlite3"):
        subprocess.run(["sqlite3", name, ("PRAGMA journal_mode=WAL;" if name.endswith("3") else "") + sql], check=True, stdout=subprocess.DEVNULL)


DOCUMENT = """---
title: Two cities
author: Test
lang: en
---

# Zürich

The city lies on the *Limmat*. Its area is 87.88 km².

| city   | people  |
|--------|---------|
| Zürich | 443037  |
| Kyōto  | 1463723 |

# Kyōto

- temples
- gardens
"""


def documents():
    import pypandoc

    open("cities.md", "w").write(DOCUMENT)
    for ext, form in (("rtf", "rtf"), ("epub", "epub"), ("odt", "odt"), ("tex", "latex"), ("adoc", "asciidoc"), ("org", "org"), ("rst", "rst"), ("html", "html")):
        pypandoc.convert_text(DOCUMENT, form, "md", outputfile="cities." + ext, extra_args=["-s"])
    open("cities.mobi", "wb").write(mobi("Two cities", "<html><body><h1>Zürich</h1><p>The city lies on the <i>Limmat</i>.</p><h1>Kyōto</h1><p>temples</p></body></html>"))


def mobi(title, html):
    """A Mobipocket book of one uncompressed record (wiki.mobileread.com/wiki/MOBI)."""
    text, name = html.encode(), title.encode()
    head = struct.pack(">HHIHHHH", 1, 0, len(text), 1, 4096, 0, 0)
    mobi_head = b"MOBI" + struct.pack(">IIIII", 232, 2, 65001, 1, 6) + b"\xff" * 40
    mobi_head += struct.pack(">IIIIIIII", 2, 16 + 232, len(name), 9, 0, 0, 6, 2) + b"\0" * 16 + struct.pack(">I", 0)
    mobi_head = mobi_head.ljust(228, b"\0") + b"\xff" * 4  # no index of chapters
    records = [head + mobi_head + name + b"\0" * 4, text, b"\xe9\x8e\r\n"]
    start = 78 + 8 * len(records) + 2
    pdb = name.replace(b" ", b"_").ljust(32, b"\0") + struct.pack(">HHIIIIII", 0, 0, 0, 0, 0, 0, 0, 0) + b"BOOKMOBI" + struct.pack(">IIH", 2 * len(records), 0, len(records))
    for i, r in enumerate(records):
        pdb += struct.pack(">II", start, 2 * i)
        start += len(r)
    return pdb + b"\0\0" + b"".join(records)


def pictures():
    from PIL import Image

    picture = Image.new("RGB", (24, 16), (200, 30, 30))
    picture.paste((30, 30, 200), (12, 0, 24, 16))
    picture.save("flag.png")
    for name in ("flag.jpg", "flag.jpeg"):
        picture.save(name, quality=95)
    picture.save("flag.gif", save_all=True, append_images=[picture.rotate(180)], duration=100)
    picture.save("flag.tiff")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save("turned.jpg", exif=exif, quality=95)


def maps():
    import geopandas
    import rasterio
    from shapely.geometry import Point, Polygon

    frame = geopandas.GeoDataFrame(
        {"name": ["Zürich", "Kyōto"], "people": [443037, 1463723]}, geometry=[Point(8.54, 47.37), Point(135.77, 35.01)], crs=4326
    )
    frame.to_file("cities.geojson", driver="GeoJSON")
    frame.to_file("cities.kml", driver="KML")
    frame.to_file("cities.kmz", driver="LIBKML")
    frame.to_file("cities.gml", driver="GML")
    os.remove("cities.xsd")
    squares = geopandas.GeoDataFrame({"name": ["a", "b"]}, geometry=[Polygon([(0, 0), (1, 0), (1, 1), (0, 1)]), Polygon([(2, 0), (4, 0), (4, 2), (2, 2)])], crs=4326)
    squares.to_file("squares.shp")
    subprocess.run("zip -q squares.shp.zip squares.shp squares.shx squares.dbf squares.prj squares.cpg; rm squares.prj squares.cpg", shell=True, check=True)
    with rasterio.open(
        "height.tif", "w", driver="GTiff", width=4, height=3, count=1, dtype="int16", crs="EPSG:4326", transform=rasterio.transform.from_origin(8, 48, 0.5, 0.5), nodata=-1
    ) as out:
        out.write(np.arange(12, dtype="int16").reshape(1, 3, 4))


def science():
    import meshio

    import h5netcdf

    with h5netcdf.File("grid.nc4", "w") as f:
        f.dimensions = {"x": 3}
        f.create_variable("t", ("x",), float)[:] = [1.5, 2.5, 3.5]
    cube = meshio.Mesh(
        np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float),
        [("triangle", np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]]))],
    )
    cube.write("cube.stl", binary=True)
    cube.write("cube.obj")


def media():
    import av

    tone = (0.5 * np.sin(2 * np.pi * 440 * np.arange(4410) / 22050)).astype("float32")
    for name, codec in (
        ("tone.mp3", "libmp3lame"), ("tone.opus", "libopus"), ("tone.m4a", "aac"), ("tone.wma", "wmav2"),
        ("tone.aiff", "pcm_s16be"), ("tone.flac", "flac"),
    ):  # fmt: skip
        rate = 48000 if codec == "libopus" else 22050
        with av.open(name, "w") as out:
            out.metadata["title"] = "Tone A"
            stream = out.add_stream(codec, rate=rate, layout="mono")
            stream.bit_rate = 64000
            frame = av.AudioFrame.from_ndarray(tone[None, :], format="fltp", layout="mono")
            frame.rate = 22050
            resampler = av.AudioResampler(stream.codec_context.format, "mono", rate, frame_size=stream.codec_context.frame_size or 1024)
            for part in [*resampler.resample(frame), *resampler.resample(None)]:
                out.mux(stream.encode(part))
            out.mux(stream.encode(None))
    for name, codec, form in (
        ("clip.avi", "mpeg4", None), ("clip.mov", "mpeg4", None), ("clip.wmv", "wmv2", "asf"), ("clip.webm", "libvpx", None), ("clip.m4v", "mpeg4", "mp4"),
        ("clip.mpg", "mpeg1video", "mpeg"), ("clip.mpeg", "mpeg2video", "mpeg"), ("clip.mkv", "mpeg4", None), ("clip.flv", "flv1", None),
    ):  # fmt: skip
        with av.open(name, "w", format=form) as out:
            stream = out.add_stream("flv" if codec == "flv1" else codec, rate=25)
            stream.width, stream.height, stream.pix_fmt = 32, 16, "yuv420p"
            for i in range(10):
                picture = np.full((16, 32, 3), 20 * i, "uint8")
                out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            out.mux(stream.encode(None))


def archives():
    os.makedirs("box/inner", exist_ok=True)
    open("box/cities.csv", "w").write("city,people\nZürich,443037\nKyōto,1463723\n")
    open("box/inner/note.txt", "w").write("a note\n")
    subprocess.run(
        """zip -qr box.zip box; tar cf box.tar box; tar czf box.tgz box; tar cjf box.tbz box; tar cjf box.tbz2 box; tar cJf box.txz box
        for c in gzip bzip2 xz zstd; do cp box/cities.csv plain.csv; $c -qf plain.csv; done; rm -rf box plain.csv""",
        shell=True,
        check=True,
    )


TEXTS = {
    "hello.txt": "Grüße aus Zürich\n", "hello.text": "plain\n", "read.markdown": "# Title\n", "app.log": "2024-01-01 10:00:00 INFO started\n",
    "app.out": "done\n", "app.err": "failed\n", "a.py": "print('hi')\n", "a.pyw": "import tkinter\n", "a.r": "x <- c(1, 2)\n", "a.rmd": "```{r}\n1\n```\n",
    "a.js": "const x = 1\n", "a.jsx": "<App />\n", "a.mjs": "export default 1\n", "a.ts": "let x: number\n", "a.tsx": "<App<T> />\n", "a.java": "class A {}\n", "a.c": "int main(void) { return 0; }\n",
    "a.cpp": "class A {};\n", "a.cc": "class B {};\n", "a.cxx": "class C {};\n", "a.h": "#pragma once\n", "a.hpp": "#pragma once\n", "a.hh": "#pragma once\n", "a.cs": "class A { }\n", "a.go": "package main\n", "a.rs": "fn main() {}\n",
    "a.rb": "puts 1\n", "a.php": "<?php echo 1;\n", "a.swift": "let x = 1\n", "a.kt": "fun main() {}\n", "a.scala": "object A\n", "a.htm": "<html><body>hi</body></html>\n",
    "a.css": "a { color: red }\n", "a.scss": "$a: 1;\n", "a.sass": "a\n  color: red\n", "a.less": "@a: 1;\n", "a.sh": "#!/bin/sh\necho hi\n", "a.bash": "echo hi\n", "a.zsh": "echo hi\n",
    "a.ps1": "Write-Host hi\n", "a.lua": "print(1)\n", "a.jl": "println(1)\n", "a.asciidoc": "= Title\n",
    "app.ini": "; settings\n[server]\nhost = example.org\nport = 8080\n", "app.cfg": "[tool]\nname = x\n", "nginx.conf": "server {\n  listen 80;\n}\n",
    "app.toml": 'title = "x"\n[server]\nport = 8080\nsince = 2024-02-29\n', "app.yaml": "server:\n  port: 8080\n  hosts: [a, b]\n", "app.yml": "- 1\n- two\n",
    "cities.tsv": "city\tpeople\nZürich\t443037\nKyōto\t1463723\n", "raw.dat": "1.5 2.5\n", "latin.txt": "Prix : 12 €, café, forêt\n",
}  # fmt: skip


def texts():
    for name, text in TEXTS.items():
        open(name, "wb").write(text.encode("cp1252" if name == "latin.txt" else "utf-8"))
    open("raw.bin", "wb").write(bytes(range(256)))
    # A message by hand: field 1 = 150, field 2 = "testing", field 3 = {1: 3.5 as double}, field 4 twice.
    message = b"\x08\x96\x01\x12\x07testing\x1a\x09\x09" + struct.pack("<d", 3.5) + b"\x20\x01\x20\x02"
    for name in ("message.pb", "message.protobuf"):
        open(name, "wb").write(message)


if __name__ == "__main__":
    os.makedirs(sys.argv[1], exist_ok=True)
    os.chdir(sys.argv[1])
    for make in (tables, databases, documents, pictures, maps, science, media, archives, texts):
        make()
        print("made", make.__name__)
