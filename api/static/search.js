// Completions under the query field. Without this file the field is a plain one.

const WAIT = 120;

function combobox(input) {
  const list = document.createElement("ul");
  list.className = "completions";
  list.id = "aanvullingen";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels[0].textContent);
  const told = document.createElement("p");
  told.className = "hidden";
  told.setAttribute("role", "status");
  input.after(list, told);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  let at = -1;
  let timer = 0;
  let asked = 0;

  // What is still on its way would come in the place of what the reader is choosing from.
  const expectNothing = () => {
    asked += 1;
    clearTimeout(timer);
  };
  const close = () => {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const select = (next) => {
    const options = list.children;
    if (options[at]) options[at].setAttribute("aria-selected", "false");
    at = (next + options.length + 1) % (options.length + 1);
    if (at === options.length) at = -1;
    if (at < 0) return input.removeAttribute("aria-activedescendant");
    options[at].setAttribute("aria-selected", "true");
    options[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[at].id);
  };
  const take = (option) => {
    input.value = option.dataset.text;
    close();
    input.form.requestSubmit();
  };
  const show = (found) => {
    list.replaceChildren(
      ...found.map((one, number) => {
        const option = document.createElement("li");
        option.id = `aanvulling-${number}`;
        option.dataset.text = one.text;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        const text = document.createElement("bdi");
        text.textContent = one.text;
        const kind = document.createElement("span");
        kind.textContent = one.kind;
        option.append(text, kind);
        return option;
      }),
    );
    at = -1;
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
    told.textContent = found.length ? input.dataset.told.replace("#", found.length) : "";
  };
  const ask = async () => {
    const typed = input.value.trim();
    const number = ++asked;
    if (typed.length < 2) return close();
    try {
      const answer = await fetch(`${input.dataset.suggestions}?${new URLSearchParams({ q: typed })}`);
      if (!answer.ok || number !== asked || document.activeElement !== input) return;
      show(await answer.json());
    } catch {
      close();
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      expectNothing();
      select(at + (event.key === "ArrowDown" ? 1 : at < 0 ? list.children.length : -1));
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      take(list.children[at]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      expectNothing();
      close();
    }
  });
  input.addEventListener("blur", () => {
    expectNothing();
    close();
  });
  // Before the field loses its focus.
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const option = event.target.closest("li");
    if (option) take(option);
  });
}

const begin = () => {
  const field = document.querySelector("[data-suggestions]");
  if (field) combobox(field);
};
begin();
document.addEventListener("turned", begin);
