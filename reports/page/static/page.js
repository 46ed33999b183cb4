// The little that a page cannot do without a script: tick all rows and count them, show the fields of a ruling, keep
// what is empty out of an address.
document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-all]");
  if (all) {
    document.querySelectorAll(`input[name="${all.dataset.all}"]`).forEach((box) => { box.checked = all.checked; });
  }
  const kind = event.target.closest("[data-kind]");
  if (kind) {
    showFields(kind);
  }
  document.querySelectorAll("[data-count]").forEach(showCount);
});

document.addEventListener("submit", (event) => {
  if (event.target.matches("[role=search]")) {
    const empty = [...event.target.elements].filter((field) => field.name && !field.value);
    empty.forEach((field) => { field.disabled = true; });
    setTimeout(() => empty.forEach((field) => { field.disabled = false; }));  // for whoever comes back
  }
});

function showFields(select) {
  const wanted = select.value;
  const holds = (names) => (names ?? "").split(" ").includes(wanted);
  select.form.querySelectorAll("[data-for]").forEach((field) => {
    const shown = holds(field.dataset.for);
    field.hidden = !shown;
    field.querySelectorAll("input, select").forEach((input) => {
      input.disabled = !shown;
      input.required = holds(field.dataset.needed);
    });
  });
}

function showCount(words) {
  const form = words.closest("form");
  const count = form.querySelectorAll(`input[name="${words.dataset.count}"]:checked`).length;
  const all = form.querySelector("input[name=all]")?.checked;
  words.dataset.none ??= words.textContent;
  words.textContent = all ? "All that match are chosen" : count ? `${count} chosen` : words.dataset.none;
}

document.querySelectorAll("[data-kind]").forEach(showFields);
document.querySelectorAll("[data-count]").forEach(showCount);
