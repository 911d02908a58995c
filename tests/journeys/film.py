"""A film of codes for Chromium's false camera: YUV4MPEG2, grey, a code after the other."""

import zxingcpp
from PIL import Image

WIDTH, HEIGHT, FRAMES_A_SECOND = 640, 480, 10


def picture(text, kind=zxingcpp.BarcodeFormat.DataMatrix):
    """A grey picture of the camera's size with a code in its middle."""
    code = zxingcpp.create_barcode(text, kind)
    modules = memoryview(code.to_image(scale=1, add_quiet_zones=True))
    rows, columns = modules.shape
    small = Image.frombytes("L", (columns, rows), modules.tobytes())
    scale = min(HEIGHT // rows, WIDTH // columns) * 3 // 4 or 1
    large = small.resize((columns * scale, rows * scale), Image.Resampling.NEAREST)
    whole = Image.new("L", (WIDTH, HEIGHT), 255)
    whole.paste(large, ((WIDTH - large.width) // 2, (HEIGHT - large.height) // 2))
    return whole


def write(path, texts, seconds=2):
    """Write the film: each code so long, then the next; Chromium plays it again and again."""
    colourless = bytes([128]) * (WIDTH * HEIGHT // 2)
    with path.open("wb") as film:
        film.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_A_SECOND}:1 Ip A1:1 C420jpeg\n".encode())
        for text in texts:
            frame = picture(text).tobytes() + colourless
            for _ in range(seconds * FRAMES_A_SECOND):
                film.write(b"FRAME\n" + frame)
