// What makes the pages pleasanter and nothing that they need: dropping a file, how far it is, going to the result.
"use strict";

function takesDrops(form) {
  const input = form.querySelector("input[type=file]");
  for (const kind of ["dragenter", "dragover"]) {
    form.addEventListener(kind, (event) => {
      event.preventDefault();
      form.classList.add("over");
    });
  }
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    if (event.dataTransfer.files.length === 1) {
      input.files = event.dataTransfer.files;
      form.requestSubmit();
    }
  });
  form.addEventListener("submit", () => {
    form.querySelector("button").setAttribute("aria-busy", "true");
  });
}

function ready() {
  document.querySelectorAll("[data-drop]").forEach(takesDrops);
  document.querySelector("[data-focus]")?.focus();
}

document.addEventListener("htmx:xhr:progress", (event) => {
  const bar = document.getElementById("progress");
  if (bar && event.detail.lengthComputable && event.detail.total > 0) {
    bar.hidden = false;
    bar.value = (100 * event.detail.loaded) / event.detail.total;
  }
});
// A page that was swapped in begins anew; a list that was filtered leaves the focus in its filter.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "main") {
    ready();
  }
});
ready();
