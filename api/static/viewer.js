/* On a wide screen the text beside the picture scrolls by itself, to the passage that the picture shows; a picture
   that was still being made is shown once it is there. */

const text = document.querySelector(".beside-picture");
const wide = window.matchMedia("(min-width: 75rem)");

function arrange() {
  text.classList.toggle("scrolls", wide.matches);
  const isLonger = wide.matches && text.scrollHeight > text.clientHeight;
  if (!isLonger) {
    text.removeAttribute("tabindex");
    return;
  }
  // Who has no mouse scrolls it from within.
  text.tabIndex = 0;
  const passage = text.querySelector(".here");
  if (passage) {
    const above = passage.getBoundingClientRect().top - text.getBoundingClientRect().top;
    text.scrollTop += above - text.clientHeight / 4;
  }
}

if (text && !text.closest(".bare")) {
  arrange();
  wide.addEventListener("change", arrange);
}

const awaited = document.querySelector("[data-awaits]");

// Once for each address: where it goes on taking long, the reader asks again.
if (awaited && sessionStorage.getItem("awaited") !== location.href) {
  sessionStorage.setItem("awaited", location.href);
  fetch(awaited.dataset.awaits).then((answer) => {
    if (answer.ok) {
      location.reload();
    }
  }, () => {});
}
