// A little comfort. Every page works without it.
"use strict";

// "/" leads to the search field, as on many sites, unless the key is meant for another field.
document.addEventListener("keydown", (event) => {
  const field = document.querySelector("#q");
  const writing = event.target.closest("input, textarea, select");
  if (field && !writing && event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    field.focus();
    field.select();
  }
});

// The first field that is wrong gets the focus.
document.querySelector("[aria-invalid=true]")?.focus();

// The X-ray, where it is on, says in the page's own Server-Timing header which trace is this page's.
const [page] = performance.getEntriesByType("navigation");
const trace = page?.serverTiming?.find((metric) => metric.name === "xray");
for (const link of document.querySelectorAll("#xray, #lesson")) {
  if (!trace) break;
  link.href = link.dataset.traces + encodeURIComponent(trace.description) + (link.dataset.rest ?? "");
  link.hidden = false;
}
