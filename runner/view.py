"""What people and models are shown of a file: called with what load_file returned, by code of the host."""


def table(value):
    """Return the first table of a file, for the cell to show; None if it has none."""
    for part in value.values() if isinstance(value, dict) else [value]:
        if hasattr(part, "iloc"):
            return part
    return None


def picture(image, path, side=2048):
    """Write an image as a JPEG of at most so many pixels a side, on white where it is transparent."""
    from PIL import Image

    image.thumbnail((side, side))
    drawn = image.convert("RGBA")
    white = Image.new("RGBA", drawn.size, "white")
    Image.alpha_composite(white, drawn).convert("RGB").save(path, "JPEG", quality=90)


def document(value, limit, part=""):
    """Print how long the text of a file is, and its beginning. Part names its pieces: page, slide."""
    if isinstance(value, str):
        text = value
    elif part:
        text = "\n\n".join(f"[{part} {i}]\n{piece}" for i, piece in enumerate(value, 1))
    else:
        text = "\n".join(map(str, value))
    print(len(text), text[:limit], sep="\n")
