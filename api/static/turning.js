// Filters, order, pages and questions within the results without loading the page anew. Without this file
// they are plain links and a plain form.

const PLACES = ".facets a, .arrangement a, .chips a, .paging a, .understood a, .no-answer a";

async function turn(address, { isBack = false } = {}) {
  const main = document.querySelector("main");
  main.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = found.querySelector("main");
    if (!answer.ok || !next || needsMore(found)) return location.assign(address);
    if (!isBack) history.pushState(null, "", address);
    document.title = found.title;
    main.replaceChildren(...next.childNodes);
    const back = document.querySelector(".languages [name=terug]");
    if (back) back.value = address;
    tell(main);
    document.dispatchEvent(new CustomEvent("turned"));
  } catch {
    location.assign(address);
  } finally {
    main.removeAttribute("aria-busy");
  }
}

// A page with other style sheets or scripts is loaded as a page.
function needsMore(found) {
  const sources = (root) =>
    [...root.querySelectorAll("link[rel=stylesheet], script[src]")].map((one) => one.getAttribute("href") ?? one.getAttribute("src"));
  const here = new Set(sources(document));
  return sources(found).some((source) => !here.has(source));
}

// A live region speaks when its words change, not when it comes with them.
function tell(main) {
  const summary = main.querySelector("#samenvatting");
  if (!summary) return;
  const words = [...summary.childNodes];
  summary.replaceChildren();
  setTimeout(() => summary.replaceChildren(...words), 50);
  summary.tabIndex = -1;
  summary.focus({ preventScroll: true });
  scrollTo({ top: 0, behavior: "instant" });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!isPlain || !link?.matches(PLACES) || new URL(link.href).pathname !== location.pathname) return;
  event.preventDefault();
  turn(link.getAttribute("href"));
});
addEventListener("popstate", () => turn(location.pathname + location.search, { isBack: true }));
