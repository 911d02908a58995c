// A field of photos: what is chosen is seen, may be taken off again, and choosing again adds to it. Without this
// script the browser's own file field does, and forgets the first choice at the second.

const chosen = new WeakMap();
const input = (field) => field.querySelector("input[type=file]");
const same = (one, other) => ["name", "size", "lastModified"].every((fact) => one[fact] === other[fact]);
const listed = (files) => files.map((file) => `“${file.name}”`).join(", ");

document.addEventListener("change", ({ target }) => {
  const field = target.closest?.("[data-photos]");
  if (field) showPhotos(field);
});

// A camera gives one file at a time: what was chosen before stays. The server's limits, told before the upload.
export function showPhotos(field) {
  const before = chosen.get(field) ?? [];
  const now = [...before, ...[...input(field).files].filter((file) => !before.some((old) => same(old, file)))];
  const [most, mostBytes] = [Number(field.dataset.most), Number(field.dataset.mostBytes)];
  const held = field.querySelectorAll("[data-held] input[type=checkbox]:not(:checked)").length;
  const large = now.filter((file) => file.size > mostBytes);
  const good = now.filter((file) => file.size <= mostBytes);
  const over = good.splice(Math.max(most - held, 0));
  const said = [
    large.length && `More than ${mostBytes / 1e6} MB, left out: ${listed(large)}.`,
    over.length && `No more than ${most}, left out: ${listed(over)}.`,
  ];
  setPhotos(field, good, said.filter(Boolean).join(" "));
}

function setPhotos(field, files, said) {
  const transfer = new DataTransfer();
  files.forEach((file) => transfer.items.add(file));
  input(field).files = transfer.files;
  chosen.set(field, files);
  const list = field.querySelector("[data-chosen]");
  list.replaceChildren(...files.map((file) => itemOf(field, file)));
  list.hidden = !files.length;
  field.querySelector("[role=status]").textContent = said || (files.length ? `Chosen, not sent yet: ${files.length}.` : "");
}

function itemOf(field, file) {
  const item = made("li", "portal-photos__one");
  const picture = made("canvas", "portal-photos__picture", { role: "img", "aria-label": file.name });
  const name = made("p", "portal-photos__name");
  name.textContent = file.name;
  const look = "usa-button usa-button--unstyled portal-photos__remove";
  const remove = made("button", look, { type: "button", "aria-label": `Remove ${file.name}` });
  remove.textContent = "Remove";
  remove.addEventListener("click", () => {
    setPhotos(field, chosen.get(field).filter((other) => other !== file), `Removed: ${listed([file])}.`);
    input(field).focus();
  });
  item.append(picture, name, remove);
  draw(picture, file);
  return item;
}

function made(tag, look, attributes = {}) {
  const element = document.createElement(tag);
  element.className = look;
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  return element;
}

// Drawn, because the policy lets no page show a blob: address.
async function draw(canvas, file) {
  try {
    const picture = await createImageBitmap(file, { resizeWidth: 320, resizeQuality: "medium" });
    [canvas.width, canvas.height] = [picture.width, picture.height];
    canvas.getContext("2d").drawImage(picture, 0, 0);
    picture.close();
  } catch {
    // No picture, or one that this browser can't read: the server says which.
  }
}
