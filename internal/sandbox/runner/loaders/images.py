"""Pictures."""


def image(src, **options):
    """Return a PIL image, upright and with its pixels read."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        picture = Image.open(src.path, **options)
        frames = getattr(picture, "n_frames", 1)
        picture.load()
    except Image.DecompressionBombError:
        raise src.fail("has too many pixels to be opened") from None
    except UnidentifiedImageError:
        raise src.fail("is not a picture that can be read: it is damaged or of an unknown format") from None
    if frames == 1 and picture.getexif().get(0x0112, 1) != 1:
        form = picture.format
        picture = ImageOps.exif_transpose(picture)
        picture.format = form
    return picture
