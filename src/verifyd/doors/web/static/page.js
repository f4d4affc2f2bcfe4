// Keeps a page as the daemon says it is. Markup comes from the daemon's templates alone, where text cannot become any.
"use strict";

const events = document.documentElement.dataset.events;
const connection = document.getElementById("connection");
const project = document.querySelector(".project").textContent;
const RETRY_MS = 1000;
const ANSWER_MS = 5000;
const SILENCE_MS = 30000; // three times what the daemon lets pass without a word
let silence;

function listen() {
  const source = new EventSource(events);
  const end = () => {
    clearTimeout(silence);
    source.close();
    lose();
  };
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(end, SILENCE_MS);
  };
  source.onerror = end;
  source.addEventListener("alive", heard);
  source.addEventListener("content", (event) => {
    heard();
    show(new DOMParser().parseFromString(event.data, "text/html").querySelector("main"));
  });
  heard();
}

function show(fresh) {
  const main = document.querySelector("main");
  if (fresh.dataset.release !== main.dataset.release) {
    location.reload(); // another release: its style and script belong to its markup
    return;
  }
  const page = document.documentElement;
  const followed = "follow" in page.dataset && window.innerHeight + window.scrollY >= page.scrollHeight - 50;
  morph(main, fresh);
  if (followed) window.scrollTo(0, page.scrollHeight);
  tell(main.dataset.title, main.dataset.state, "live");
}

function lose() {
  const said = "The daemon does not answer; this is what it said last. Waiting for it to come back.";
  tell(`gone · ${project}`, "gone", said);
  setTimeout(find, RETRY_MS);
}

// Whoever listens at the port now must prove that it knows the secret before it is told the secret or believed.
async function find() {
  try {
    if (await proves()) {
      listen();
      return;
    }
  } catch {
    // nobody listens, or nobody answers
  }
  setTimeout(find, RETRY_MS);
}

async function proves() {
  const challenge = hexadecimal(crypto.getRandomValues(new Uint8Array(16)));
  const answer = await fetch(`/prove/${challenge}`, { signal: AbortSignal.timeout(ANSWER_MS) });
  const encoder = new TextEncoder();
  const secret = encoder.encode(location.pathname.split("/")[1]);
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const expected = await crypto.subtle.sign("HMAC", key, encoder.encode(challenge));
  return answer.ok && (await answer.text()) === hexadecimal(new Uint8Array(expected));
}

function hexadecimal(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function tell(title, state, said) {
  document.title = title;
  document.querySelector("link[rel=icon]").href = new URL(`${state}.svg`, document.querySelector("link[rel=stylesheet]").href);
  document.body.dataset.connection = state === "gone" ? "gone" : "live";
  if (connection.textContent !== said) connection.textContent = said;
}

// Makes *old* the same as *fresh* and touches nothing that is the same already: focus, selection and what was opened stay.
function morph(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (name !== "open" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const nodes = [...fresh.childNodes];
  nodes.forEach((node, place) => {
    const there = old.childNodes[place];
    if (there === undefined) old.append(node);
    else if (there.nodeName !== node.nodeName || there.id !== node.id) there.replaceWith(node);
    else if (node.nodeType === Node.ELEMENT_NODE) morph(there, node);
    else if (there.data !== node.data) there.data = node.data;
  });
  while (old.childNodes.length > nodes.length) old.lastChild.remove();
}

if ("follow" in document.documentElement.dataset) window.scrollTo(0, document.documentElement.scrollHeight);
listen();
