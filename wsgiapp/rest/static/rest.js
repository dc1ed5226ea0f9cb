// The forms of the page on an API: each sends its request and shows the answer, head and body.
"use strict";

function requestOf(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams(), headers = { Accept: "application/json, application/problem+json" };
  const authorization = document.getElementById("authorization");
  if (authorization && authorization.value) headers.Authorization = authorization.value;
  for (const input of form.querySelectorAll("[data-in]")) {
    if (!input.value) continue;
    if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.dataset.in === "query") query.set(input.name, input.value);
    else headers[input.name] = input.value;
  }
  const options = { method: form.dataset.method, headers, cache: "no-store" };
  const body = form.querySelector(".body");
  if (body) {
    options.body = body.value;
    headers["Content-Type"] = form.querySelector(".type").value;
  }
  return [path + (query.size ? `?${query}` : ""), options];
}

function readable(text) {
  try { return JSON.stringify(JSON.parse(text), null, 1); } catch { return text; }
}

async function send(event) {
  event.preventDefault();
  const form = event.target, output = form.querySelector("output");
  const [url, options] = requestOf(form);
  output.textContent = "…";
  try {
    const answer = await fetch(url, options);
    const head = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    output.textContent = `${options.method} ${url}\n${answer.status} ${answer.statusText}\n${head}\n\n${readable(await answer.text())}`;
  } catch (error) {
    output.textContent = `No answer: ${error.message}`;
  }
  output.focus();
}

function showExample(event) {
  const form = event.target.closest("form");
  const body = form.querySelector(".body");
  body.value = event.target.selectedOptions[0].dataset.example ?? body.defaultValue;
}

document.querySelectorAll("form").forEach((form) => form.addEventListener("submit", send));
document.querySelectorAll("select.type").forEach((select) => select.addEventListener("change", showExample));
