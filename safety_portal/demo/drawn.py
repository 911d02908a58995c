"""Pictures in place of photos: drawn, and saying so, because nothing in the demo was ever photographed."""

from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw, ImageFont

SIZE = (1200, 900)
TABLE, BIN, LID, BOX, INK = "#d9d4c7", "#4a5a6a", "#37444f", "#f4f1e8", "#1b1b1b"


def drawing(*lines, boxes):
    """A bin with that many boxes before it, and lines of text on a card, as a file that a form might bring."""
    picture = Image.new("RGB", SIZE, TABLE)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((90, 230, 470, 760), fill=BIN)
    draw.rectangle((70, 170, 490, 240), fill=LID)
    for n in range(boxes):
        left, top = 540 + 150 * (n % 4), 600 - 130 * (n // 4)
        draw.rectangle((left, top, left + 130, top + 110), fill=BOX, outline=INK, width=4)
    draw.rectangle((540, 60, 1150, 330), fill="white", outline=INK, width=4)
    draw.text(
        (570, 85),
        "\n".join(("FICTITIOUS", *lines)),
        fill=INK,
        font=ImageFont.load_default(44),
        spacing=14,
    )
    draw.text(
        (70, 810),
        "Drawn for the demonstration. No photo of anything.",
        fill=INK,
        font=ImageFont.load_default(34),
    )
    target = BytesIO()
    picture.save(target, "JPEG", quality=85)
    return SimpleUploadedFile("drawn.jpg", target.getvalue(), content_type="image/jpeg")
