// Writes everything the browser needs to safety_portal/static/built: our bundle with USWDS in it, its stylesheet,
// and only those pictures and fonts that something names; what reads codes with a camera; for documents, the fonts
// they are set in.
// Usage: node tools/assets.mjs
import { build } from "esbuild";
import { cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const uswds = path.join(root, "node_modules/@uswds/uswds/dist");
const source = path.join(root, "safety_portal/static/portal");
const built = path.join(root, "safety_portal/static/built");
const fresh = `${built}.new`;

// Icons that templates name by {% icon "…" %}; one small sprite instead of USWDS's 240 icons.
const ICONS = [
  "account_circle", "add", "arrow_back", "arrow_forward", "bookmark", "check", "check_circle", "close", "construction",
  "content_copy", "delete", "error", "event", "expand_more", "file_download", "first_page", "flag", "help", "history",
  "home", "info", "last_page", "local_hospital", "location_on", "lock", "mail", "menu", "navigate_before",
  "navigate_next", "notifications", "people", "person", "pets", "photo_camera", "print", "remove_circle", "schedule", "search",
  "security", "send", "shield", "verified_user", "visibility", "warning",
];
// Pictures that base.html names itself; the stylesheet's own are found by reading it.
const PICTURES = ["us_flag_small.png", "icon-dot-gov.svg", "icon-https.svg"];

// Fonts of documents: TrueType, because Typst reads no WOFF2.
const FONTS = [
  "public-sans/PublicSans-Regular.ttf", "public-sans/PublicSans-SemiBold.ttf", "public-sans/PublicSans-Bold.ttf",
  "roboto-mono/roboto-mono-v5-latin-regular.ttf",
];

const copy = async (from, to) => {
  await mkdir(path.dirname(to), { recursive: true });
  await cp(from, to);
};

async function stylesheet() {
  const css = await readFile(path.join(uswds, "css/uswds.min.css"), "utf8");
  // Without its source map's name: the map is not copied, and hashed file names must all be found.
  await mkdir(path.join(fresh, "css"), { recursive: true });
  await writeFile(path.join(fresh, "css/uswds.css"), css.replace(/\/\*# sourceMappingURL=.*?\*\//g, ""));
  const named = new Set([...css.matchAll(/url\(["']?(\.\.\/[^"')?#]+)/g)].map((match) => match[1].slice(3)));
  PICTURES.forEach((name) => named.add(`img/${name}`));
  await Promise.all([...named].map((name) => copy(path.join(uswds, name), path.join(fresh, name))));
}

async function icons() {
  const symbols = await Promise.all(
    ICONS.map(async (name) => {
      const svg = await readFile(path.join(uswds, `img/usa-icons/${name}.svg`), "utf8").catch(() => null);
      if (!svg) return missing.push(name) && "";
      const box = /viewBox="([^"]+)"/.exec(svg)?.[1] ?? "0 0 24 24";
      const inner = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
      return `<symbol id="${name}" viewBox="${box}">${inner}</symbol>`;
    }),
  );
  await writeFile(path.join(fresh, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);
}

const documentFonts = () =>
  Promise.all(
    FONTS.map((name) => copy(path.join(uswds, "fonts", name), path.join(fresh, "documents", path.basename(name)))),
  );

const missing = [];
await rm(fresh, { recursive: true, force: true });
await mkdir(fresh, { recursive: true });
// Each file of ours with what it imports. What reads codes with the camera is a module of its own: it is loaded only
// when somebody wants it, and so are the megabyte of its reader.
const bundle = (name, format) =>
  build({
    entryPoints: [path.join(source, name)],
    outfile: path.join(fresh, name),
    bundle: true,
    minify: true,
    format,
    target: "es2020",
    legalComments: "none",
    nodePaths: [path.join(root, "node_modules")],
  });
await Promise.all([
  bundle("portal.js", "iife"),
  bundle("camera.js", "esm"),
  copy(path.join(root, "node_modules/zxing-wasm/dist/reader/zxing_reader.wasm"), path.join(fresh, "zxing_reader.wasm")),
  copy(path.join(uswds, "js/uswds-init.min.js"), path.join(fresh, "uswds-init.js")),
  stylesheet(),
  icons(),
  documentFonts(),
]);
if (missing.length) throw new Error(`USWDS has no icon named ${missing.join(", ")}`);
const init = path.join(fresh, "uswds-init.js");
await writeFile(init, (await readFile(init, "utf8")).replace(/\/\/# sourceMappingURL=.*/g, ""));
// Put in place in one step, so that a stopped build leaves the last one.
await rm(built, { recursive: true, force: true });
await rename(fresh, built);
