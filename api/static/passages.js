// What can be done with a passage: copy it with its source, formatted and as plain text, and keep it in the dossier.
// Without this file both are done by pages: one to copy from, and this one, which comes anew.

const FORMATTED = "opgemaakt";
const PLAIN = "platte-tekst";
const OTHER = { bij: "weg", weg: "bij" };
const READABLE = 6000;
let saying = 0;

function say(text) {
  const told = document.getElementById("melding");
  // Words that stand there already are not read out again.
  told.textContent = "";
  clearTimeout(saying);
  setTimeout(() => (told.textContent = text));
  saying = setTimeout(() => (told.textContent = ""), READABLE);
}

function formatted(element) {
  const copy = element.cloneNode(true);
  for (const part of copy.querySelectorAll("bdi")) part.replaceWith(...part.childNodes);
  for (const part of copy.querySelectorAll("[class]")) part.removeAttribute("class");
  return copy.innerHTML.trim();
}

function both(page) {
  return {
    "text/html": formatted(page.getElementById(FORMATTED)),
    "text/plain": page.getElementById(PLAIN).textContent,
  };
}

async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status}`);
  return both(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

// At the click, what is coming must be promised: a browser that waits for it first no longer knows who asks.
function put(types, coming) {
  if (navigator.clipboard?.write && window.ClipboardItem) {
    const promised = types.map((type) => [type, coming.then((found) => new Blob([found[type]], { type }))]);
    return navigator.clipboard.write([new ClipboardItem(Object.fromEntries(promised))]);
  }
  return coming.then(putPlainly);
}

// A service without https, which many an intranet has, has no other clipboard than this one.
function putPlainly(found) {
  const fill = (event) => {
    event.preventDefault();
    for (const [type, text] of Object.entries(found)) event.clipboardData.setData(type, text);
  };
  document.addEventListener("copy", fill, { once: true });
  const isDone = document.execCommand("copy");
  document.removeEventListener("copy", fill);
  if (!isDone) throw new Error("copy");
}

async function copied(types, coming, instead) {
  try {
    await put(types, coming);
    say(document.getElementById("bewaren").dataset.copied);
  } catch {
    instead();
  }
}

function addButtons() {
  for (const place of document.querySelectorAll("[data-copies]")) {
    if (place.firstElementChild) continue;
    const source = document.getElementById(place.dataset.copies);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "nl-button nl-button--secondary";
    button.textContent = document.getElementById("bewaren").dataset.copy;
    button.setAttribute("aria-describedby", place.previousElementSibling.id);
    const isFormatted = source.id === FORMATTED;
    button.addEventListener("click", () => {
      const found = isFormatted ? both(document) : { "text/plain": source.textContent };
      copied(Object.keys(found), Promise.resolve(found), () => getSelection().selectAllChildren(source));
    });
    place.append(button);
  }
}

function recount(by) {
  for (const place of document.querySelectorAll("[data-kept]")) {
    const number = Math.max(0, Number(place.dataset.kept) + by);
    place.dataset.kept = number;
    place.textContent = number || "";
  }
}

function submitAfterAll(form, button) {
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = button.name;
  field.value = button.value;
  form.append(field);
  form.submit();
}

async function send(form, button) {
  const { name, value } = button;
  const body = new URLSearchParams({ [name]: value });
  button.setAttribute("aria-disabled", "true");
  try {
    // The answer leads back to this page, which is here already.
    const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
    if (answer.type !== "opaqueredirect") throw new Error(`${answer.status}`);
  } catch {
    submitAfterAll(form, button);
    return;
  }
  button.removeAttribute("aria-disabled");
  button.name = OTHER[name];
  button.firstChild.data = form.dataset[OTHER[name]];
  recount(name === "bij" ? 1 : -1);
  say(form.dataset[name === "bij" ? "isBij" : "isWeg"]);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (form.id !== "bewaren" || !button?.id.startsWith("bewaar-")) return;
  if (button.getAttribute("aria-disabled")) {
    event.preventDefault();
    return;
  }
  const kept = Number(document.querySelector("[data-kept]")?.dataset.kept);
  // What does not fit any more is told by a page.
  if (button.name === "bij" && kept >= Number(form.dataset.most)) return;
  event.preventDefault();
  send(form, button);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-copy]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  copied(["text/html", "text/plain"], fetched(link.href), () => location.assign(link.href));
});
document.addEventListener("turned", addButtons);
addButtons();
