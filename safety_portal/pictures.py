"""What a photo must be: a JPEG, PNG or WebP becomes an upright JPEG of bounded size, with no metadata left in it."""

from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageOps

MOST_BYTES = 12_000_000
# A file of 70 kB may claim a thousand million pixels. Phones send up to 51 million, as JPEG, which is read at
# about the size wanted; the others are read whole before they shrink. At worst 400 MB of memory for two seconds.
MOST_PIXELS = Image.MAX_IMAGE_PIXELS = 51_000_000
MOST_PIXELS_READ_WHOLE = 20_000_000
# Pixels: a seal's number can be read, the file has some 600 kB, and the common 4,000 and more are just twice that,
# so that a JPEG is decoded at half its size (a third of the time).
LONGEST_SIDE = 2000
SMALL_SIDE = 320
# The formats of Pillow that may look at an upload at all. Two lenses' MPO is a JPEG to it.
FORMATS = ("JPEG", "PNG", "WEBP")
ACCEPT = "image/jpeg,image/png,image/webp"  # with this list, iPhones send their HEIC as JPEG
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif")


class PhotoError(Exception):
    """Why a photo can't be taken; the text is fit to show."""

    def __init__(self, message, field="photos"):
        super().__init__(message)
        self.field = field


class Picture(NamedTuple):
    """What is left of an upload: a JPEG of ours, and its size in pixels."""

    jpeg: bytes
    width: int
    height: int


def read_picture(file):
    """An uploaded file as a Picture. Raises PhotoError with a sentence that names the file."""
    name = f"“{short(file.name)}”"
    if not file.size:
        raise PhotoError(f"{name} is empty. Choose it again, or another.")
    if file.size > MOST_BYTES:
        raise PhotoError(
            f"{name} has more than {MOST_BYTES / 1e6:.0f} MB. "
            "Take it again at a lower resolution, or choose another."
        )
    try:
        return _read(file)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoError(
            f"{name} has too many pixels. Take it again at a lower resolution, or choose another."
        ) from error
    except Exception as error:
        # Whatever a parser makes of bytes that are no picture (OSError, SyntaxError, struct.error, …).
        raise PhotoError(f"{name} {_what_is_wrong(file)}") from error


def _read(file):
    for check in (True, False):
        file.seek(0)
        picture = Image.open(file, formats=FORMATS)
        most = MOST_PIXELS if picture.format in ("JPEG", "MPO") else MOST_PIXELS_READ_WHOLE
        if picture.width * picture.height > most:
            raise Image.DecompressionBombError
        if check:
            picture.verify()  # sums and structure; afterwards it can't be used any more
    return _jpeg(picture, LONGEST_SIDE)


def shrink(jpeg):
    """A photo of ours as a small one, for a list."""
    return _jpeg(Image.open(BytesIO(jpeg), formats=FORMATS), SMALL_SIDE).jpeg


def _jpeg(picture, longest):
    # A JPEG is then decoded at the last half, quarter or eighth that is large enough.
    picture.draft("RGB", [max(side * longest // max(picture.size), 1) for side in picture.size])
    if picture.mode == "P":
        picture = picture.convert("RGBA")
    elif picture.mode.startswith("I"):
        # Sixteen bits a pixel: convert() alone would cut off all that is brighter than 255.
        picture = picture.point(lambda value: value / 256).convert("L")
    picture.thumbnail((longest, longest), reducing_gap=2.0)
    picture = ImageOps.exif_transpose(picture)
    # A new picture: nothing that came with the old one (place, time, comment, owner) comes along.
    clean = Image.new("RGB", picture.size, "white")
    clean.paste(picture, mask=picture if picture.has_transparency_data else None)
    target = BytesIO()
    clean.save(target, "JPEG", quality=85, optimize=True)
    return Picture(target.getvalue(), *clean.size)


def _what_is_wrong(file):
    """The end of the sentence about a file that Pillow did not read."""
    file.seek(0)
    head = file.read(32)
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return (
            "is in the format HEIC or AVIF, which can’t be taken. Choose it on the phone itself, "
            "which sends it as JPEG, or save it as JPEG first."
        )
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or head[8:12] == b"WEBP":
        return "is damaged or came only in part. Choose it again, or another."
    return "is no photo. Choose a JPEG, PNG or WebP."


def short(name, most=60):
    """A file's name that fits into a sentence: its beginning and its end."""
    name = name or "The file"
    return name if len(name) <= most else f"{name[: most - 15]}…{name[-14:]}"
