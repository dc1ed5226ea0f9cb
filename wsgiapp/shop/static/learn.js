// Requests that are answered in place. Without this file each is a link like any other.
"use strict";

for (const item of document.querySelectorAll(".try")) {
  const link = item.querySelector("a.request");
  if (!link || link.dataset.status.startsWith("3")) continue;
  const button = document.createElement("button");
  button.className = "button quiet here";
  button.textContent = "Send it here";
  const answer = document.createElement("div");
  answer.setAttribute("role", "status");
  item.querySelector(".send").append(button);
  item.append(answer);
  button.addEventListener("click", () => send(link, item.dataset.panel, answer));
}

async function send(link, panel, answer) {
  answer.textContent = "Sending …";
  try {
    const response = await fetch(link.href, { headers: { Accept: "text/html, application/json;q=0.9, */*;q=0.8" } });
    const lines = [`${response.status} ${response.statusText}`];
    for (const [name, value] of response.headers) lines.push(`${name}: ${value}`);
    const head = document.createElement("pre");
    head.className = "code";
    head.tabIndex = 0;
    head.textContent = lines.join("\n");
    const trace = response.headers.get("X-Xray");
    answer.replaceChildren(head);
    if (trace) {
      const look = document.createElement("a");
      look.href = `${trace}#${panel}`;
      look.textContent = "X-ray of this request";
      answer.append(look);
    }
  } catch (error) {
    answer.textContent = `No answer came: ${error.message}.`;
  }
}
