// What scanners and cameras put into fields of codes. A scanner is a keyboard: it types the code and presses Enter.
// A telephone's camera reads with a part of its own (camera.js), which is loaded only when somebody wants it.

const SHOWN = "␝"; // the separator of GS1 codes, to be seen; the server takes it for the invisible one
const CODES = "[data-code], textarea[data-codes], [data-look-up], input[type=search]";

// Scanners send the separator as Ctrl and ], which no browser writes into a field.
document.addEventListener("keydown", (event) => {
  const { target, ctrlKey, altKey, metaKey, key, code } = event;
  if (!ctrlKey || altKey || metaKey || !(key === "]" || key === "\x1d" || code === "BracketRight")) return;
  if (!target.matches?.(CODES)) return;
  event.preventDefault();
  target.setRangeText(SHOWN, target.selectionStart, target.selectionEnd, "end");
  target.dispatchEvent(new Event("input", { bubbles: true }));
});

// Its Enter reads the code, beside the field that has a button for it, and sends nothing.
document.addEventListener("keydown", (event) => {
  const read = event.key === "Enter" && readButton(event.target);
  if (!read) return;
  event.preventDefault();
  if (event.target.value.trim()) read.click();
});

const readButton = (field) => field.matches?.("[data-code]") && field.parentElement.querySelector("[data-read]");

// One reading chosen is one taken: the button below is for those without script.
document.addEventListener("change", ({ target }) => {
  if (target.name === "reading") target.closest("fieldset").querySelector("[data-read]")?.click();
});

// --- the camera -------------------------------------------------------------------------------------------

export function offerCamera(button) {
  // Without a secure address a browser shows no camera to anybody.
  button.hidden = !navigator.mediaDevices?.getUserMedia;
  // A page may have several such buttons: each is named by its field.
  const label = document.getElementById(button.dataset.camera)?.labels?.[0]?.textContent.replace("*", "");
  if (label) button.querySelector("[data-of]").textContent = `: ${label.trim()}`;
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-camera]");
  if (!button) return;
  const field = document.getElementById(button.dataset.camera);
  const { cameraScript, cameraWasm } = document.body.dataset;
  button.setAttribute("aria-busy", "true");
  try {
    const { scan } = await import(cameraScript);
    await scan({ wasm: cameraWasm, many: field.matches("[data-codes]"), take: (code) => take(field, code) });
  } catch {
    failed(button);
  }
  button.removeAttribute("aria-busy");
  field.focus();
});

function failed(button) {
  button.parentElement.querySelector("[data-camera-failed]")?.remove();
  button.insertAdjacentHTML("afterend", "<p class=usa-error-message data-camera-failed role=alert>The camera part could not be loaded. Try again, or type the code.</p>");
}

// Puts a code into its field; says whether it was new there.
function take(field, code) {
  const text = code.replaceAll("\x1d", SHOWN);
  if (!field.matches("[data-codes]")) {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    const read = readButton(field);
    if (read) read.click();
    else if (field.type === "search" && !field.matches("[data-look-up]")) field.form.requestSubmit();
    return true;
  }
  const known = field.value.split("\n").map((line) => line.trim()).filter(Boolean);
  if (known.includes(text)) return false;
  field.value = `${[...known, text].join("\n")}\n`;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  return true;
}
