"""Reads a PDF as a screen reader does: by its tags, in their order, and by the text that the fonts say their glyphs mean."""

import io
import re
from dataclasses import dataclass, field

import pikepdf

INLINE = ("Span", "Strong", "Em", "Link", "Code")


@dataclass
class Element:
    """A tagged part: H1, P, Table, TR, …; its parts are elements and texts in their order."""

    tag: str
    parts: list = field(default_factory=list)

    @property
    def text(self):
        """Its words; a paragraph or cell begins a line of its own."""
        said = ""
        for part in self.parts:
            inline = isinstance(part, str) or part.tag in INLINE
            said += ("" if inline or not said else "\n") + (
                part if isinstance(part, str) else part.text
            )
        return said

    def all(self, tag):
        """The elements of a tag within this one, in reading order."""
        for part in self.parts:
            if isinstance(part, Element):
                if part.tag == tag:
                    yield part
                yield from part.all(tag)

    def rows(self):
        """The rows of a table as lists of its cells' texts."""
        return [
            [cell.text for cell in row.parts if isinstance(cell, Element)] for row in self.all("TR")
        ]


def read(pdf):
    """(the opened PDF, its document element)."""
    opened = pikepdf.open(io.BytesIO(pdf))
    marked = {page.objgen: texts(page) for page in opened.pages}
    root = Element("StructTreeRoot")
    for child in kids(opened.Root.StructTreeRoot):
        root.parts.append(element(child, None, marked))
    return opened, root


def kids(node):
    found = node.get("/K", [])
    return found if isinstance(found, pikepdf.Array | list) else [found]


def element(node, page, marked):
    """The element of a node of the structure tree; what its content marks say is taken from the page."""
    page = node.get("/Pg", page)
    made = Element(str(node.S)[1:])
    for kid in kids(node):
        if isinstance(kid, int):
            made.parts.append(marked[page.objgen].get(kid, ""))
        elif kid.get("/Type") == "/MCR":
            made.parts.append(marked[kid.get("/Pg", page).objgen].get(int(kid.MCID), ""))
        elif "/S" in kid:
            made.parts.append(element(kid, page, marked))
    return made


def texts(page):
    """Mark → text of a page's tagged content. What is not tagged (header, footer) is under None."""
    meanings = {name: meaning(font) for name, font in page.Resources.get("/Font", {}).items()}
    found, marks, spoken, glyphs = {}, [], [], {}
    for operands, operator in pikepdf.parse_content_stream(page):
        name = str(operator)
        if name in ("BDC", "BMC"):
            facts = (
                operands[1] if name == "BDC" and isinstance(operands[1], pikepdf.Dictionary) else {}
            )
            mark = facts.get("/MCID", marks[-1] if marks else None)
            if "/ActualText" in facts and not any(spoken):
                found[mark] = found.get(mark, "") + str(facts["/ActualText"])
            marks.append(mark)
            spoken.append("/ActualText" in facts)
        elif name == "EMC":
            marks.pop()
            spoken.pop()
        elif name == "Tf":
            glyphs = meanings[str(operands[0])]
        elif name in ("Tj", "TJ") and not any(spoken):
            mark = marks[-1] if marks else None
            shown = operands[0] if name == "TJ" else operands
            raw = b"".join(bytes(part) for part in shown if isinstance(part, pikepdf.String))
            codes = [raw[n : n + 2] for n in range(0, len(raw), 2)]
            found[mark] = found.get(mark, "") + "".join(glyphs[code] for code in codes)
    return found


def meaning(font):
    """Glyph code (two bytes) → text, as the font's ToUnicode table has it."""
    table = font.ToUnicode.read_bytes().decode()
    found = {}
    for block in re.findall(r"beginbfchar(.*?)endbfchar", table, re.DOTALL):
        for code, text in re.findall(r"<(\w+)>\s*<(\w+)>", block):
            found[bytes.fromhex(code)] = bytes.fromhex(text).decode("utf-16-be")
    for block in re.findall(r"beginbfrange(.*?)endbfrange", table, re.DOTALL):
        for first, last, text in re.findall(r"<(\w+)>\s*<(\w+)>\s*<(\w+)>", block):
            start = int(text, 16)
            for n in range(int(first, 16), int(last, 16) + 1):
                found[n.to_bytes(2, "big")] = chr(start + n - int(first, 16))
    return found
