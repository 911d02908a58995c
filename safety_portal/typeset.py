"""A program of its own: a Typst template and its facts (JSON on standard input) become a PDF on standard output.

Apart from the web's process, because Typst keeps what it has set in memory (130 MB after ten records), and so that
whatever a document holds, it meets no secret, no connection and no other request. Needs neither Django nor environment.
Usage: typeset.py FOLDER_OF_TEMPLATES FOLDER_OF_FONTS NAME < facts.json
"""

import sys

import typst


def main(templates, fonts, name):
    own = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts])
    if not own.families():
        sys.exit(f"There is no font in {fonts}: run `make static`.")
    try:
        pdf = typst.compile(
            f"{templates}/{name}.typ",
            root=templates,
            format="pdf",
            pdf_standards=["ua-1"],
            font_paths=own,
            ignore_system_fonts=True,
            sys_inputs={"data": sys.stdin.read()},
        )
    except typst.TypstError as error:
        sys.exit(f"{error.message}\n{error.diagnostic}")
    sys.stdout.buffer.write(pdf)


if __name__ == "__main__":
    main(*sys.argv[1:])
