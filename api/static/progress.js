// Follows a build: asks for the same page again and shows what has changed, without losing the reader's place.

const PAUSE = 2000;
const said = document.getElementById("gezegd");
let last = "";

function tell() {
  const words = ["stand", "fase"].map((id) => document.getElementById(id)?.textContent.trim() ?? "").join(". ");
  if (words !== last) {
    if (last) said.textContent = words;
    last = words;
  }
}

async function ask() {
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (answer.status === 401) location.reload();
    if (answer.ok) {
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      const old = document.getElementById("bouw");
      const fresh = document.importNode(found.getElementById("bouw"), true);
      const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      old.replaceWith(fresh);
      document.title = found.title;
      if (focused) [...fresh.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
      tell();
    }
  } catch {
    // The service may be restarting; the next try will tell.
  }
  if ("running" in document.getElementById("bouw").dataset) setTimeout(ask, PAUSE);
}

tell();
setTimeout(ask, PAUSE);
