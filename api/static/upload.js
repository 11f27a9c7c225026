// Adds several files, dropped or chosen, one after the other. Without this a form sends one.

for (const form of document.querySelectorAll("form.upload")) {
  const input = form.elements.file;
  const drop = form.querySelector(".drop");
  const sent = form.querySelector(".sent");
  let queue = Promise.resolve();

  const line = (name) => {
    const item = sent.appendChild(document.createElement("li"));
    const title = item.appendChild(document.createElement("bdi"));
    title.textContent = name;
    const state = item.appendChild(document.createElement("span"));
    return (text, kind) => {
      state.textContent = ` ${text}`;
      item.className = kind ?? "";
    };
  };

  const send = async (file) => {
    const tell = line(file.name);
    if (file.size > form.dataset.most * 1e6) {
      tell(form.dataset.large, "failed");
      return;
    }
    tell(form.dataset.busy);
    const body = new FormData();
    body.set("folder", form.elements.folder.value);
    body.set("file", file);
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
      const told = await answer.json();
      if (told.path) tell(form.dataset.done, "done");
      else tell(told.fault || form.dataset.failed, "failed");
    } catch {
      tell(form.dataset.failed, "failed");
    }
  };

  const sendAll = (files) => {
    for (const file of files) queue = queue.then(() => send(file));
    return queue;
  };

  input.multiple = true;
  form.querySelector(".dropword").hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await sendAll([...input.files]);
    input.value = "";
  });
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    sendAll([...event.dataTransfer.files]);
  });
  // A file that misses its place must not take the reader away from this page.
  for (const name of ["dragover", "drop"]) {
    window.addEventListener(name, (event) => event.preventDefault());
  }
}
