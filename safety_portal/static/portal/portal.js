// All our script: USWDS with a start for parts that htmx swaps in, and small helps that a page works without.
import uswds from "@uswds/uswds/js";
import { showPhotos } from "./photos.js";
import { offerCamera } from "./scanner.js";

const parts = Object.values(uswds);
const all = (root, selector) => [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];

// --- USWDS: what its own script forgets -----------------------------------------------------------

// The date picker empties its field; what was typed wrongly must come back with its error.
function typedDates(root) {
  return all(root, ".usa-date-picker:not([data-enhanced])").map((picker) => {
    const text = picker.querySelector("input")?.value;
    return () => {
      const input = picker.querySelector(".usa-date-picker__external-input");
      if (input && !input.value) input.value = text;
    };
  });
}

// The combo box makes a new input; hint, error and state belong to it.
function describeCombos(root) {
  all(root, ".usa-combo-box").forEach((box) => {
    const [select, input] = [box.querySelector("select"), box.querySelector("input")];
    if (!select || !input) return;
    ["aria-describedby", "aria-invalid"].forEach((name) => {
      if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
    });
  });
}

function start(root, whole) {
  const putBack = typedDates(root);
  parts.forEach((part) => (whole ? part.on(root) : part.init?.(root)));
  putBack.forEach((act) => act());
  describeCombos(root);
  helps(root);
}

// --- ours -------------------------------------------------------------------------------------------

function helps(root) {
  focusError(root);
  all(root, "[data-needs-script]").forEach((element) => (element.hidden = false));
  all(root, "[data-codes]").forEach(countCodes);
  all(root, "[data-ticks]").forEach(countTicks);
  all(root, "[data-photos]").forEach(showPhotos);
  all(root, "[data-camera]").forEach(offerCamera);
  all(root, ".portal-saved [aria-current]").forEach(bringIntoRow);
}

// On a telephone the views of a list stand in one line: the present one is to be seen in it.
function bringIntoRow(link) {
  const row = link.closest("ul");
  row.scrollLeft = link.offsetLeft - row.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
}

// At a counter the scanner's next code must land in the field that was wrong; the summary is read out all the same.
function focusError(root) {
  const summary = root.querySelector("[data-error-summary]");
  const field = summary?.closest("form[data-scanner]")?.querySelector("[aria-invalid=true]");
  (field || summary)?.focus();
}

const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function countCodes(area) {
  const line = document.getElementById(`${area.id}_count`);
  const codes = area.value.split(/[\n,;\t]+/).map((code) => code.trim()).filter(Boolean);
  if (line) line.textContent = codes.length ? `${plural(codes.length, "code")} so far` : "";
}

const ticksOf = (formId) => [...document.querySelectorAll(`input[data-tick="${formId}"]`)];

function countTicks(bar) {
  const boxes = ticksOf(bar.dataset.ticks);
  const ticked = boxes.filter((box) => box.checked).length;
  bar.querySelector("[data-ticked]").textContent = ticked ? `${plural(ticked, bar.dataset.noun)} chosen` : "";
  bar.classList.toggle("portal-bulk--idle", !ticked);
  document.querySelectorAll(`input[data-tick-all="${bar.dataset.ticks}"]`).forEach((all) => {
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  });
}

document.addEventListener("change", ({ target }) => {
  if (target.dataset.tickAll) ticksOf(target.dataset.tickAll).forEach((box) => (box.checked = target.checked));
  const form = target.dataset.tickAll || target.dataset.tick;
  if (form) document.querySelectorAll(`[data-ticks="${form}"]`).forEach(countTicks);
  if (target.matches("[data-submit-on-change]")) target.form.requestSubmit();
});

// The name is there already: one saves, or types another over it. With an error the page came open, at the field.
document.addEventListener("toggle", ({ target }) => {
  const name = target.matches(".portal-save[open]") && target.querySelector("input:not([type=hidden], [aria-invalid])");
  if (!name) return;
  name.focus();
  name.select();
  target.querySelector("form").scrollIntoView({ block: "nearest" });
}, true);

document.addEventListener("input", ({ target }) => {
  if (target.matches("[data-codes]")) countCodes(target);
});

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (key === "Escape") {
    const open = target.closest?.("details[data-menu][open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  }
  if (key !== "Enter" || !target.matches) return;
  // A scanner ends each code with Enter: in these fields it must not send the form.
  if (target.matches("textarea[data-codes]") && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    target.form.requestSubmit();
  }
  if (target.matches("[data-look-up]")) event.preventDefault();
  if (target.matches("form[data-scanner] :is(input, textarea)")) nextField(event);
});

// A scanner ends each code with Enter: on to the next field. In a list an empty line ends it; after the last one it is sent.
function nextField(event) {
  const { target } = event;
  const fields = [...target.form.elements].filter((field) => field.matches("input:not([type=hidden], [type=radio], [type=checkbox]), textarea"));
  const next = fields[fields.indexOf(target) + 1];
  const listEnds = !/[^\n]$/.test(target.value) && target.selectionStart === target.value.length;
  if (!next || (target.matches("textarea") && !listEnds)) return;
  event.preventDefault();
  if (!target.value.trim()) return;
  target.value = target.value.trimEnd();
  next.focus();
}

// --- the counter terminal: nobody is to read, or to use, what another has left ------------------------

let leaving = false; // “Done” was pressed: the answer of an act still under way must not take its place

function startTerminal() {
  const form = document.querySelector("form[data-blank-after]");
  if (!form) return;
  const whole = Number(form.dataset.seconds) * 1000;
  let end = Date.now() + Number(form.dataset.blankAfter) * 1000;
  let asking = null;
  form.addEventListener("submit", () => (leaving = true));
  const empty = () => {
    leaving = true; // submit() tells nobody
    document.getElementById("main-content").replaceChildren(); // the network may be away
    form.submit();
  };
  // The proof ends at the server too: keys prolong it there, asked for once in a while.
  const ask = async () => {
    asking = null;
    const answer = await fetch(form.dataset.here, { method: "POST", body: new FormData(form) }).catch(() => null);
    if (answer?.status === 410) empty();
    if (answer?.ok) end = Date.now() + (await answer.json()).seconds * 1000;
  };
  const touched = () => {
    if (!form.dataset.here) end = Date.now() + whole;
    else asking ??= setTimeout(ask, Math.min(5000, whole / 6));
  };
  ["keydown", "pointerdown"].forEach((name) => document.addEventListener(name, touched));
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    form.querySelector("[data-left]").textContent = Math.max(left, 0);
    if (left > 0) return;
    clearInterval(timer);
    empty();
  };
  const timer = setInterval(tick, 250);
  tick();
}

// Sent without a trace in the browser's history: Back can neither show a badge and PIN's answer nor send them again.
async function sendTraceless(form, submitter) {
  const body = new FormData(form);
  if (submitter?.name) body.append(submitter.name, submitter.value);
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    if (leaving) return;
    if (answer.redirected) return location.replace(answer.url);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.title = page.title;
    const main = document.getElementById("main-content");
    main.replaceWith(document.adoptNode(page.getElementById("main-content")));
    helps(document.getElementById("main-content"));
  } catch {
    if (leaving) return;
    wake(form);
    form.querySelector("[data-unsent]")?.remove();
    form.insertAdjacentHTML("afterbegin", "<p data-unsent role=alert>The portal does not answer. Try once more; nothing is done twice.</p>");
  }
}

// Back from the next page: whatever the browser kept of a terminal's page is not shown.
window.addEventListener("pageshow", ({ persisted }) => {
  const terminal = document.querySelector("[data-terminal]");
  if (persisted && terminal) {
    document.body.replaceChildren();
    location.replace(terminal.dataset.terminal);
  }
});

document.addEventListener("click", (event) => {
  document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  const now = event.target.closest("[data-now]");
  if (now) fillNow(now);
  const stepper = event.target.closest("[data-step]");
  if (stepper) step(stepper);
  const copier = event.target.closest("[data-copy]");
  if (copier) copyText(copier);
});

// The clock of the field's zone, not of the device.
function fillNow(button) {
  const [day, time] = button.dataset.now.split(" ").map((id) => document.getElementById(id));
  const options = { timeZone: button.dataset.zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };
  const now = Object.fromEntries(new Intl.DateTimeFormat("en-US", options).formatToParts(new Date()).map(({ type, value }) => [type, value]));
  day.value = `${now.month}/${now.day}/${now.year}`;
  time.value = `${now.hour}:${now.minute}`;
  [day, time].forEach((input) => input.dispatchEvent(new Event("input", { bubbles: true })));
}

function step(button) {
  const input = document.getElementById(button.getAttribute("aria-controls"));
  input.value = Math.max(0, (parseInt(input.value, 10) || 0) + Number(button.dataset.step));
  ["input", "change"].forEach((name) => input.dispatchEvent(new Event(name, { bubbles: true })));
}

async function copyText(button) {
  const said = button.parentElement.querySelector("[role=status]");
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    said.textContent = "Copied";
  } catch {
    said.textContent = "Select the text and copy it by hand";
  }
}

// A second click finds the button asleep. The server answers the same act twice the same way; this only calms.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  const buttons = [...form.elements].filter((element) => element.type === "submit");
  buttons.forEach((button) => button.setAttribute("aria-disabled", "true"));
  // An answer that is a file leaves the page as it is.
  setTimeout(() => wake(form), 10_000);
});

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.matches("[data-terminal] ~ * form[method=post]")) return;
  event.preventDefault();
  sendTraceless(event.target, event.submitter);
});

function wake(form) {
  delete form.dataset.sent;
  form.querySelectorAll("[type=submit][aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
}

// Back from the next page: the form may be sent again.
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(wake));

document.addEventListener("DOMContentLoaded", () => {
  start(document.body, true);
  startTerminal();
});
document.addEventListener("htmx:load", ({ detail }) => {
  if (detail.elt !== document.body) start(detail.elt, false);
});
