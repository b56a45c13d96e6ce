"""What people and models are shown of a file: called with what load_file returned, by code of the host."""


from attache.display import HEAD_ONLY


def table(value):
    """Return the first table of a file; None if it has none."""
    for part in value.values() if isinstance(value, dict) else [value]:
        if hasattr(part, "iloc"):
            return part
    return None


def csv(value, path):
    """Write the first table of a file as CSV, all of it."""
    from attache import whole

    frame = table(value)
    if frame is None:
        raise ValueError("There is no table in this file")
    pieces = whole.csv(frame)
    if pieces is None:
        raise ValueError("This table is too large to be sorted here; ask for the part of it that you need, or download it")
    with open(path, "wb") as f:
        f.writelines(pieces)


def head(value):
    """Return the first table of a file for the cell to show, of which nobody needs the rest."""
    frame = table(value)
    if frame is not None:
        frame.attrs[HEAD_ONLY] = True
    return frame


def picture(image, path, side=2048):
    """Write an image as a JPEG of at most so many pixels a side, on white where it is transparent."""
    from PIL import Image

    image.thumbnail((side, side))
    drawn = image.convert("RGBA")
    white = Image.new("RGBA", drawn.size, "white")
    Image.alpha_composite(white, drawn).convert("RGB").save(path, "JPEG", quality=90)


def page(source, number, path, side=1600):
    """Draw a page of a PDF as a JPEG, the first is 1, and print how many there are."""
    from attache.imports import need

    pdfium = need("pypdfium2")
    try:
        pdf = pdfium.PdfDocument(source)
    except pdfium.PdfiumError as e:
        raise ValueError("It is protected by a password" if "password" in str(e).lower() else "It is damaged") from None
    with pdf:
        print(len(pdf))
        if number <= len(pdf):
            one = pdf[number - 1]
            scale = side / max(*one.get_size(), 1)
            picture(one.render(scale=min(scale, 4)).to_pil(), path)
            one.close()


def document(value, limit, part=""):
    """Print how long the text of a file is, and its beginning. Part names its pieces: page, slide."""
    if isinstance(value, str):
        text = value
    elif part:
        text = "\n\n".join(f"[{part} {i}]\n{piece}" for i, piece in enumerate(value, 1))
    else:
        text = "\n".join(map(str, value))
    print(len(text), text[:limit], sep="\n")
