"""Pictures."""

import io

from attache.imports import need
from attache.loaders import apart


def image(src, **options):
    """Return a PIL image, upright and with its pixels read. An SVG is drawn,
    in its own size or in width= pixels; get_file_path(id) gives its source."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    if src.head.lstrip()[:1] == b"<" or src.head.startswith(b"\xef\xbb\xbf<") or src.ext == ".svg":
        return _svg(src, **options)
    if _is_heif(src.head):
        need("pillow_heif", "pillow-heif").register_heif_opener()
    try:
        picture = Image.open(src.path, **options)
        picture.load()
    except Image.DecompressionBombError:
        raise src.fail("has too many pixels to be opened") from None
    except UnidentifiedImageError:
        raise src.fail("is not a picture that can be read: it is damaged or of an unknown format") from None
    if getattr(picture, "n_frames", 1) == 1 and picture.getexif().get(0x0112, 1) != 1:
        form = picture.format
        picture = ImageOps.exif_transpose(picture)
        picture.format = form
    return picture


def _is_heif(head):
    """Whether the brands of a file (ISO/IEC 14496-12, 4.3) are HEIF's, and not
    AVIF's, which Pillow reads itself."""
    brands = head[8 : min(int.from_bytes(head[:4], "big"), 256)]
    return head[4:8] == b"ftyp" and b"avif" not in brands and b"avis" not in brands


def _svg(src, **options):
    resvg = need("resvg_py", "resvg-py")
    from matplotlib import get_data_path
    from PIL import Image

    from attache.loaders import encoding

    text = encoding.decode(src.bytes())[0].removeprefix("\ufeff")
    if "<svg" not in text:
        raise src.fail("is not SVG")
    fonts = {"font_dirs": [f"{get_data_path()}/fonts/ttf"], "sans_serif_family": "DejaVu Sans", "font_family": "DejaVu Sans", "dpi": 96.0}
    draw = lambda: bytes(resvg.svg_to_bytes(svg_string=text, **{**fonts, **options}))
    picture = Image.open(io.BytesIO(apart.read(src, draw)))  # groups that lie deep in one another end the process
    picture.load()
    return picture
