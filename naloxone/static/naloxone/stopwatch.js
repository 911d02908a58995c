// The watch of a drill: start, run, stop when the dose is in the hand. Typed seconds do as well, and then say that they were.
const running = new Map();

const secondsOf = (watch) => Math.max(1, Math.round((Date.now() - running.get(watch)) / 1000));

function show(watch, text) {
  watch.querySelector("[data-stopwatch-seconds]").textContent = text;
}

function timed(watch, is) {
  const field = watch.closest("form").querySelector("[data-stopwatch-timed]");
  if (field) field.value = is ? "True" : "";
}

function press(button) {
  const watch = button.closest("[data-stopwatch]");
  const input = watch.querySelector("input");
  if (!running.has(watch)) {
    running.set(watch, Date.now());
    button.textContent = button.dataset.stop;
    input.value = "";
    timed(watch, false);
    return;
  }
  const seconds = secondsOf(watch);
  running.delete(watch);
  input.value = seconds;
  timed(watch, true);
  button.textContent = button.dataset.start;
  show(watch, `${seconds} s`);
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-stopwatch] button");
  if (button) press(button);
});

document.addEventListener("input", ({ target }) => {
  const watch = target.closest?.("[data-stopwatch]");
  if (watch) timed(watch, false);
});

setInterval(() => running.forEach((_, watch) => show(watch, `${secondsOf(watch)} s`)), 250);
