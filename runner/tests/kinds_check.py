"""Loads a file of every extension and checks what comes out, by value.

pytest runs the list here; main runs it as a plain program, so that it can be
run inside the sandbox as well: python kinds_check.py FOLDER.
"""

import sys

TABLE = "list(v.columns)[:2] == ['city', 'people'] and v['people'].tolist() == [443037, 1463723, 11451245] and v['city'].tolist() == ['Zürich', 'Kyōto', 'São Paulo']"
TWO = "v.to_dict('list') == {'city': ['Zürich', 'Kyōto'], 'people': [443037, 1463723]}"
VISITS = " and v['visited'].dt.year.tolist() == [2001, 2004, 2007]"
BOX = "sorted(v) == ['box/cities.csv', 'box/inner/note.txt'] and v.read('box/inner/note.txt') == b'a note\\n' and v.load('box/cities.csv')['people'].sum() == 1906760"
FOX = "v == 'The quick brown fox jumps over the lazy dog.\\n'"
CLIP = "(v['width'], v['height']) == (32, 16) and v['audio'] == []"
TONE = "abs(v['duration'] - 0.2) < 0.07 and v['tags']['title'] == 'Tone A' and v['channels'] == 1"
WAVE = " and v['waveform'].dtype == 'float32' and 0.4 < abs(v['waveform']).max() < 0.6"
FLAG = "v.size == (24, 16) and v.convert('RGB').getpixel((2, 8))[0] > 150 and v.convert('RGB').getpixel((20, 8))[2] > 150"
POINTS = "len(v) == 2 and v.crs.to_epsg() == 4326 and [round(p.x, 2) for p in v.geometry] == [8.54, 135.77] and v['people'].astype(int).tolist() == [443037, 1463723]"
SQL = "v.tables() == {'cities': 2, 'big': 1} and v.execute('SELECT city FROM big').fetchall() == [('Kyōto',)]"
HOPPER = "v.size == (128, 128) and max(abs(a - b) for a, b in zip(v.convert('RGB').getpixel((100, 40)), (93, 131, 193))) < 5"
MESSAGE = "v == {1: 150, 2: 'testing', 3: {1: 3.5}, 4: [1, 2]}"


def text(start):
    return f"isinstance(v, str) and v.startswith({start!r})"


CHECKS = [  # file, extension, what must be true of v
    ("seattle-weather.csv", ".csv", "v.shape == (1461, 6) and str(v['date'].max()) == '2015-12-31 00:00:00' and v['precipitation'].sum().round(1) == 4426.0"),
    ("unemployment.tsv", ".tsv", "v.shape == (3218, 2) and v['rate'].iloc[0] == 0.097"),
    ("cities.tab", ".tab", TABLE + VISITS),
    ("clippy.xlsx", ".xlsx", "list(v) == ['list-column', 'two-row-header'] and v['list-column'].loc[0].tolist() == ['Name', 'Clippy']"),
    ("deaths.xlsx", ".xlsx", "v['arts']['Name'].iloc[0] == 'David Bowie' and list(v['arts'].columns)[:3] == ['Name', 'Profession', 'Age']"),
    ("clippy.xls", ".xls", "v['list-column'].loc[1].tolist() == ['Species', 'paperclip']"),
    ("testEXCEL_5.xls", ".xls", "v['Square'].dropna().tolist()[:3] == [1, 4, 9]"),
    ("cities-2003.xls", ".xls", TABLE),
    ("cities-html.xls", ".xls", TABLE),
    ("cities.xlsm", ".xlsm", TABLE),
    ("test-columnar.xlsb", ".xlsb", "v.shape == (11, 8) and v['Square of the Record Number'].tolist() == [i * i for i in range(11)] and str(v['date'].iloc[1]) == '1960-01-02 00:00:00'"),
    ("pythagoras.ods", ".ods", "v[0].tolist() == [3, 4, 5, 7]"),
    ("barley.json", ".json", "v.shape == (120, 4) and v['yield'].iloc[0] == 27.0"),
    ("cities.jsonl", ".jsonl", TABLE + VISITS),
    ("cities.ndjson", ".ndjson", TABLE + VISITS),
    ("cities.xml", ".xml", "v['data']['row'][1]['city'] == 'Kyōto' and v['data']['row'][1]['people'] == '1463723'"),
    ("app.yaml", ".yaml", "v == {'server': {'port': 8080, 'hosts': ['a', 'b']}}"),
    ("app.yml", ".yml", "v == [1, 'two']"),
    ("app.toml", ".toml", "v['server']['port'] == 8080 and v['server']['since'].isoformat() == '2024-02-29'"),
    ("app.ini", ".ini", "v == {'server': {'host': 'example.org', 'port': '8080'}}"),
    ("app.cfg", ".cfg", "v == {'tool': {'name': 'x'}}"),
    ("nginx.conf", ".conf", text("server {")),
    ("cities.db", ".db", SQL),
    ("cities.sqlite", ".sqlite", SQL),
    ("cities.sqlite3", ".sqlite3", SQL),
    ("cities.sql", ".sql", text("CREATE TABLE")),
    ("hello.txt", ".txt", "v == 'Grüße aus Zürich\\n'"),
    ("latin.txt", ".txt", "v == 'Prix : 12 €, café, forêt\\n'"),
    ("hello.text", ".text", text("plain")),
    ("cities.md", ".md", "'| Zürich | 443037  |' in v"),
    ("read.markdown", ".markdown", text("# Title")),
    ("cities.rst", ".rst", "'Zürich\\n======' in v"),
    ("testRTFWordPadCzechCharacters.rtf", ".rtf", text("Článek týdne\nČást svitku")),
    ("testRTF-ms932.rtf", ".rtf", "v.split() == ['Hello', 'こんにちは', 'Test', 'テスト']"),
    ("testWORD.docx", ".docx", "v[:3] == ['Sample Word Document Title', 'And now for a subtitle', 'Main Heading']"),
    ("blk-paras-and-tables.docx", ".docx", "'Text before Text after' in v"),
    ("testWORD_various.doc", ".doc", "'Row 1 Col 1\\tRow 1 Col 2\\tRow 1 Col 3' in v and 'ゾルゲと尾崎、淡々と最期' in v and 'This is a hyperlink' in v"),
    ("cities.odt", ".odt", "'The city lies on the Limmat. Its area is 87.88 km².' in v and 'Kyōto\\t1463723' in v"),
    ("simpletable.odt", ".odt", "v.split('\\n')[0] == 'Cell 1\\tCell 2'"),
    ("test_slides.pptx", ".pptx", "v == ['Test text\\nGroup test text\\nBox 1\\nBox 2\\nCol head 1\\tCol head 2\\nCell text 1\\tCell text 2']"),
    ("sld-notes.pptx", ".pptx", "v == ['Notes:\\nNotes', '']"),
    ("testPPT_groups.pptx", ".pptx", "v[1].split('\\n')[:2] == ['MyTitle', 'Text box3'] and v[1].split('\\n')[6:] == ['smart1', 'smart2', 'Smart3', 'smart4', 'Smart5', 'WordArt1', 'WordArt2', 'Ungrouped text box']"),
    ("testPPT_charts.pptx", ".pptx", "v[0].startswith('wants a peach\\n\\tNUMBER\\nJanuary\\t5\\nFebruary\\t8\\n')"),
    ("testPPT_various.pptx", ".pptx", "v[0].startswith('Row 1 Col 1\\tRow 1 Col 2\\tRow 1 Col 3\\nRow 2') and 'ゾルゲと尾崎、淡々と最期\\n' in v[0] and v[0].endswith('\\n[1] This is a footnote.')"),
    ("testPPT.pptm", ".pptm", "len(v) == 3 and v[0] == 'Attachment Test\\nRajiv' and v[2].endswith('Mystery\\nBanking\\nInvestment')"),
    ("testPPT.ppsx", ".ppsx", "len(v) == 3 and v[0] == 'Attachment Test\\nRajiv'"),
    ("LibreOfficeImpress_odp_1.3.odp", ".odp", "v == ['This is\\nAn example Impress file', '']"),
    ("testPDF.pdf", ".pdf", "v == ['This is a page about France', 'This is a page about Denmark']"),
    ("v0.7.1.parquet", ".parquet", "v.shape == (10, 10) and v['carat'].iloc[0] == 0.23"),
    ("lz4.feather", ".feather", "v['a'].tolist() == [0, 1, 2, 3, 4]"),
    ("cities.arrow", ".arrow", TABLE + VISITS),
    ("two.hdf5", ".hdf5", "sorted(v) == ['areas', 'numbers'] and v['areas']['people'].sum() == 13358005"),
    ("itemsize.h5", ".h5", "v.to_dict('list') == {'A': [1, 2, 3], 'B': [11, 12, 13]}"),
    ("cities.h5", ".hdf", TABLE + VISITS),
    ("example_1.nc", ".nc", "dict(v.sizes) == {'time': 1, 'level': 4, 'lat': 5, 'lon': 10}"),
    ("grid.nc4", ".nc4", "v['t'].values.tolist() == [1.5, 2.5, 3.5]"),
    ("cities.pkl", ".pkl", TABLE),
    ("joblib_0.11.pkl", ".pkl", "v[0].tolist() == [0, 1, 2, 3, 4] and v[2][1] == 'abc'"),
    ("object.pickle", ".pickle", "v['a'] == [1, 2, 3] and v['when'].year == 2024"),
    ("object.joblib", ".joblib", "v['model'] == 'linear' and v['weights'].sum() == 15"),
    ("python3.npy", ".npy", "v.tolist() == [1.0, 1.0]"),
    ("py3-objarr.npz", ".npz", "v['x'][2] == '優良'"),
    ("teststruct_7.4_GLNX86.mat", ".mat", "v['teststruct']['stringfield'] == 'Rats live on no evil star.'"),
    ("testhdf5_7.4_GLNX86.mat", ".mat", "len(v['testdouble']) == 9 and abs(v['testdouble'][-1] - 2 * np.pi) < 1e-12"),
    ("iris.sav", ".sav", "v.shape == (150, 5) and v['Species'].value_counts().to_dict() == {'setosa': 50, 'versicolor': 50, 'virginica': 50}"),
    ("cities.dta", ".dta", TABLE + VISITS),
    ("iris.sas7bdat", ".sas7bdat", "v.shape == (150, 5) and v['Species'].iloc[0] == 'setosa' and v['Sepal_Length'].iloc[0] == 5.1"),
    ("cities.xpt", ".xpt", "v['people'].tolist() == [443037, 1463723, 11451245] and v['city'].iloc[1] == 'Kyoto'"),
    ("flag.png", ".png", FLAG),
    ("gimp.png", ".png", "v.size == (100, 100) and v.mode == 'RGBA'"),
    ("flag.jpg", ".jpg", FLAG),
    ("turned.jpg", ".jpg", "v.size == (16, 24)"),
    ("thumbnail.jpeg", ".jpeg", "v.size == (395, 512) and v.format == 'JPEG'"),
    ("flag.gif", ".gif", FLAG + " and v.n_frames == 2"),
    ("excel.bmp", ".bmp", "v.size == (200, 128)"),
    ("flag.tiff", ".tiff", FLAG),
    ("excel.tif", ".tif", "v.size == (200, 128) and v.mode == 'RGBA'"),
    ("height.tif", ".tif", "v.shape == (1, 3, 4) and int(v.sum()) == 66 and v.rio.crs.to_epsg() == 4326"),
    ("height.tif", ".geotiff", "v.shape == (1, 3, 4) and int(v.sum()) == 66 and v.rio.crs.to_epsg() == 4326"),
    ("gopher.webp", ".webp", "v.size == (75, 100)"),
    ("home.svg", ".svg", "v.size == (96, 96) and v.getextrema()[3] == (0, 255)"),
    ("favicon.ico", ".ico", "v.size == (32, 32)"),
    ("zPug_3.heic", ".heic", "v.size == (64, 64) and v.n_frames == 3 and v.format == 'HEIF'"),
    ("transform_mismatch_thumbnail.heic", ".heic", "[v.getpixel(p)[0] // 9 for p in ((2, 2), (61, 2), (2, 61), (61, 61))] == [1, 28, 0, 26]"),  # turned once
    ("hopper.heif", ".heif", HOPPER),
    ("hopper.avif", ".avif", HOPPER + " and v.format == 'AVIF'"),
    ("rot1mir1.avif", ".avif", "v.size == (640, 427) and v.getpixel((3, 3))[2] > 200 > 50 > v.getpixel((3, 423))[2]"),
    ("a.py", ".py", text("print")),
    ("a.pyw", ".pyw", text("import")),
    ("test4.ipynb", ".ipynb", "v[0] == {'cell_type': 'markdown', 'source': '# nbconvert latex test'} and any(c['cell_type'] == 'code' and c['outputs'] for c in v)"),
    ("test3.ipynb", ".ipynb", "v[0]['source'] == 'nbconvert latex test'"),
    ("a.r", ".r", text("x <-")),
    ("a.rmd", ".rmd", text("```{r}")),
    ("a.js", ".js", text("const")),
    ("a.jsx", ".jsx", text("<App")),
    ("a.mjs", ".mjs", text("export")),
    ("a.ts", ".ts", text("let x")),
    ("a.tsx", ".tsx", text("<App<T>")),
    ("a.java", ".java", text("class A")),
    ("a.c", ".c", text("int main")),
    ("a.cpp", ".cpp", text("class A")),
    ("a.cc", ".cc", text("class B")),
    ("a.cxx", ".cxx", text("class C")),
    ("a.h", ".h", text("#pragma")),
    ("a.hpp", ".hpp", text("#pragma")),
    ("a.hh", ".hh", text("#pragma")),
    ("a.cs", ".cs", text("class A")),
    ("a.go", ".go", text("package")),
    ("a.rs", ".rs", text("fn main")),
    ("a.rb", ".rb", text("puts")),
    ("a.php", ".php", text("<?php")),
    ("a.swift", ".swift", text("let")),
    ("a.kt", ".kt", text("fun")),
    ("a.scala", ".scala", text("object")),
    ("cities.html", ".html", text("<!DOCTYPE html>")),
    ("a.htm", ".htm", text("<html>")),
    ("a.css", ".css", text("a { color")),
    ("a.scss", ".scss", text("$a")),
    ("a.sass", ".sass", text("a\n")),
    ("a.less", ".less", text("@a")),
    ("box.zip", ".zip", BOX),
    ("box.tar", ".tar", BOX),
    ("plain.csv.gz", ".gz", TWO),
    ("plain.csv.bz2", ".bz2", TWO),
    ("plain.csv.xz", ".xz", TWO),
    ("fox.xz", ".xz", FOX),
    ("t1.7z", ".7z", "v.names == ['bar', 'foo'] and v.read('foo') == b'foo\\n'"),
    ("lzma2.7z", ".7z", "len(v) == 10 and len(v.read('01')) == 3572"),
    ("rar5-subdirs.rar", ".rar", "v.read('sub/dir2/file2.txt') == b'file2\\n'"),
    ("box.tgz", ".tgz", BOX),
    ("box.tbz", ".tbz", BOX),
    ("box.tbz2", ".tbz2", BOX),
    ("box.txz", ".txz", BOX),
    ("fox.lz", ".lz", FOX),
    ("fox.lzma", ".lzma", FOX),
    ("plain.csv.zst", ".zst", TWO),
    ("app.log", ".log", text("2024-01-01 10:00:00 INFO")),
    ("app.out", ".out", text("done")),
    ("app.err", ".err", text("failed")),
    ("cities.geojson", ".geojson", POINTS),
    ("null_geom.geojson", ".geojson", "len(v) == 2 and v.geometry.isna().tolist() == [True, False]"),
    ("squares.shp.zip", ".zip", "v['name'].tolist() == ['a', 'b'] and v.area.tolist() == [1.0, 4.0] and v.crs.to_epsg() == 4326"),
    ("REL.zip", ".zip", "len(v) == 1 and v.geom_type.iloc[0] == 'Polygon'"),
    ("squares.shp", ".shp", "v.area.tolist() == [1.0, 4.0]"),
    ("latin1.shp", ".shp", "len(v) == 1"),
    ("squares.dbf", ".dbf", "v['name'].tolist() == ['a', 'b']"),
    ("latin1.dbf", ".dbf", "v['Name'].tolist() == ['Ñandú']"),
    ("cities.kml", ".kml", POINTS),
    ("cities.kmz", ".kmz", POINTS),
    ("cerknicko-jezero.gpx", ".gpx", "(v['layer'] == 'track_points').sum() > 100 and v['ele'].notna().any() and v['time'].dt.year.max() == 2010"),
    ("cities.gml", ".gml", POINTS),
    ("tone.mp3", ".mp3", TONE + WAVE),
    ("test-8000Hz-le-2ch-1byteu.wav", ".wav", "v['sample_rate'] == 8000 and v['waveform'].shape == (800, 2)"),
    ("tone.flac", ".flac", TONE + WAVE),
    ("243749.flac", ".flac", "v['bit_depth'] == 24 and v['waveform'].shape == (402,)"),
    ("sample.ogg", ".ogg", "v['tags']['title'] == 'Test Title' and v['waveform'].shape[1] == 2"),
    ("aac_he_v2.aac", ".aac", "v['sample_rate'] == 44100 and v['format'] == 'AAC'"),
    ("testMP4.m4a", ".m4a", "v['tags']['artist'] == 'Test Artist' and v['sample_rate'] == 44100"),
    ("tone.wma", ".wma", TONE),
    ("tone.opus", ".opus", TONE + WAVE),
    ("tone.aiff", ".aiff", TONE + WAVE),
    ("bloop.aif", ".aif", "v['sample_rate'] == 44100 and v['waveform'].shape[1] == 2"),
    ("clip.m4v", ".mp4", CLIP),
    ("clip.avi", ".avi", CLIP),
    ("clip.mkv", ".mkv", CLIP),
    ("clip.mov", ".mov", CLIP),
    ("clip.wmv", ".wmv", CLIP),
    ("clip.flv", ".flv", CLIP),
    ("clip.webm", ".webm", CLIP),
    ("clip.m4v", ".m4v", CLIP),
    ("clip.mpg", ".mpg", CLIP),
    ("clip.mpeg", ".mpeg", CLIP),
    ("tb.fits", ".fits", "len(v) == 2 and v[1].data.field(0).tolist() == [1, 2]"),
    ("tb.fits", ".fts", "v[1].columns.names == ['c1', 'c2', 'c3', 'c4']"),
    ("MR_small.dcm", ".dcm", "str(v.PatientName) == 'CompressedSamples^MR1' and v.pixel_array.shape == (64, 64)"),
    ("MR_small.dcm", ".dicom", "v.Modality == 'MR'"),
    ("functional.nii", ".nii", "v.shape == (17, 21, 3, 20) and v.get_fdata().mean().round() == 3637"),
    ("standard.nii.gz", ".nii.gz", "v.shape == (4, 5, 7) and v.get_fdata().max() == 255"),
    ("06_unstructured.vtk", ".vtk", "v.points.shape == (42, 3) and list(v.cell_data) == ['mat_id']"),
    ("cube.stl", ".stl", "v.is_watertight and abs(v.volume - 1) < 1e-6"),
    ("cube.obj", ".obj", "len(v.vertices) == 8 and len(v.faces) == 12"),
    ("tet.ply", ".ply", "len(v.vertices) == 4 and len(v.faces) == 4"),
    ("full-deflate.avro", ".avro", "v['longs'].iloc[0] == [1, 2, 3, 4, 5] and v['record'].iloc[0]['string'] == 'I am a test record'"),
    ("TestOrcFile.test1.orc", ".orc", "len(v) == 2 and v['string1'].tolist() == ['hi', 'bye']"),
    ("message.pb", ".pb", MESSAGE),
    ("message.protobuf", ".protobuf", MESSAGE),
    ("cities.msgpack", ".msgpack", TABLE),
    ("people.bson", ".bson", "v['name'].tolist() == ['Ada', 'Grace'] and v['born'].dt.year.tolist() == [1815, 1906]"),
    ("dataframe.rds", ".rds", "v['int'].tolist() == [10, 20, 30] and v['string'].tolist() == ['x', 'y', 'z']"),
    ("dataframe.rda", ".rda", "v['int'].isna().tolist() == [False, False, False, True] and v['float'].iloc[1] == 2.2"),
    ("a.sh", ".sh", text("#!/bin/sh")),
    ("a.bash", ".bash", text("echo")),
    ("a.zsh", ".zsh", text("echo")),
    ("a.ps1", ".ps1", text("Write-Host")),
    ("a.lua", ".lua", text("print")),
    ("a.jl", ".jl", text("println")),
    ("testEPUB.epub", ".epub", "'This is the text for chapter One' in v"),
    ("cities.mobi", ".mobi", "v == 'Zürich\\nThe city lies on the Limmat.\\nKyōto\\ntemples'"),
    ("cities.tex", ".tex", "'\\\\section{Zürich}' in v"),
    ("cities.adoc", ".adoc", text("= Two cities")),
    ("a.asciidoc", ".asciidoc", text("= Title")),
    ("cities.org", ".org", text("#+title: Two cities")),
    ("raw.bin", ".bin", "v == bytes(range(256))"),
    ("raw.dat", ".dat", "v in (b'1.5 2.5\\n', '1.5 2.5\\n')"),
]  # fmt: skip


def check(folder, load, file, ext, expression):
    """Load a file under a name with the extension; return "" or what is wrong."""
    import os
    import shutil
    import tempfile

    import numpy as np
    import pandas as pd

    with tempfile.TemporaryDirectory() as copies:
        path = os.path.join(folder, file)
        if not file.endswith(ext):
            path = shutil.copy(path, os.path.join(copies, "renamed" + ext))
        try:
            v = load(path)
            if eval(expression, {"v": v, "np": np, "pd": pd}):
                return ""
        except Exception as e:
            return f"{type(e).__name__}: {e}"
    return f"{type(v).__name__} {v!r}"[:300]


def main(folder, load=None):
    """Check all, print a line for each, and return how many failed."""
    if load is None:
        from attache.loaders import load
    failed = 0
    for file, ext, expression in CHECKS:
        problem = check(folder, load, file, ext, expression)
        failed += bool(problem)
        print(f"{'FAILED' if problem else 'ok'} {file} {ext} {problem}".rstrip(), flush=True)
    print(f"{len({c[1] for c in CHECKS})} extensions, {len(CHECKS)} files, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1]) else 0)
