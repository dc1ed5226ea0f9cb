// Teaching mode by keyboard: the links on the page are the truth, the keys only follow them.
"use strict";
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("input, textarea, select")) return;
  const steps = document.querySelectorAll(".walk a");
  if (!steps.length) return;
  const to = {
    ArrowRight: document.querySelector("a[rel=next]"),
    ArrowLeft: document.querySelector("a[rel=prev]"),
    Home: steps[0],
    End: steps[steps.length - 1],
    Escape: document.querySelector("main p a"),
  }[event.key];
  if (to) {
    event.preventDefault();
    to.click();
  }
});
