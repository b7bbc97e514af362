// The control room's pages work without this script. With it, the part of a page that lives is kept up to
// date, and buttons are pressed without leaving the page.
"use strict";

(() => {
  const live = document.getElementById("live");
  const state = document.getElementById("state");
  const notice = document.getElementById("notice");
  const lost = "The control room does not answer. The figures are old.";
  const retry = 3000; // milliseconds

  // Attributes that are the person's, once the element is there.
  const theirs = new Set(["open", "value", "checked"]);

  // morph makes an element like another one, and leaves alone what is the same: focus, scrolling and what
  // is open stay.
  function morph(from, to) {
    if (from.nodeName !== to.nodeName || (from.id || "") !== (to.id || "")) {
      from.replaceWith(to);
      return;
    }
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
      return;
    }
    morphAttributes(from, to);
    morphChildren(from, to);
  }

  function morphAttributes(from, to) {
    const keep = from.nodeName === "DETAILS" || from.nodeName === "INPUT";
    for (const { name } of [...from.attributes]) {
      if (!to.hasAttribute(name) && !(keep && theirs.has(name))) from.removeAttribute(name);
    }
    for (const { name, value } of to.attributes) {
      if (from.getAttribute(name) !== value && !(keep && theirs.has(name))) from.setAttribute(name, value);
    }
  }

  function morphChildren(from, to) {
    const wanted = [...to.childNodes];
    wanted.forEach((child, i) => {
      if (i < from.childNodes.length) morph(from.childNodes[i], child);
      else from.append(child);
    });
    while (from.childNodes.length > wanted.length) from.lastChild.remove();
  }

  // become has the children of an element be what a text of HTML says.
  function become(element, html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    const wanted = element.cloneNode(false);
    wanted.append(template.content);
    morphChildren(element, wanted);
  }

  // listen has the page told of news while somebody can see it: a browser has few connections for one
  // address.
  let source = null;

  function listen() {
    source = new EventSource(live.dataset.live);
    source.addEventListener("live", (event) => become(live, event.data));
    source.addEventListener("state", (event) => become(state, event.data));
    source.addEventListener("error", () => {
      if (source === null) return;
      if (state.textContent !== lost) state.textContent = lost;
      if (source.readyState === EventSource.CLOSED) {
        source = null;
        setTimeout(attend, retry);
      }
    });
  }

  function attend() {
    if (document.hidden && source !== null) {
      source.close();
      source = null;
    } else if (!document.hidden && source === null) {
      listen();
    }
  }

  // press sends a form and says what came of it.
  async function press(form, button) {
    const body = new URLSearchParams(new FormData(form, button));
    form.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
      const { message } = await answer.json();
      tell(message, answer.ok);
    } catch {
      tell("The control room does not answer. Nothing is known of what was done.", false);
    } finally {
      form.removeAttribute("aria-busy");
    }
  }

  function tell(text, well) {
    notice.textContent = (well ? "✓ " : "✗ ") + text;
    notice.className = well ? "well" : "ill";
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("stay" in form.dataset)) return;
    event.preventDefault();
    press(form, event.submitter);
  });

  if (live !== null && live.dataset.live) {
    document.addEventListener("visibilitychange", attend);
    addEventListener("pagehide", () => { if (source !== null) { source.close(); source = null; } });
    addEventListener("pageshow", attend);
    attend();
  }
})();
