// The little that a page cannot do without a script: tick all rows, and send the form's secret with htmx's requests.
document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-all]");
  if (all) {
    document.querySelectorAll(`input[name="${all.dataset.all}"]`).forEach((box) => { box.checked = all.checked; });
  }
  const kind = event.target.closest("[data-kind]");
  if (kind) {
    showFields(kind);
  }
});

function showFields(select) {
  const wanted = select.value;
  select.form.querySelectorAll("[data-for]").forEach((field) => {
    const shown = field.dataset.for.split(" ").includes(wanted);
    field.hidden = !shown;
    field.querySelectorAll("input, select").forEach((input) => { input.disabled = !shown; });
  });
}

document.querySelectorAll("[data-kind]").forEach(showFields);
