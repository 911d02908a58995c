// Reads codes with the device's camera, in a dialog over the page. Loaded when it is asked for: it is large.
import { BarcodeDetector as OwnDetector, prepareZXingModule } from "barcode-detector/ponyfill";

const FORMATS = ["data_matrix", "qr_code", "code_128", "code_39", "ean_13", "ean_8", "upc_a", "upc_e", "itf"];
const PAUSE = 150; // milliseconds between two looks: more would only warm the telephone
const QUIET = 1500; // a code that stays in the picture counts once

// The browser's own reader where it knows the square codes; else ours, from our own address.
async function detector(wasm) {
  const own = await window.BarcodeDetector?.getSupportedFormats().catch(() => []);
  if (own?.includes("data_matrix")) {
    return new window.BarcodeDetector({ formats: FORMATS.filter((format) => own.includes(format)) });
  }
  prepareZXingModule({ overrides: { locateFile: (path, folder) => (path.endsWith(".wasm") ? wasm : folder + path) } });
  return new OwnDetector({ formats: FORMATS });
}

const WHY_NOT = {
  NotAllowedError: "The browser was told not to show the camera to this portal. Allow it in the address bar’s settings, or type the code.",
  NotFoundError: "This device has no camera. Use a scanner, or type the code.",
  NotReadableError: "Another program has the camera. Close it there, or type the code.",
};

// Shows the camera until the dialog is closed; one code closes it, unless there are many to scan.
export async function scan({ wasm, many, take }) {
  const dialog = made(many);
  const [video, said, tick] = ["video", "[data-said]", "[data-tick]"].map((name) => dialog.querySelector(name));
  document.body.append(dialog);
  const closed = new Promise((done) => dialog.addEventListener("close", done, { once: true }));
  dialog.showModal();
  let stream;
  try {
    const reader = detector(wasm);
    stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } }, audio: false,
    });
    if (dialog.open) {
      video.srcObject = stream;
      await video.play();
      said.textContent = many ? "Hold a code into the frame. Each is taken once." : "Hold the code into the frame.";
      await look(dialog, video, await reader, { many, take, said, tick });
    }
  } catch (error) {
    if (dialog.open) said.textContent = WHY_NOT[error.name] ?? "The camera does not work here. Use a scanner, or type the code.";
  }
  if (dialog.open) await closed;
  stop(stream, video);
  dialog.remove();
}

async function look(dialog, video, reader, { many, take, said, tick }) {
  const seen = new Map();
  let taken = 0;
  while (dialog.open) {
    const found = await reader.detect(video).catch(() => []);
    for (const { rawValue } of found) {
      const again = Date.now() - (seen.get(rawValue) ?? 0) < QUIET;
      seen.set(rawValue, Date.now());
      if (again || !rawValue || !dialog.open) continue;
      const fresh = take(rawValue);
      taken += fresh;
      navigator.vibrate?.(60);
      blink(tick);
      if (!many) return dialog.close();
      const name = rawValue.replaceAll("\x1d", " ");
      said.textContent = fresh ? `${taken} taken. Last: ${name}` : `${name} is in the list already.`;
    }
    await new Promise((done) => setTimeout(done, PAUSE));
  }
}

// To be seen where nothing may be heard.
function blink(tick) {
  tick.hidden = false;
  setTimeout(() => (tick.hidden = true), 700);
}

function stop(stream, video) {
  stream?.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
}

function made(many) {
  const dialog = document.createElement("dialog");
  dialog.className = "portal-scan";
  dialog.setAttribute("aria-labelledby", "portal-scan-title");
  dialog.innerHTML = `
    <h2 id="portal-scan-title">Scan with the camera</h2>
    <div class="portal-scan__picture"><video muted playsinline aria-label="What the camera sees"></video>
      <p class="portal-scan__tick" data-tick hidden>✓</p></div>
    <p role="status" data-said>Asking for the camera…</p>
    <form method="dialog"><button class="usa-button" type="submit">${many ? "Done" : "Cancel"}</button></form>`;
  return dialog;
}
